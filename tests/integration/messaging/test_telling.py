"""Every line that is written while events are applied says which."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from shared.db import Session
from shared.events.sales import SaleRecorded
from shared.messaging import by_hand, repair
from shared.messaging.apply import apply
from shared.messaging.retrying import retry_parked
from shared.telemetry import logger
from shared.telemetry.logs import say_whose
from tests.integration.messaging.plane import Misbehave, Plane, poison, sale, wait_for

TYPE = "lapak.sales.SaleRecorded.v1"


def _tells(then: Misbehave | None = None) -> Misbehave:
    """A handler that writes a line, as a service's own might."""

    def handle(session: Session, one: SaleRecorded) -> None:
        logger("handler").info("at work")
        if then:
            then(session, one)

    return handle


@pytest.fixture
def heard(plane: Plane) -> Any:
    """All lines that were written, oldest first."""
    with capture_logs(processors=[merge_contextvars, say_whose]) as lines:
        yield lines


def _announce(plane: Plane, *sales: SaleRecorded) -> None:
    """Each in a trace of its own, and into the log."""
    for one in sales:
        plane.announce(one)
    plane.log_all()


def _of(lines: list[Any], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


def _trace(plane: Plane, sequence: int) -> str:
    return str(plane.batch().events[sequence - 1]["traceparent"])[3:35]


def test_of_a_group_first_and_last_and_the_first_one_s_trace(plane: Plane, heard: list[Any]) -> None:
    plane.misbehaviour[2] = _tells()
    _announce(plane, sale(1), sale(2), sale(3))
    apply(plane.consumer_database, plane.consumer, plane.batch())
    (line,) = _of(heard, "at work")
    told = {"event_type": TYPE, "source": "sales", "lo": 1, "hi": 4}
    told |= {"events": 3, "first_sequence": 1, "last_sequence": 3, "trace_id": _trace(plane, 1)}
    assert told.items() <= line.items()
    assert "event_id" not in line
    assert [one["sequence"] for one in _of(heard, "event is handled")] == [1, 2, 3]
    (applied,) = _of(heard, "batch applied")
    assert (applied["log_level"], applied["handled"], applied["dead"]) == ("info", 3, 0)


def test_one_that_fails_is_named_in_its_handler_s_lines_and_in_the_line_about_its_end(
    plane: Plane, heard: list[Any]
) -> None:
    plane.misbehaviour[2] = _tells(poison)
    _announce(plane, sale(1), sale(2), sale(3))
    apply(plane.consumer_database, plane.consumer, plane.batch())
    bad = plane.batch().events[1]
    told = {"event_id": bad["id"], "event_type": TYPE, "source": "sales", "sequence": 2, "trace_id": _trace(plane, 2)}
    in_group, alone = _of(heard, "at work")
    assert in_group["events"] == 3
    assert told.items() <= alone.items()
    (dead,) = _of(heard, "event became a dead letter")
    assert (told | {"log_level": "error"}).items() <= dead.items()
    assert dead["reason"].startswith("ValueError at ")
    assert "number 2" not in repr(heard)
    (applied,) = _of(heard, "batch applied")
    assert (applied["handled"], applied["dead"]) == (2, 1)
    assert not {"event_id", "sequence", "trace_id"} & applied.keys()  # it is about no single event any more


def test_a_replay_and_a_parked_event_are_named_too(plane: Plane, heard: list[Any]) -> None:
    first, second = sale(1), sale(2)
    plane.misbehaviour[2] = _tells(wait_for(first.sale_id))
    _announce(plane, second)
    by_hand.apply_by_hand(plane.consumer_database, plane.consumer, plane.batch(), applied_by="test")
    event = plane.batch().events[0]
    told = {"event_id": event["id"], "sequence": 1, "source": "sales", "trace_id": _trace(plane, 1)}
    assert told.items() <= _of(heard, "event is parked")[0].items()
    plane.misbehaviour[2] = _tells(poison)
    retry_parked(plane.consumer_database, plane.consumer)
    (dead,) = _of(heard, "parked event became a dead letter")
    assert told.items() <= dead.items()
    plane.misbehaviour[2] = _tells()
    repair.replay(plane.consumer_database, plane.consumer, UUID(event["id"]), by="test")
    (replayed,) = _of(heard, "dead letter replayed")
    assert (told | {"outcome": "replayed"}).items() <= replayed.items()
    assert all(told.items() <= line.items() for line in _of(heard, "at work"))


def test_nothing_is_left_of_it_afterwards(plane: Plane, heard: list[Any]) -> None:
    _announce(plane, sale(1))
    apply(plane.consumer_database, plane.consumer, plane.batch())
    logger("later").info("later")
    assert not {"event_id", "source", "trace_id", "lo"} & heard[-1].keys()
    assert structlog.contextvars.get_contextvars() == {}
