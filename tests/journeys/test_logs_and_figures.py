"""A running system tells what it does: lines that lead from a request to its effect, figures that tell the whole."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from shared.local.running import Running, running_system
from tests.benchmarks.load import Till, stock_the_shop
from tests.journeys.telling import PROCESSES, TRACE, TRACEPARENT, about, lines, logged, moved, sell
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.journey

SALES = "/sales/v1/registers/<code>/sales"
HEADERS = {"traceparent": TRACEPARENT, "X-Request-Id": "till-7:receipt.42"}
WEB_WORKERS = 3


class Shop:
    """A system that writes JSON at level debug, and registers with something to sell."""

    def __init__(self, system: Running) -> None:
        self.system = system
        self.lot = stock_the_shop(system.url)
        self.till = self.new_till(0)
        self.sold = sell(self.till, HEADERS)[0]
        moved(system, self.sold)

    def new_till(self, client: int) -> Till:
        """A register over a connection of its own, so of some web worker."""
        return Till(self.system.url, client, self.lot)


def _get(shop: Shop, path: str, headers: Mapping[Any, Any] | None = None) -> httpx.Response:
    """Ask over a new connection: whichever worker takes it."""
    return httpx.get(f"{shop.system.url}{path}", headers=headers, trust_env=False, timeout=PATIENCE)


@pytest.fixture(scope="module")
def shop(keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    environment = {"LAPAK_LOG_FORMAT": "json", "LAPAK_LOG_LEVEL": "debug"}
    folder = tmp_path_factory.mktemp("telling")
    with running_system(folder, web_workers=WEB_WORKERS, environment=environment) as system:
        yield Shop(system)


# -- logs ----------------------------------------------------------------------------------------------------


def test_one_sale_is_followed_from_its_request_to_its_stock_move(shop: Shop) -> None:
    (answered,) = about(shop.system, "web", request_id="till-7:receipt.42")
    assert (answered["event"], answered["service"], answered["process"]) == ("request answered", "sales", "web")
    told = {name: answered[name] for name in ("method", "route", "status", "role", "level", "trace_id")}
    assert told == {
        "method": "POST",
        "route": SALES,
        "status": 200,
        "role": "register",
        "level": "info",
        "trace_id": TRACE,
    }
    assert 0 < answered["ms"] < 20_000
    event_id, sequence, traceparent = logged(shop.system, shop.sold)
    assert traceparent == TRACEPARENT
    of_event = {"event_id": event_id, "sequence": sequence, "trace_id": TRACE, "source": "sales"}
    of_event |= {"event_type": "lapak.sales.SaleRecorded.v1"}
    assert about(shop.system, "sales-courier", event="event sent", consumer="inventory", **of_event)
    moves = [line for line in lines(shop.system, "sales-courier") if line["event"] == "moved into the log"]
    assert [move for move in moves if move["last"] - move["events"] < sequence <= move["last"]]
    assert about(shop.system, "inventory-worker", event="event is handled", **of_event)
    (applied,) = [
        line
        for line in about(shop.system, "inventory-worker", event="batch applied", source="sales", level="info")
        if line["lo"] <= sequence < line["hi"]
    ]
    assert (applied["handled"], applied["parked"], applied["dead"]) == (1, 0, 0)
    assert applied["ms"] > 0


def test_every_line_of_every_process_is_json_and_says_whose_it_is(shop: Shop) -> None:
    for process in PROCESSES:
        found = lines(shop.system, process)
        assert found, process
        for line in found:
            assert {"event", "level", "timestamp", "service", "process", "logger"} <= line.keys(), line
            service, _, kind = process.rpartition("-")
            assert line["process"] == kind, line
            assert line["service"] == service if service else line["service"] in {"system", *_SERVICES}, line
            assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["timestamp"]), line
    served = [line for line in lines(shop.system, "web") if "request_id" in line]
    assert {line["service"] for line in served} == set(_SERVICES)
    assert all(re.fullmatch("[0-9a-f]{32}", line["trace_id"]) for line in served)


_SERVICES = ("training", "inventory", "sales")


def test_a_group_of_events_is_told_as_one_with_a_line_for_each_at_debug(shop: Shop) -> None:
    sold = sell(shop.till, count=30)
    moved(shop.system, *sold)
    ids = {logged(shop.system, sale)[0] for sale in sold}
    handled = [line for line in lines(shop.system, "inventory-worker") if line.get("event_id") in ids]
    assert {line["event_id"] for line in handled} == ids
    assert {line["level"] for line in handled if line["event"] == "event is handled"} == {"debug"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a", True),
        ("a" * 64, True),
        ("A-9_.:z", True),
        ("a" * 65, False),
        ("with space", False),
        ('"},{"level":"x', False),
        ("é", False),
    ],
)
def test_a_request_id_is_taken_over_when_it_is_harmless_and_made_when_not(shop: Shop, given: str, kept: bool) -> None:
    answer = _get(shop, "/sales/v1/outlets", headers={b"X-Request-Id": given.encode("latin-1")})
    own_id = answer.headers["X-Request-Id"]
    assert (own_id == given) is kept
    assert kept or re.fullmatch("[0-9a-f]{16}", own_id)
    assert answer.status_code == 401
    assert answer.json()["request_id"] == own_id


def test_what_machines_ask_again_and_again_is_told_at_debug_only(shop: Shop) -> None:
    quiet = ("/sales/healthz", "/sales/readyz", "/sales/metrics", "/sales/static/<path:path>", "/inventory/events")
    _get(shop, "/sales/static/shared/base.css").raise_for_status()
    _get(shop, "/sales/healthz").raise_for_status()
    _get(shop, "/sales/metrics").raise_for_status()
    _get(shop, "/sales/docs").raise_for_status()
    about(shop.system, "web", route="/sales/docs")  # the last one: those before it are there, too
    answered = about(shop.system, "web", event="request answered")
    levels = {
        route: {line["level"] for line in answered if line["route"] == route} for route in (*quiet, "/sales/docs")
    }
    assert levels == {route: {"debug"} for route in quiet} | {"/sales/docs": {"info"}}


def test_a_line_names_the_route_and_never_the_path_the_query_or_the_method_that_somebody_made_up(shop: Shop) -> None:
    secret = "w0secretword"
    auditor = shop.system.headers("auditor")
    _get(shop, f"/training/v1/residents/{secret}?{secret}={secret}", headers=auditor)
    _get(shop, f"/training/{secret}", headers=auditor)
    httpx.request("W0SECRETWORD", f"{shop.system.url}/training/v1/skills", headers=auditor, timeout=PATIENCE)
    about(shop.system, "web", method="_OTHER")  # the last one: those before it are there, too
    told = (shop.system.home.logs / "web.log").read_text(encoding="utf-8")
    assert secret not in told.lower()
    answered = about(shop.system, "web", event="request answered", service="training")
    assert {"unmatched", "/training/v1/residents/<worker_ref>"} <= {line["route"] for line in answered}
    assert "_OTHER" in {line["method"] for line in answered}


def test_the_line_about_a_poison_event_carries_its_id_and_why(shop: Shop) -> None:
    event_id = "0192f000-0000-7000-8000-00000000dead"
    with psycopg.connect(shop.system.database_url("sales", owner=True), autocommit=True) as connection:
        connection.execute(
            """INSERT INTO outbox (event_id, type, subject, time, traceparent, data)
               VALUES (%s, 'lapak.sales.SaleRecorded.v1', 'poison', now(), %s, '{"poison": "seven"}')""",
            (event_id, TRACEPARENT.replace(TRACE, "a" * 32)),
        )
    (line,) = about(shop.system, "inventory-worker", event_id=event_id, level="error")
    _, sequence, _ = logged(shop.system, "poison")
    assert (line["event"], line["source"], line["sequence"]) == ("event became a dead letter", "sales", sequence)
    assert (line["event_type"], line["trace_id"]) == ("lapak.sales.SaleRecorded.v1", "a" * 32)
    assert line["reason"].startswith("ValidationError")
    assert "seven" not in json.dumps(line)


# -- figures -------------------------------------------------------------------------------------------------


def _answered(shop: Shop, service: str, route: str) -> float:
    """What one scrape, by some web worker, tells of requests to a route."""
    text = _get(shop, f"/{service}/metrics").text
    pattern = rf'^lapak_http_requests_total\{{[^}}]*route="{re.escape(route)}"[^}}]*\}} ([\d.e+]+)$'
    return sum(float(value) for value in re.findall(pattern, text, re.MULTILINE))


def _ask(shop: Shop, path: str, times: int) -> None:
    for _ in range(times):
        _get(shop, path, headers=shop.system.headers("auditor")).raise_for_status()


def _scrapes(shop: Shop, service: str, route: str) -> set[float]:
    return {_answered(shop, service, route) for _ in range(12)}


def test_any_scrape_tells_the_sum_over_all_web_workers(shop: Shop) -> None:
    before = _answered(shop, "training", "/training/v1/skills")
    _ask(shop, "/training/v1/skills", 40)
    assert len(shop.system.web_pids()) == WEB_WORKERS
    assert _scrapes(shop, "training", "/training/v1/skills") == {before + 40}
    assert _scrapes(shop, "sales", "/training/v1/skills") == {0}  # each service tells its own, also on one port


def test_what_a_dead_or_replaced_worker_counted_stays_and_its_place_is_taken(shop: Shop) -> None:
    before = _answered(shop, "inventory", "/inventory/v1/workshops")
    _ask(shop, "/inventory/v1/workshops", 30)
    for pid in shop.system.web_pids():
        os.kill(pid, signal.SIGKILL)
    until("new workers", lambda: len(shop.system.web_pids()) == WEB_WORKERS)
    _ask(shop, "/inventory/v1/workshops", 5)
    assert shop.system.run("restart", "web").returncode == 0
    _ask(shop, "/inventory/v1/workshops", 5)
    assert _scrapes(shop, "inventory", "/inventory/v1/workshops") == {before + 40}
    folder = _folder(shop)
    assert folder.stat().st_mode & 0o077 == 0
    names = sorted(file.name for file in folder.glob("counter_*.db"))
    assert len(names) <= WEB_WORKERS + 1  # while one is replaced there is one more


def _folder(shop: Shop) -> Path:
    found = psutil.Process(shop.system.web_pids()[0])
    (path,) = {Path(file.path).parent for file in found.open_files() if file.path.endswith(".lock")}
    return path


def test_a_server_tells_its_version_and_since_when_it_runs(shop: Shop) -> None:
    text = _get(shop, "/sales/metrics").text
    assert re.search(r'^lapak_build_info\{service="sales",version="\d+\.\d+\.\d+"\} 1\.0$', text, re.MULTILINE)
    started = r'^lapak_process_start_time_seconds\{service="sales"\} ([\d.e+]+)$'
    (moment,) = {
        value for _ in range(8) for value in re.findall(started, _get(shop, "/sales/metrics").text, re.MULTILINE)
    }
    assert float(moment) == pytest.approx(psutil.Process(shop.system.pid("web")).create_time(), abs=1)
