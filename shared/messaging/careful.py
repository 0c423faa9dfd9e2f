"""The slow lane: one event at a time, each attempt counted before it is made.

A batch that was delivered again, or a hole that had to be filled twice, may hold an event that kills the process
that applies it. Nobody can catch that; but an attempt that was begun, committed, and never ended can be counted.
A run over many events is noted in the same way, so that the next process knows that the last one died in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.db import Database
from shared.messaging import cursor, dead_letters, telling
from shared.messaging.apply import Outcome, Wire, apply, enter_epoch, persistently
from shared.messaging.batch import Batch
from shared.messaging.consumer import Consumer
from shared.messaging.failures import is_transient
from shared.telemetry import logger

log = logger(__name__)

MAX_ATTEMPTS = 3

# The pauses between attempts, in seconds, stand in the array. No row: it is too early for the next.
_BEGIN = text("""
    INSERT INTO attempt (source, epoch, seq) VALUES (:source, :epoch, :seq)
    ON CONFLICT (source, epoch, seq) DO UPDATE SET count = attempt.count + 1, started_at = now()
     WHERE attempt.started_at < now() - make_interval(secs => (ARRAY[1, 5, 10])[least(attempt.count, 3)])
    RETURNING count
""")
_END = text("DELETE FROM attempt WHERE source = :source AND epoch = :epoch AND seq = :seq")
_BEGIN_RUN = text("""
    INSERT INTO attempt (source, epoch, seq) VALUES (:source, :epoch, :seq)
    ON CONFLICT (source, epoch, seq) DO UPDATE SET count = attempt.count + 1, started_at = now() RETURNING count
""")
_TRIED = text("SELECT seq FROM attempt WHERE source = :source AND epoch = :epoch AND seq >= :lo AND seq < :hi")
_RUN = 0  # a run's place in `attempt`: no event has this sequence


class ProcessDied(Exception):
    """The process that applied this event alone died or hung, each time; `about` is the event's type."""

    def __init__(self, event: Wire) -> None:
        super().__init__(
            f"{MAX_ATTEMPTS} processes died, or hung until they were ended, while they applied this event alone; "
            "the log of the worker or courier tells where one hung"
        )
        self.about = event["type"]


def apply_from_feed(database: Database, consumer: Consumer, batch: Batch, *, again: bool) -> Outcome:
    """`apply`, or the slow lane when this hole was pulled before (`again`) or a process died on some of it.

    What a process remembers dies with it: without the note each next one would begin the same way and die the same way.
    """
    place = {"source": batch.source, "epoch": batch.epoch}
    with database.transaction() as session:
        suspect = session.execute(_TRIED, place | {"lo": batch.lo, "hi": batch.hi}).first() is not None
    with noted_run(database, batch.source, batch.epoch) as died:
        return (apply_carefully if again or suspect or died else apply)(database, consumer, batch)


@contextmanager
def noted_run(database: Database, source: str, epoch: UUID) -> Iterator[bool]:
    """Note, committed, that a run over many events begins; gives whether the last one's process died in it."""
    place = {"source": source, "epoch": epoch, "seq": _RUN}
    with database.transaction() as session:
        died = session.execute(_BEGIN_RUN, place).scalar_one() > 1
    try:
        yield died
    except Exception:
        forget(database, place)
        raise
    forget(database, place)


def apply_carefully(database: Database, consumer: Consumer, batch: Batch, *, first: bool = True) -> Outcome:
    """Like `apply`, one event per transaction; an event whose attempts killed their process becomes a dead letter.

    Those that were tried before come last: the others need not wait for another death. Events whose next attempt is
    not due yet stay a hole, to be filled later.
    """
    events = _new_events(database, consumer, batch, first)
    total, postponed = Outcome(new=bool(events)), []
    for event in events:
        done = _apply_alone(database, consumer, batch.only(event))
        if done is None:
            postponed.append(event["sequence"])
        else:
            total = Outcome(True, total.handled + done.handled, total.parked + done.parked, total.dead + done.dead)
    # What is left between them are sequences without an event for us.
    lo = batch.lo
    for end in [*sorted(postponed), batch.hi]:
        if lo < end:
            rest = apply(database, consumer, batch.without_events(lo, end))
            total = replace(total, new=total.new or rest.new)
        lo = end + 1
    return total


def _new_events(database: Database, consumer: Consumer, batch: Batch, first: bool) -> list[Wire]:
    with database.transaction() as session:
        enter_epoch(session, consumer, batch, first=first)
        rows = cursor.positions(session, batch)
        place = {"source": batch.source, "epoch": batch.epoch, "lo": batch.lo, "hi": batch.hi}
        tried = set(session.scalars(_TRIED, place))
    new = [e for e in batch.events if any(e["type"] in row.types and row.lacks(e["sequence"]) for row in rows)]
    return sorted(new, key=lambda event: event["sequence"] in tried)


def _apply_alone(database: Database, consumer: Consumer, one: Batch) -> Outcome | None:
    place = {"source": one.source, "epoch": one.epoch, "seq": one.lo}
    count = begin(database, place)
    if count is None:
        return None
    with telling.named(one.events), forgetting_unless_killed(database, place):
        return _bury(database, one) if count > MAX_ATTEMPTS else apply(database, consumer, one)


def begin(database: Database, place: dict[str, Any]) -> int | None:
    """Note, committed, that an attempt at one event alone begins: the how manieth; None: it is too early for it."""
    with database.transaction() as session:
        count: int | None = session.execute(_BEGIN, place).scalar()
    return count


def forget(database: Database, place: dict[str, Any]) -> None:
    """The attempt ended, this way or that."""
    with database.transaction() as session:
        session.execute(_END, place)


@contextmanager
def forgetting_unless_killed(database: Database, place: dict[str, Any]) -> Iterator[None]:
    """Forget the attempt when it went well or met an outage: an outage makes no dead letters."""
    try:
        yield
    except Exception as error:
        if is_transient(error):
            forget(database, place)
        raise
    forget(database, place)


def _bury(database: Database, one: Batch) -> Outcome:
    def bury() -> Outcome:
        with database.transaction() as session:
            rows = cursor.positions(session, one)
            died = ProcessDied(one.events[0])
            dead_letters.keep(session, one.source, one.epoch, one.events[0], died, attempts=MAX_ATTEMPTS)
            cursor.advance(session, one, rows)
        log.error("event killed its process and became a dead letter")
        return Outcome(new=True, dead=1)

    return persistently(bury)
