"""Redis, wherever LAPAK_REDIS_URL puts it: one server, one behind TLS, or whichever the Sentinels name at the moment.

redis://:PASSWORD@HOST:6379/0
rediss://:PASSWORD@HOST:6379/0?ssl_ca_certs=/etc/ssl/redis-ca.pem
sentinel://:PASSWORD@HOST1:26379,HOST2:26379,HOST3:26379/0?master=NAME&sentinel_password=PASSWORD
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from shared import config

_SETTING = "LAPAK_REDIS_URL"
_PORTS = {"redis": 6379, "rediss": 6379, "sentinel": 26379}
_PARAMETERS = {
    "redis": (),
    "rediss": ("ssl_ca_certs", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"),
    "sentinel": ("master", "sentinel_password"),
}
_SENTINEL_PATIENCE = 1.0  # seconds for the answer of one Sentinel; then the next one is asked


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """What it says. `hosts` are those of the Sentinels if there is a `master`, else there is one: the server."""

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    username: str | None = None
    password: str | None = None
    database: int = 0
    tls: dict[str, Any] = field(default_factory=dict)
    master: str | None = None
    sentinel_password: str | None = None

    def broker(self) -> dict[str, Any]:
        """Celery's settings for it."""
        login = quote(self.username or "", safe="")
        login += f":{quote(self.password, safe='')}" if self.password is not None else ""
        # Each with the login: kombu goes on with the next one when a Sentinel is gone, and knows what that one says.
        places = [f"{self.scheme}://{login}@{_netloc(host)}:{port}/{self.database}" for host, port in self.hosts]
        options = {"master_name": self.master, "sentinel_kwargs": self._to_sentinel(_SENTINEL_PATIENCE)}
        return {
            "broker_url": ";".join(places),
            "broker_use_ssl": self.tls or False,  # of `rediss://` alone kombu makes TLS that trusts anybody
            "broker_transport_options": options if self.master else {},
        }

    def client(self, patience: float) -> redis.Redis:
        """A client that waits `patience` seconds for each answer, of the server and of each Sentinel."""
        own: dict[str, Any] = {"username": self.username, "password": self.password, "db": self.database}
        own |= {"socket_timeout": patience, "socket_connect_timeout": patience, "retry": Retry(NoBackoff(), 0)}
        if not self.master:
            host, port = self.hosts[0]
            return redis.Redis(host=host, port=port, ssl=bool(self.tls), **self.tls, **own)
        sentinels: Any = Sentinel(self.hosts, sentinel_kwargs=self._to_sentinel(patience), **own)  # type: ignore[no-untyped-call]
        leader: redis.Redis = sentinels.master_for(self.master)
        return leader

    def _to_sentinel(self, patience: float) -> dict[str, Any]:
        timeouts = {"socket_timeout": patience, "socket_connect_timeout": patience}
        # Two dead ones would hold us up for 8 s: redis-py asks each again, with pauses, before it asks the next.
        return timeouts | {"password": self.sentinel_password, "retry": Retry(NoBackoff(), 0)}


def configured() -> RedisUrl:
    """The Redis of LAPAK_REDIS_URL. Raises MissingSetting, WrongSetting."""
    return parse(config.get(_SETTING))


def client(patience: float) -> redis.Redis:
    """A client of the configured Redis that waits `patience` seconds for each answer. Raises as `configured`."""
    return configured().client(patience)


def parse(url: str) -> RedisUrl:
    """What a URL says. Raises WrongSetting, with a text that shows nothing of a password."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS:
            raise ValueError("it must begin with redis://, rediss:// or sentinel://")
        login, _, hosts = parts.netloc.rpartition("@")
        username, colon, password = login.partition(":")
        return RedisUrl(
            scheme=parts.scheme,
            hosts=_hosts(hosts, parts.scheme),
            username=unquote(username) or None,
            password=unquote(password) if colon else None,
            database=_database(parts.path),
            **_parameters(parts.scheme, parts.query),
        )
    except ValueError as error:
        raise config.WrongSetting(f"{_SETTING} is no URL of a Redis: {error}") from None


def _hosts(text: str, scheme: str) -> tuple[tuple[str, int], ...]:
    found = []
    for place in text.split(","):
        try:
            one = urlsplit(f"//{place}")
            host, port = one.hostname, one.port or _PORTS[scheme]
        except ValueError:
            host = None
        if not host:
            raise ValueError("its host and port cannot be read (is a / or # or ? in the password written as it is?)")
        found.append((host, port))
    if len(found) > 1 and scheme != "sentinel":
        raise ValueError("several hosts are possible with sentinel:// only")
    return tuple(found)


def _database(path: str) -> int:
    if not (number := path.removeprefix("/") or "0").isdigit():
        raise ValueError("what follows the host must be the number of a database, as in /0")
    return int(number)


def _parameters(scheme: str, query: str) -> dict[str, Any]:
    given = dict(parse_qsl(query, keep_blank_values=True))
    if unknown := sorted(set(given) - set(_PARAMETERS[scheme])):
        raise ValueError(f"{scheme}:// takes {', '.join(_PARAMETERS[scheme]) or 'no parameters'}, not {unknown[0]}")
    if scheme == "sentinel":
        if not given.get("master"):
            raise ValueError("the name under which the Sentinels know the servers is missing, as in ?master=NAME")
        return given
    return {"tls": _tls(given)} if scheme == "rediss" else {}


def _tls(given: dict[str, str]) -> dict[str, Any]:
    verify = given.get("ssl_cert_reqs", "required")
    if verify not in {"required", "optional", "none"}:
        raise ValueError("ssl_cert_reqs must be required, optional or none")
    by_name = given.get("ssl_check_hostname", "true").lower()
    if by_name not in {"true", "false"}:
        raise ValueError("ssl_check_hostname must be true or false")
    return given | {"ssl_cert_reqs": verify, "ssl_check_hostname": by_name == "true"}


def _netloc(host: str) -> str:
    return f"[{host}]" if ":" in host else host
