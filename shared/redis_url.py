"""Redis by the URL in LAPAK_REDIS_URL: one server, or those that Sentinel watches.

redis://:PASSWORD@HOST:6379/0                     rediss://… with TLS, unix://… at a socket
sentinel://:PASSWORD@HOST:26379,HOST:26379/0?master=NAME&sentinel_password=PASSWORD
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

import redis
from redis.sentinel import Sentinel

from shared import config

SENTINEL_PORT = 26379


class Watched(NamedTuple):
    """Servers that Sentinel watches: where it is asked, by which name, and what they want to hear."""

    sentinels: list[tuple[str, int]]
    master: str
    database: int
    password: str | None
    sentinel_password: str | None


def watched(url: str) -> Watched | None:
    """What a sentinel:// URL says; None for any other. Raises MissingSetting when it is none that we understand."""
    parts = urlsplit(url)
    if parts.scheme != "sentinel":
        return None
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    user, _, hosts = parts.netloc.rpartition("@")
    try:
        places = [_place(host) for host in hosts.split(",")]
        database = int(parts.path.strip("/") or 0)
        master = asked.pop("master")
        sentinel_password = asked.pop("sentinel_password", None)
        if asked:
            raise ValueError(f"unknown: {', '.join(asked)}")
    except (ValueError, KeyError) as error:
        form = "sentinel://:PASSWORD@HOST:26379,HOST:26379/0?master=NAME"
        raise config.MissingSetting(f"LAPAK_REDIS_URL is to be like {form} ({error})") from None
    return Watched(places, master, database, unquote(user.partition(":")[2]) or None, sentinel_password)


def _place(host: str) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise ValueError("a host is missing")
    return parts.hostname, parts.port or SENTINEL_PORT


def client(**options: Any) -> redis.Redis:
    """A client; `options` as for redis.Redis.

    Nothing is connected yet; with Sentinel each new connection asks for the server that leads then.
    """
    url = config.get("LAPAK_REDIS_URL")
    if (found := watched(url)) is None:
        return redis.Redis.from_url(url, **options)
    asking: Any = Sentinel(  # type: ignore[no-untyped-call]
        found.sentinels, sentinel_kwargs=options | {"password": found.sentinel_password}
    )
    made: redis.Redis = asking.master_for(found.master, password=found.password, db=found.database, **options)
    return made


def broker() -> tuple[str, dict[str, Any]]:
    """(kombu's broker URL, the transport options that belong to it)."""
    url = config.get("LAPAK_REDIS_URL")
    if (found := watched(url)) is None:
        return url, {}
    user = f":{quote(found.password, safe='')}@" if found.password else ""
    urls = [f"sentinel://{user}{host}:{port}/{found.database}" for host, port in found.sentinels]
    asking = {"password": found.sentinel_password, "socket_timeout": 3, "socket_connect_timeout": 3}
    return ";".join(urls), {"master_name": found.master, "sentinel_kwargs": asking}
