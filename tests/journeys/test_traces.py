"""One trace leads from a request through its event to the effect in another service (docs/operations.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.local.home import ROOT
from shared.local.running import Running, frozen, running_system
from tests.benchmarks.load import Till, stock_the_shop
from tests.journeys.telling import CALLER, TRACE, TRACEPARENT, logged, moved, sell, spans
from tests.waiting import until

pytestmark = pytest.mark.journey

SOLD = "lapak.sales.SaleRecorded.v1"
POST = "POST /sales/v1/registers/<code>/sales"
ABOUT_EVENTS = {
    "messaging.system": "lapak",
    "messaging.destination.name": SOLD,
    "lapak.source": "sales",
}


class Traced:
    """A system whose spans are written to files, and a register with something to sell."""

    def __init__(self, system: Running, folder: Path) -> None:
        self.system, self.folder = system, folder
        self.till = Till(system.url, 0, stock_the_shop(system.url))

    def sell(self, number: int, *, flags: str = "01", count: int = 1) -> tuple[str, list[str]]:
        """Sell within a trace of the caller's; (trace id, sales)."""
        trace = f"{number:032x}"
        sold = sell(self.till, {"traceparent": f"00-{trace}-{CALLER}-{flags}"}, count=count)
        return trace, sold

    def of(self, trace: str, *names: str) -> list[dict[str, Any]]:
        """The spans of a trace, as soon as there are some of each of these names."""

        def there() -> list[dict[str, Any]]:
            return [span for span in spans(self.folder) if span["trace"] == trace]

        until(f"spans {names}", lambda: set(names) <= {span["name"] for span in there()})
        return there()


