"""What every test may ask for: real PostgreSQL and Redis, databases with the schema of a service, keys.

`database_for("sales")` is a fresh database of sales (application role); `urls_for("sales")` names the same database
by both roles; `redis_url` is an empty Redis database. Servers start when the first test asks for one.
`system` is a whole running Lapak, one per worker of the test run; `start_system(web_workers=4)` one of the test's own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import shared.messaging.tables  # noqa: F401  (fills PLUMBING; the worker that reuses a template would not)
from shared.config import SERVICES
from shared.db import Database
from shared.local import cluster
from shared.local.keys import fresh_keys
from shared.local.running import Running, running_system
from tests import scheduling, waiting

#: An example takes as long as the machine takes: what is slow is seen in tests/benchmarks.
settings.register_profile("lapak", deadline=None)
settings.load_profile("lapak")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> scheduling.ByFile | None:
    """By file, and what stays together on one worker."""
    return scheduling.ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_runtest_setup() -> None:
    """What a test calls today is still today when it asserts."""
    waiting.past_midnight()


@pytest.fixture(scope="session", autouse=True)
def keys() -> Iterator[None]:
    """Keys for tokens and for the names of residents; no test reads the ones of a running system, nor asks it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("LAPAK_")]:
            patch.delenv(name)
        for name, value in fresh_keys().items():
            patch.setenv(name, value)
        for service in SERVICES:  # by default they are where `./lapak up` puts them, as whoever runs the tests may have
            patch.setenv(f"LAPAK_{service.upper()}_URL", f"http://127.0.0.1:1/{service}")
        yield


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> cluster.Servers:
    """PostgreSQL and Redis, one of each for all workers of the test run; they end with the run, however it ends."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # its parent is the run; its folder lies in the run's
        return cluster.shared_servers(base.parent, os.getppid())
    return cluster.shared_servers(base, os.getpid())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The run is over: end the servers and wait until they are gone."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if factory is not None and "PYTEST_XDIST_WORKER" not in os.environ:
        cluster.stop_shared_servers(factory.getbasetemp())


@pytest.fixture
def urls_for(servers: cluster.Servers) -> Iterator[Callable[..., cluster.DatabaseUrls]]:
    """`urls_for(service, copy=1)` → `.owner` and `.app`: a fresh database per test, service and copy."""
    made: dict[tuple[str, int], cluster.DatabaseUrls] = {}
    with ExitStack() as stack:

        def urls_for(service: str, copy: int = 1) -> cluster.DatabaseUrls:
            if (service, copy) not in made:
                made[service, copy] = stack.enter_context(cluster.service_database(servers, service))
            return made[service, copy]

        yield urls_for


@pytest.fixture
def database_for(urls_for: Callable[..., cluster.DatabaseUrls]) -> Iterator[Callable[..., Database]]:
    """`database_for(service, copy=1)` → shared.db.Database as the application role; see `urls_for`."""
    made: dict[tuple[str, int], Database] = {}

    def database_for(service: str, copy: int = 1) -> Database:
        if (service, copy) not in made:
            made[service, copy] = Database(urls_for(service, copy).app, application_name=f"test {service}")
        return made[service, copy]

    yield database_for
    for database in made.values():
        database.dispose()


@pytest.fixture
def redis_url(servers: cluster.Servers, worker_id: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty Redis database of this test; LAPAK_REDIS_URL names it too."""
    url = cluster.redis_database(servers, int(worker_id.removeprefix("gw")) if worker_id != "master" else 0)
    monkeypatch.setenv("LAPAK_REDIS_URL", url)
    return url


@pytest.fixture
def environment(
    urls_for: Callable[..., cluster.DatabaseUrls], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, str]]:
    """`environment("sales", …)` sets the LAPAK_* variables of these services (also for child processes)."""

    def environment(*services: str) -> dict[str, str]:
        found = {"LAPAK_REDIS_URL": redis_url}
        for service in services:
            urls = urls_for(service)
            found[f"LAPAK_{service.upper()}_DATABASE_URL"] = urls.app
            found[f"LAPAK_{service.upper()}_OWNER_DATABASE_URL"] = urls.owner
        for name, value in found.items():
            monkeypatch.setenv(name, value)
        return found

    return environment


@pytest.fixture
def blank_database(servers: cluster.Servers) -> Iterator[Callable[..., cluster.DatabaseUrls]]:
    """`blank_database("name", [metadata, …])`: a fresh database that holds only these tables."""
    with ExitStack() as stack:
        yield lambda name, metadatas: stack.enter_context(cluster.blank_database(servers, name, metadatas))


@pytest.fixture(scope="session")
def system(keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A whole running Lapak for journeys that may share one: bring your own codes and ids. Two web processes."""
    with running_system(tmp_path_factory.mktemp("system"), web_workers=2) as running:
        yield running


@pytest.fixture
def start_system(keys: None, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """`start_system(web_workers=1, environment={…})`: a whole running Lapak of this test's own, empty."""
    with ExitStack() as stack:

        def start_system(web_workers: int = 1, environment: dict[str, str] | None = None) -> Running:
            folder = tmp_path / f"system-{len(list(tmp_path.glob('system-*')))}"
            return stack.enter_context(running_system(folder, web_workers=web_workers, environment=environment))

        yield start_system
