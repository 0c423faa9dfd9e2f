"""`lapak restart` under load: no client meets a failure, and nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.local.running import Running, running_system
from tests.benchmarks.load import stock_the_shop
from tests.chaos.clients import at_work, finish
from tests.chaos.settling import each_sale_moved_once

#: Seconds between two sales: some clients are always there, some come seldom and find their connection idle for long.
PAUSES = (0.1, 0.1, 0.5, 0.5, 2.0)


@pytest.fixture(scope="module")
def running(keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A whole system of these tests' own, with one web worker."""
    with running_system(tmp_path_factory.mktemp("restart")) as found:
        yield found


@pytest.mark.timeout(600)
def test_a_restart_of_all_processes_twice_under_load_fails_no_request(running: Running) -> None:
    before = {name: running.pid(name) for name in ("web", "sales-worker", "inventory-courier")}
    workers = set(running.web_pids())
    lot = stock_the_shop(running.url)
    clients = at_work(running.url, lot, PAUSES)
    try:
        first, second = (running.run("restart", patience=300) for _ in range(2))
    finally:
        sold = finish(clients)
    assert (first.returncode, second.returncode) == (0, 0), first.stdout + second.stdout + second.stderr
    for name in ("web", "sales-worker", "sales-courier", "inventory-worker", "training-courier"):
        assert f"{name:18} ready after" in second.stdout
    assert "postgres" not in second.stdout
    renewed = sum(client.renewed for client in clients)
    print(f"{sum(client.answers[200] for client in clients)} answers, {renewed} connections renewed")
    assert [failure for client in clients for failure in client.failures] == []
    assert len(sold) > 100, "hardly any load: this would show nothing"
    assert renewed <= 2 * len(clients), "a worker that goes closes each connection once at most"
    assert running.pid("web") == before["web"]
    assert not workers & set(running.web_pids())
    assert running.pid("sales-worker") != before["sales-worker"]
    each_sale_moved_once(running, sold)


def test_an_unknown_name_is_answered_with_those_that_there_are(running: Running) -> None:
    done = running.run("restart", "sales-wroker")
    assert done.returncode == 2
    assert "no process sales-wroker; there are postgres, redis, web, training-worker" in done.stderr


def test_only_what_is_named_is_restarted_and_that_includes_servers(running: Running) -> None:
    web, redis = running.pid("web"), running.pid("redis")
    done = running.run("restart", "redis")
    assert (done.returncode, done.stdout.count("ready after")) == (0, 1), done.stdout
    assert running.pid("redis") != redis
    assert running.pid("web") == web