@pytest.fixture(scope="module")
def traced(keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    folder = tmp_path_factory.mktemp("traced")
    environment = {"LAPAK_TRACES": f"file:{folder / 'spans'}", "LAPAK_LOG_FORMAT": "json"}
    with running_system(folder / "home", web_workers=2, environment=environment) as system:
        yield Traced(system, folder / "spans")


def _one(found: list[dict[str, Any]], by: str, name: str) -> dict[str, Any]:
    (span,) = [span for span in found if (span["by"], span["name"]) == (by, name)]
    return span


def _statement(found: list[dict[str, Any]], part: str) -> dict[str, Any]:
    (span,) = [span for span in found if part in span["attributes"].get("db.query.text", "")]
    return span


def test_one_trace_leads_from_the_register_s_request_to_the_stock_move(traced: Traced) -> None:
    (sale,) = sell(traced.till, {"traceparent": TRACEPARENT, "X-Request-Id": "receipt-42"})
    moved(traced.system, sale)
    found = traced.of(TRACE, POST, f"process {SOLD}", f"send {SOLD}")
    asked = _one(found, "sales web", POST)
    sent = _one(found, "sales courier", f"send {SOLD}")
    processed = _one(found, "inventory worker", f"process {SOLD}")
    assert [span["kind"] for span in (asked, sent, processed)] == ["SERVER", "PRODUCER", "CONSUMER"]
    assert [span["parent"] for span in (asked, sent, processed)] == [CALLER, asked["id"], asked["id"]]
    event_id, sequence, traceparent = logged(traced.system, sale)
    assert traceparent == f"00-{TRACE}-{asked['id']}-01"
    assert asked["attributes"] == {
        "http.request.method": "POST",
        "http.route": "/sales/v1/registers/<code>/sales",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "lapak.request_id": "receipt-42",
        "lapak.role": "register",
    }
    of_event = ABOUT_EVENTS | {"messaging.message.id": event_id, "messaging.consumer.group.name": "inventory"}
    for operation, span in (("send", sent), ("process", processed)):
        told = {"messaging.operation.name": operation, "messaging.operation.type": operation}
        assert span["attributes"] == of_event | told | {"lapak.sequence": sequence}


def test_the_statements_of_request_and_handler_are_below_them_and_carry_no_values(traced: Traced) -> None:
    trace, (sale,) = traced.sell(0xB1)
    moved(traced.system, sale)
    found = traced.of(trace, POST, f"process {SOLD}")
    asked, processed = _one(found, "sales web", POST), _one(found, "inventory worker", f"process {SOLD}")
    recording, moving = _statement(found, "record_sales"), _statement(found, "INSERT INTO stock_move")
    assert (recording["parent"], moving["parent"]) == (asked["id"], processed["id"])
    assert (recording["by"], moving["by"]) == ("sales web", "inventory worker")
    assert (recording["kind"], recording["name"]) == ("CLIENT", "SELECT lapak_sales")
    assert recording["attributes"]["db.system.name"] == "postgresql"
    assert "record_sales(%(register)s" in recording["attributes"]["db.query.text"]
    assert sale not in repr([recording, moving])


def test_every_attribute_is_documented(traced: Traced) -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([a-z_.]+)`", page.partition("### Traces")[2].partition("\n## ")[0]))
    made = {name for span in spans(traced.folder) for name in span["attributes"]}
    assert made - documented == set()


def test_a_caller_that_wants_no_spans_gets_none(traced: Traced) -> None:
    unsampled, (sale,) = traced.sell(0xB2, flags="00")
    wanted, (later,) = traced.sell(0xB3)
    moved(traced.system, sale, later)
    traced.of(wanted, POST, f"process {SOLD}", f"send {SOLD}")  # by then the others would be there, too
    assert [span for span in spans(traced.folder) if span["trace"] == unsampled] == []
    _, _, traceparent = logged(traced.system, sale)
    assert re.fullmatch(f"00-{unsampled}-[0-9a-f]{{16}}-00", traceparent)


def test_of_a_large_group_twenty_events_have_spans(traced: Traced) -> None:
    trace, sold = traced.sell(0xB4, count=60)
    moved(traced.system, *sold)
    found = [span for span in traced.of(trace, f"process {SOLD}") if span["name"] == f"process {SOLD}"]
    sequences = sorted(logged(traced.system, sale)[1] for sale in sold)
    assert sorted(span["attributes"]["lapak.sequence"] for span in found) == sequences[::3]
    assert {span["attributes"]["messaging.batch.message_count"] for span in found} == {60}
    assert len({span["parent"] for span in found}) == 1  # the one request
    assert all(span["end_time"] > span["start_time"] for span in found)


def test_an_event_that_was_pulled_is_in_its_own_trace_and_linked_to_the_pull(traced: Traced) -> None:
    with frozen(traced.system.pid("inventory-worker")):
        trace, (sale,) = traced.sell(0xB5)
        moved(traced.system, sale)
    processed = _one(traced.of(trace, f"process {SOLD}"), "inventory courier", f"process {SOLD}")
    (link,) = processed["links"]
    pulling = traced.of(link["context"]["trace_id"][2:], "pull sales", "GET /sales/events")
    pull = _one(pulling, "inventory courier", "pull sales")
    assert (link["context"]["span_id"][2:], pull["parent"]) == (pull["id"], "")
    assert _one(pulling, "sales web", "GET /sales/events")["parent"] == pull["id"]


def test_looking_and_health_make_no_spans(traced: Traced) -> None:
    def feeds_were_pulled() -> bool:
        found = spans(traced.folder)
        pulls = {span["trace"] for span in found if span["name"].startswith("pull ")}
        return {span["trace"] for span in found if span["name"].endswith("/events")} <= pulls

    until("only pulls in the feeds' spans", feeds_were_pulled)  # though couriers have looked each second
    assert not [span for span in spans(traced.folder) if re.search("healthz|readyz|metrics|static", span["name"])]
    assert not [span for span in spans(traced.folder) if "db.query.text" in span["attributes"] and not span["parent"]]


def test_a_poison_event_s_span_tells_the_class_of_the_error_and_nothing_else(traced: Traced) -> None:
    trace = f"{0xB6:032x}"
    with psycopg.connect(traced.system.database_url("sales", owner=True), autocommit=True) as connection:
        connection.execute(
            """INSERT INTO outbox (event_id, type, subject, time, traceparent, data)
               VALUES (gen_random_uuid(), %s, 'poison', now(), %s, '{"total": "secretword"}')""",
            (SOLD, f"00-{trace}-{CALLER}-01"),
        )
    failed = [span for span in traced.of(trace, f"process {SOLD}") if span["name"] == f"process {SOLD}"]
    assert {(span["status"]["status_code"], span["attributes"]["error.type"]) for span in failed} == {
        ("ERROR", "ValidationError")
    }
    assert "secretword" not in repr(failed)
    assert [span["events"] for span in failed] == [[]] * len(failed)
