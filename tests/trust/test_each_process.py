"""Each process taken over: with what it is handed alone, what can it read, sign, or make others believe (P38)?

What it is handed is read from docker-compose.yml, deploy/swarm.yml and the local runner themselves; the answers
stand in docs/trust.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
import redis
import yaml  # type: ignore[import-untyped]

from shared import auth, config, needs
from shared.errors import Unauthorized
from shared.local import cluster
from shared.local.environment import local_environment
from shared.local.home import ROOT, Home
from shared.local.keys import setting_of
from shared.local.system import services as local_services
from shared.messaging import signing
from shared.messaging.batch import Batch
from tests.trust.page import SERVICES, believed, secrets_of, table

PROCESSES = [f"{service}-{kind}" for kind in ("web", "worker", "courier") for service in SERVICES]
CONTAINERS = [*PROCESSES, "migrate", "lapak"]
SCOPES = {"workshop": "WS-1", "outlet": "OUT-1", "register": "OUT-1-1"}


def _yaml(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return found


def _given(environment: dict[str, str]) -> dict[str, str]:
    """The secret settings of an environment: where each lies, or what it says."""
    secret = needs.all_secrets()
    found = {name.removesuffix("_FILE"): value for name, value in environment.items()}
    return {name: value for name, value in found.items() if name in secret}


def _mounted(container: dict[str, Any]) -> dict[str, str]:
    """Where a container of docker-compose.yml sees which folder of secrets."""
    mounts = [one for one in container.get("volumes", []) if isinstance(one, dict) and one["source"] == "secrets"]
    assert all(one["read_only"] for one in mounts)
    return {one["target"]: one["volume"]["subpath"] for one in mounts}


def _compose(process: str, folder: Path) -> dict[str, str]:
    """What a container of compose is given, by setting; it can read no file but these."""
    container = _yaml("docker-compose.yml")["services"][process]
    mounts, given = _mounted(container), _given(container["environment"])
    paths = {name: folder / mounts[str(Path(path).parent)] / Path(path).name for name, path in given.items()}
    seen = {path for subpath in mounts.values() for path in (folder / subpath).iterdir()}
    assert seen == set(paths.values()), f"{process} sees what it is not told of"
    return {name: path.read_text(encoding="utf-8").strip() for name, path in paths.items()}


def _swarm(process: str, folder: Path) -> dict[str, str]:
    """What a container of the swarm is given."""
    page = _yaml("deploy/swarm.yml")
    container = page["services"][process]
    assert all((one["uid"], one["mode"]) == ("10001", 0o400) for one in container["secrets"])
    files = {one["target"]: page["secrets"][one["source"]]["file"] for one in container["secrets"]}
    given = {name: Path(path).name for name, path in _given(container["environment"]).items()}
    assert set(given.values()) == set(files), f"{process} sees what it is not told of"
    prefix = "${LAPAK_SECRETS:-./secrets}/"
    return {
        name: (folder / files[target].removeprefix(prefix)).read_text(encoding="utf-8").strip()
        for name, target in given.items()
    }


@pytest.mark.parametrize("process", CONTAINERS)
def test_compose_and_swarm_hand_out_what_the_page_says(process: str, folder: Path) -> None:
    found = _compose(process, folder)
    assert set(found) == secrets_of(process)
    if process != "lapak":  # the swarm has no command line of its own
        assert _swarm(process, folder) == found
        assert needs.secrets_of(process) == set(found)


def test_the_local_runner_hands_out_what_the_page_says(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    everything = local_environment(home, {"postgres": 1, "redis": 2, "web": 3})
    specs = local_services(home, everything, 3, create=True, redis_port=2)
    assert [spec.name for spec in specs] == ["migrate", "web", *_by_service()]
    for spec in specs:
        given = _given(dict(spec.environment))
        assert set(given) == secrets_of(spec.name), spec.name
        login = urlsplit(given.get("LAPAK_REDIS_URL", "")).username
        assert login == (None if spec.name == "migrate" else spec.name)
    assert (home.secrets.stat().st_mode | home.root.stat().st_mode) & 0o077 == 0


def _by_service() -> list[str]:
    return [f"{service}-{kind}" for service in SERVICES for kind in ("worker", "courier")]


def test_the_servers_and_monitors_hold_nothing_of_the_processes() -> None:
    mounted = {name: set(_mounted(one).values()) for name, one in _yaml("docker-compose.yml")["services"].items()}
    assert (mounted["gateway"], mounted["redis"], mounted["postgres"]) == (set(), {"redis"}, {"postgres"})
    watching = _yaml("docker-compose.monitoring.yml")["services"]
    assert {name: set(_mounted(one).values()) for name, one in watching.items() if _mounted(one)} == {
        "flower": {"flower"}
    }


# -- what it can sign ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("process", PROCESSES)
def test_what_a_process_signs_is_believed_as_the_page_says(
    process: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every role, as every service, with every key that it holds, shown to every service."""
    held = _compose(process, folder)
    signers = [holder for holder in ("office", *_holders()) if setting_of(holder) in held]
    assert signers == ([] if process.endswith("-worker") else [process])
    monkeypatch.setenv("LAPAK_TOKEN_PUBLIC_KEYS", held["LAPAK_TOKEN_PUBLIC_KEYS"])
    for holder in signers:
        # A thief says what he likes; the key is all that counts.
        monkeypatch.setenv("LAPAK_TOKEN_PRIVATE_KEY", held[setting_of(holder)])
        for role, claim, at in _tokens():
            wanted = believed(role, process, at) if claim in {None, process.partition("-")[0]} else "no"
            assert _shown(role, claim, at) == wanted, (process, role, claim, at)


