"""A part that stands still is seen: in `lapak events status`, in the gauges, and by the alerts (P14)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from shared.config import SERVICES
from shared.local.running import Running, frozen, running_system
from tests.benchmarks.load import Till, stock_the_shop
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.journey

ALERTS = Path(__file__).resolve().parents[2] / "docs" / "alerts.yml"
PAIR = ("inventory", "sales")

Gauges = dict[str, dict[tuple[str, str], float]]


@pytest.fixture(scope="module")
def system(keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A whole system of these tests' own: the time of its rows is set back by hand, which `lapak verify` names."""
    with running_system(tmp_path_factory.mktemp("stall")) as found:
        yield found


@pytest.fixture(scope="module")
def till(system: Running) -> Till:
    """A register that sells."""
    return Till(system.url, 0, stock_the_shop(system.url))


def _sell(till: Till, sales: int = 10) -> None:
    till.connection.close()  # the server has ended what was idle meanwhile
    for _ in range(sales):
        till.post(till.body(1))


def _status(system: Running) -> dict[str, Any]:
    """What `lapak events status --json` says, by service."""
    done = system.run("events", "status", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return {one["service"]: one for one in json.loads(done.stdout)}


def _inward(status: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """By consumer and source."""
    return {(name, one["source"]): one for name, answer in status.items() for one in answer["sources"]}


def _gauges(system: Running) -> Gauges:
    """`{name: {(service, source): value}}` of all services, as Prometheus reads them."""
    found: Gauges = {}
    for service in SERVICES:
        answer = httpx.get(f"{system.url}/{service}/metrics", timeout=PATIENCE, trust_env=False)
        for family in text_string_to_metric_families(answer.raise_for_status().text):
            for sample in family.samples:
                if "source" in sample.labels:
                    place = (sample.labels["service"], sample.labels["source"])
                    found.setdefault(sample.name, {})[place] = sample.value
    return found


def _gauge(system: Running, name: str, place: tuple[str, str] = PAIR) -> float:
    return _gauges(system)[f"lapak_{name}"][place]


def _firing(system: Running) -> set[tuple[str, str, str]]:
    """(alert, service, source) of the rules that only compare gauges with numbers; `for` is not waited for."""
    (group,) = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    gauges, found = _gauges(system), set()
    for rule in group["rules"]:
        clauses = [re.fullmatch(r"(lapak_\w+) (>|==) (\d+)", clause) for clause in rule["expr"].split(" and ")]
        if all(clauses):
            places = [_where(gauges, *clause.groups()) for clause in clauses if clause]
            found |= {(rule["alert"], *place) for place in set.intersection(*places)}
    return found


def _where(gauges: Gauges, name: str, operator: str, number: str) -> set[tuple[str, str]]:
    limit, values = float(number), gauges.get(name, {})  # there is no series of dead letters while there is none
    return {at for at, value in values.items() if (value > limit if operator == ">" else value == limit)}


def _age(system: Running, service: str, table: str, column: str) -> None:
    """Let two minutes pass for a table."""
    with psycopg.connect(system.database_url(service, owner=True)) as connection:
        connection.execute(f"UPDATE {table} SET {column} = {column} - interval '2 minutes'".encode())


def _waits(system: Running, who: str) -> bool:
    """Whether a process waits for a lock in inventory's database."""
    query = """
        SELECT count(*) FROM pg_stat_activity
         WHERE application_name LIKE %s AND wait_event_type = 'Lock' AND datname = current_database()
    """
    with psycopg.connect(system.database_url("inventory")) as connection:
        return connection.execute(query, [f"{who} %"]).fetchone() != (0,)


def _behind(system: Running) -> list[tuple[str, str]]:
    return [pair for pair, one in _inward(_status(system)).items() if one["lag_events"]]


def _calm(system: Running) -> bool:
    gauges = _gauges(system)
    quiet = ("lag_events", "lag_seconds", "holes", "outbox_depth", "parked_events")
    busy = [name for name in quiet if any(gauges.get(f"lapak_{name}", {}).values())]
    looking = max(gauges["lapak_source_unseen_seconds"].values()) < 5
    return not busy and looking and all(gauges["lapak_relay_leads"].values())


def test_a_consumer_that_stands_still_shows_with_its_source(system: Running, till: Till) -> None:
    until("calm", lambda: _calm(system))
    with frozen(system.pid("inventory-worker"), system.pid("inventory-courier")):
        _sell(till)
        until("sales' relay goes on", lambda: not _gauge(system, "outbox_depth", ("sales", "own")))
        until("the others know that nothing is for them", lambda: _behind(system) == [PAIR])
        first = _status(system)
        _sell(till)
        until("sales' relay goes on", lambda: not _gauge(system, "outbox_depth", ("sales", "own")))
        second = _status(system)
        early, late = _inward(first)[PAIR], _inward(second)[PAIR]
        assert early["lag_events"] == 10
        assert late["lag_events"] == 20
        assert late["lag_seconds"] > early["lag_seconds"] > 0
        assert late["unseen_seconds"] > early["unseen_seconds"] > 0
        assert late["head"] == second["sales"]["log_head"]
        assert second["sales"]["relay_leads"]
        gauges = _gauges(system)  # alone inventory does not know; together they tell (the alert LapakConsumerStuck)
        assert gauges["lapak_log_head"]["sales", "own"] - gauges["lapak_source_position"][PAIR] == 20
        assert gauges["lapak_source_unseen_seconds"][PAIR] > late["unseen_seconds"]
        until("its session ends", lambda: not _gauge(system, "relay_leads", ("inventory", "own")))
        _age(system, "inventory", "source_state", "seen_at")
        unseen = {("LapakSourceUnseen", "inventory", source) for source in ("sales", "training")}
        assert _firing(system) == unseen | {("LapakRelayWithoutLeader", "inventory", "own")}
    until("caught up", lambda: _calm(system))
    assert _inward(_status(system))[PAIR]["lag_events"] == 0
    assert _firing(system) == set()


def test_a_consumer_that_waits_for_its_database_shows_as_behind(system: Running, till: Till) -> None:
    until("calm", lambda: _calm(system))
    with psycopg.connect(system.database_url("inventory", owner=True)) as connection:
        connection.execute("LOCK TABLE stock_move")
        _sell(till)
        until("the courier waits too", lambda: _waits(system, "lapak inventory reconciler"))
        assert _gauge(system, "lag_events") == 10
        _age(system, "inventory", "source_state", "behind_since")
        assert _gauge(system, "lag_seconds") > 120
        assert _firing(system) == {("LapakConsumerBehind", *PAIR)}
    until("caught up", lambda: _calm(system))


def test_a_producer_whose_courier_stands_still_shows_what_waits_and_that_nobody_leads(
    system: Running, till: Till
) -> None:
    until("calm", lambda: _calm(system))
    with frozen(system.pid("sales-courier")):
        _sell(till)
        first = _status(system)["sales"]
        _sell(till)
        second = _status(system)["sales"]
        assert (first["outbox_depth"], second["outbox_depth"]) == (10, 20)
        assert second["outbox_seconds"] > first["outbox_seconds"] > 0
        until("its session ends", lambda: not _gauge(system, "relay_leads", ("sales", "own")))
        assert not _status(system)["sales"]["relay_leads"]
        _age(system, "sales", "outbox", "time")
        assert _firing(system) == {(alert, "sales", "own") for alert in ("LapakRelayWithoutLeader", "LapakOutboxOld")}
    until("caught up", lambda: _calm(system))
    assert _firing(system) == set()


def test_a_worker_that_stands_still_is_made_up_for_by_the_feed(system: Running, till: Till) -> None:
    until("calm", lambda: _calm(system))
    before = _inward(_status(system))[PAIR]
    with frozen(system.pid("inventory-worker")):
        _sell(till)
        until("the feed brings it", lambda: _gauge(system, "repairs_total") > before["repairs"])
        until("nothing lacks", lambda: _gauge(system, "lag_events") == 0)
        during = _inward(_status(system))[PAIR]
        assert during["position"] >= before["position"] + 10
        assert during["duplicates"] == before["duplicates"]
    until("the queue brings it too", lambda: _gauge(system, "duplicates_total") > before["duplicates"])
    until("calm", lambda: _calm(system))
