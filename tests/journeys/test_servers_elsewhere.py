"""Lapak on PostgreSQL and Redis that it did not start: reached by TLS, and PostgreSQL at the second of two hosts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared import redis_url
from shared.config import SERVICES
from shared.local.running import Running
from tests import tls
from tests.benchmarks.load import stock_the_shop
from tests.chaos.clients import at_work, finish
from tests.chaos.settling import each_sale_moved_once
from tests.waiting import until

pytestmark = [pytest.mark.journey, pytest.mark.slow]


def _through(port: int, url: str, trusted: Path) -> str:
    """The same database behind a door, as libpq is told of two hosts."""
    parts = urlsplit(url)
    login = parts.netloc.partition("@")[0]
    return f"postgresql://{login}@127.0.0.1:1,127.0.0.1:{port}{parts.path}?sslmode=verify-full&sslrootcert={trusted}"


def test_sales_flow(
    environment: Callable[..., dict[str, str]],
    start_system: Callable[..., Running],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, shown = environment(*SERVICES), tls.certificate(tmp_path)
    postgres, redis = (urlsplit(given[name]) for name in ("LAPAK_SALES_DATABASE_URL", "LAPAK_REDIS_URL"))
    assert postgres.port is not None
    assert redis.port is not None
    with ExitStack() as stack:
        door = stack.enter_context(tls.door(shown, postgres.port, postgres=True))
        given = {name: _through(door, url, shown.public) for name, url in given.items()}
        door = stack.enter_context(tls.door(shown, redis.port))
        place = f"rediss://:{redis.password}@127.0.0.1:{door}{redis.path}?ssl_ca_certs={shown.public}"
        monkeypatch.setenv("LAPAK_REDIS_URL", place)
        system = start_system(environment=given | {"LAPAK_REDIS_URL": place})
        assert {"postgres", "redis"}.isdisjoint(row["name"] for row in _processes(system))
        clients = at_work(system.url, stock_the_shop(system.url), (0.05, 0.1))
        try:
            with redis_url.client(patience=5) as client:
                before = _taken(client.info("commandstats"))
                until("batches go by the queue", lambda: _taken(client.info("commandstats")) > before + 10)
        finally:
            sold = finish(clients)
        assert [failure for client in clients for failure in client.failures] == []
        each_sale_moved_once(system, sold)


def _processes(system: Running) -> list[dict[str, str]]:
    from shared.local import state

    found: list[dict[str, str]] = state.load(system.home)["processes"]
    return found


def _taken(statistics: dict[str, dict[str, int]]) -> int:
    """How many messages a worker has taken off a queue: each is noted as not done yet."""
    return statistics.get("cmdstat_hset", {}).get("calls", 0)