def _holders() -> list[str]:
    return [process for process in PROCESSES if not process.endswith("-worker")]


def _tokens() -> Iterator[tuple[str, str | None, str]]:
    """Role, the service that it says it is, and to whom it is shown."""
    for at in SERVICES:
        for role in auth.ROLES:
            for claim in SERVICES if role == "service" else (None,):
                yield role, claim, at


def _shown(role: str, claim: str | None, at: str) -> str:
    scope = {name: SCOPES.get(name, claim or "") for name in auth.ROLES[role]}
    text = auth.issue(role=role, lifetime=timedelta(minutes=5), **scope)
    try:
        token = auth.verify(text, at=at)
    except Unauthorized:
        return "no"
    return "console" if token.console_only else "all"


def test_public_keys_tell_nothing_that_signs(folder: Path) -> None:
    public = json.loads((folder / "public" / "token_public_keys").read_text(encoding="utf-8"))
    assert not any("d" in key for key in public["keys"])


# -- what it can read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("process", PROCESSES)
def test_it_holds_a_login_of_its_own_database_only(process: str, folder: Path) -> None:
    service = process.partition("-")[0]
    urls = {name: url for name, url in _compose(process, folder).items() if "DATABASE" in name or "POSTGRES" in name}
    found = {name: (urlsplit(url).username, urlsplit(url).path) for name, url in urls.items()}
    assert found == {f"LAPAK_{service.upper()}_DATABASE_URL": (f"lapak_{service}_app", f"/lapak_{service}")}


def test_no_database_lets_another_services_role_in(urls_for: Callable[[str], cluster.DatabaseUrls]) -> None:
    for service in SERVICES:
        for other in SERVICES:
            name = urlsplit(urls_for(other).app).path
            for mine in (urls_for(service).app, urls_for(service).owner):
                url = urlsplit(mine)._replace(path=name).geturl()
                if service == other:
                    psycopg.connect(url).close()
                else:
                    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                        psycopg.connect(url)


def test_only_trainings_web_can_read_names(folder: Path) -> None:
    readers = [process for process in PROCESSES if "LAPAK_IDENTITY_KEYS" in _compose(process, folder)]
    assert readers == ["training-web"]


# -- what it can do to the queues ------------------------------------------------------------------------------


@pytest.mark.parametrize("process", [*PROCESSES, "flower"])
def test_at_redis_it_may_what_the_page_says(process: str, folder: Path, server: redis.Redis) -> None:
    """Logged in with its own URL, it tries each queue for real."""
    text = (folder / process / "redis_url").read_text(encoding="utf-8").strip()
    url, port = urlsplit(text), server.connection_pool.connection_kwargs["port"]
    service, _, kind = process.rpartition("-")
    rows = {row["user"]: row["may"] for row in table("Redis by user")}
    assert url.username in rows or f"S-{kind}" in rows
    client = redis.Redis(port=port, username=url.username, password=url.password)
    for queue in SERVICES:
        server.delete(queue)
        assert _may(client.lpush, queue, "x") == (
            queue == service if kind == "worker" else kind == "courier" and queue in _told_by(service)
        )
        server.lpush(queue, "y")
        assert _may(client.brpop, queue, 1) == (kind == "worker" and queue == service)
        counts = kind in {"web", "flower"} or (queue == service if kind == "worker" else queue in _told_by(service))
        assert _may(client.llen, queue) == counts
    for nonsense in (client.flushall, client.config_get, client.keys, client.acl_list, client.client_list):
        assert not _may(nonsense), nonsense
    assert not _may(client.eval, "return 1", 0)


def _may(what: Callable[..., Any], *arguments: Any) -> bool:
    try:
        what(*arguments)
    except redis.exceptions.NoPermissionError:
        return False
    return True


def _told_by(service: str) -> set[str]:
    from shared.events.subscribers import consumers_of

    return set(consumers_of(service))


def test_without_a_setting_a_process_has_no_default_that_opens_anything() -> None:
    secret = [setting for setting in config.SETTINGS if setting.secret]
    assert [setting.name for setting in secret if setting.default is not None] == []


# -- what it can make another believe ----------------------------------------------------------------------------


@pytest.mark.parametrize("process", PROCESSES)
def test_a_batch_is_believed_as_the_page_says(process: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every key that it holds it signs a batch of every service, and one that is not signed at all."""
    held = _compose(process, folder)
    rows = {row["source"]: row for row in table("Batches by key")}
    monkeypatch.setenv("LAPAK_TOKEN_PUBLIC_KEYS", held["LAPAK_TOKEN_PUBLIC_KEYS"])
    for source in SERVICES:
        batch = Batch(source, uuid4(), 1, 2, (), (), None, {}).to_wire()
        assert not _checked(batch)
        for holder in [one for one in _holders() if setting_of(one) in held]:
            for name in (setting_of(f"{one}-courier") for one in SERVICES):
                monkeypatch.setenv(name, held[setting_of(holder)])
            column = "S-web" if process.endswith("-web") else process
            assert _checked(signing.sign(source, batch)) == (rows[source][column] == "yes"), (process, source)


def _checked(wire: dict[str, Any]) -> bool:
    try:
        signing.check(wire)
    except signing.Refused:
        return False
    return True
