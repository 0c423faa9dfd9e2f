"""Receiving: one function for what the queue brings, what the feed holds and what a person hands in.

Each event takes effect exactly once: its handler's changes and the cursor move commit together, or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.db import Database, Session
from shared.events import Event
from shared.events.subscribers import BY_TYPE
from shared.messaging import cursor, dead_letters, following, parked, telling, watchdog
from shared.messaging.batch import Batch
from shared.messaging.consumer import CauseMissing, Consumer
from shared.messaging.failures import is_transient, summary
from shared.telemetry import about, logger

log = logger(__name__)

Result = TypeVar("Result")
Wire = Mapping[str, Any]
_PAUSES = (0.05, 0.2, 0.8)


@dataclass(frozen=True)
class Outcome:
    """What one call did: events handled, parked and dead; `new` is False when all had been received before."""

    new: bool
    handled: int = 0
    parked: int = 0
    dead: int = 0


def apply(database: Database, consumer: Consumer, batch: Batch, *, first: bool = True) -> Outcome:
    """Receive a batch. Safe to call with the same batch any number of times, at once, in any order.

    `first=False` for what comes by the queue: a message may have outlived the database it came from, so only the
    source itself (its feed) or a person can say which log is to be followed.

    Raises UnknownEpoch, Halted, or the transient database error that outlasted the retries: then nothing happened,
    and the cursor still lacks the range (the cursor is the retry queue).
    """
    began = time.monotonic()
    with about(source=batch.source, lo=batch.lo, hi=batch.hi):
        outcome = persistently(lambda: _receive(database, consumer, batch, first))
        told = log.info if outcome.new and batch.events else log.debug  # sequences that are not for us are told often
        counts = {"handled": outcome.handled, "parked": outcome.parked, "dead": outcome.dead}
        told("batch applied", **counts, new=outcome.new, ms=round((time.monotonic() - began) * 1000, 1))
    return outcome


def persistently(attempt: Callable[[], Result]) -> Result:
    """Run one transaction again after a transient failure, three times with growing pauses."""
    for pause in _PAUSES:
        try:
            return attempt()
        except cursor.CursorMoved:
            continue
        except Exception as error:
            if not is_transient(error):
                raise
            log.info("transient failure, trying again", error=type(error).__name__, pause=pause)
            time.sleep(pause)
    return attempt()


def _receive(database: Database, consumer: Consumer, batch: Batch, first: bool) -> Outcome:
    with watchdog.watched(), database.transaction() as session:
        enter_epoch(session, consumer, batch, first=first)
        rows = cursor.positions(session, batch)
        if not rows:
            return Outcome(new=False)
        wanted = [event for event in batch.events if _is_new(event, rows)]
        outcome = handle(session, consumer, batch, wanted)
        cursor.advance(session, batch, rows)
    return outcome


def enter_epoch(
    session: Session, consumer: Consumer, batch: Batch, *, first: bool = True, sideways: bool = False
) -> None:
    """Make sure that the batch's epoch is the one followed, and that the cursor rows fit it. Raises UnknownEpoch."""
    try:
        cursor.prepare(session, consumer, batch.source, batch.epoch, first=first)
    except cursor.UnknownEpoch:
        if not following.enter(session, batch, sideways=sideways):
            raise
        cursor.prepare(session, consumer, batch.source, batch.epoch, first=False)
        log.warning("the source began a new epoch", source=batch.source, epoch=str(batch.epoch))


def _is_new(event: Wire, rows: Sequence[cursor.Position]) -> bool:
    return any(event["type"] in row.types and row.lacks(event["sequence"]) for row in rows)


def handle(session: Session, consumer: Consumer, batch: Batch, events: Sequence[Wire]) -> Outcome:
    """Run the handlers, type by type; events that cannot be handled are parked or become dead letters."""
    by_type: dict[str, list[Wire]] = {}
    for event in events:
        by_type.setdefault(event["type"], []).append(event)
    handled = waiting = dead = 0
    for name, group in by_type.items():
        try:
            with telling.named(group), telling.spans("process", group, consumer.service), session.begin_nested():
                telling.each("event is handled", group)
                _call(session, consumer, name, group)
            handled += len(group)
        except Exception as error:
            if is_transient(error):
                raise
            for event in group:
                with telling.named([event]):
                    fate = _handle_alone(session, consumer, batch, event)
                handled, waiting, dead = (
                    handled + (fate == "handled"),
                    waiting + (fate == "parked"),
                    dead + (fate == "dead"),
                )
    return Outcome(new=True, handled=handled, parked=waiting, dead=dead)


def _handle_alone(session: Session, consumer: Consumer, batch: Batch, event: Wire) -> str:
    try:
        with telling.spans("process", [event], consumer.service), session.begin_nested():
            _call(session, consumer, event["type"], [event])
    except CauseMissing as error:
        parked.park(session, batch.source, batch.epoch, event, error.waiting_for)
        log.debug("event is parked")
        return "parked"
    except Exception as error:
        if is_transient(error):
            raise
        log.error("event became a dead letter", reason=summary(error))
        dead_letters.keep(session, batch.source, batch.epoch, event, error)
        return "dead"
    return "handled"


def _call(session: Session, consumer: Consumer, name: str, events: Sequence[Wire]) -> None:
    contract: type[Event] = BY_TYPE[name]
    consumer.handlers.by_type[name](session, [contract.of(event["data"]) for event in events])


def retry(session: Session, consumer: Consumer, event: Wire) -> None:
    """Handle one event that was kept aside, in a savepoint. Raises what its handler raises.

    Its span is made only when it went well: a parked event is tried each second.
    """
    began = time.time_ns()
    with telling.named([event]):
        with session.begin_nested():
            _call(session, consumer, event["type"], [event])
        telling.past("process", event, consumer.service, began)
