"""The slow lane: one event at a time, each attempt counted before it is made.

A batch that was delivered again, or a hole that had to be filled twice, may hold an event that kills the process
that applies it. Nobody can catch that; but an attempt that was begun, committed, and never ended can be counted.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import text

from shared.db import Database
from shared.messaging import cursor, dead_letters
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


class ProcessDied(Exception):
    """The process that applied this event died, each time."""


def apply_carefully(database: Database, consumer: Consumer, batch: Batch, *, first: bool = True) -> Outcome:
    """Like `apply`, one event per transaction; an event whose attempts killed their process becomes a dead letter.

    Events whose next attempt is not due yet stay a hole, to be filled later.
    """
    total, postponed = Outcome(new=False), []
    for event in _new_events(database, consumer, batch, first):
        done = _apply_alone(database, consumer, batch.only(event))
        if done is None:
            postponed.append(event["sequence"])
        else:
            total = Outcome(True, total.handled + done.handled, total.parked + done.parked, total.dead + done.dead)
    # What is left between them are sequences without an event for us.
    lo = batch.lo
    for end in [*postponed, batch.hi]:
        if lo < end:
            apply(database, consumer, replace(batch, lo=lo, hi=end, events=()))
        lo = end + 1
    return total


def _new_events(database: Database, consumer: Consumer, batch: Batch, first: bool) -> list[Wire]:
    with database.transaction() as session:
        enter_epoch(session, consumer, batch, first=first)
        rows = cursor.positions(session, batch)
    return [e for e in batch.events if any(e["type"] in row.types and row.lacks(e["sequence"]) for row in rows)]


def _apply_alone(database: Database, consumer: Consumer, one: Batch) -> Outcome | None:
    place = {"source": one.source, "epoch": one.epoch, "seq": one.lo}
    with database.transaction() as session:
        count = session.execute(_BEGIN, place).scalar()
    if count is None:
        return None
    try:
        outcome = _bury(database, one) if count > MAX_ATTEMPTS else apply(database, consumer, one)
    except Exception as error:
        if is_transient(error):  # an outage makes no dead letters
            _forget(database, place)
        raise
    _forget(database, place)
    return outcome


def _forget(database: Database, place: dict[str, object]) -> None:
    with database.transaction() as session:
        session.execute(_END, place)


def _bury(database: Database, one: Batch) -> Outcome:
    def bury() -> Outcome:
        with database.transaction() as session:
            rows = cursor.positions(session, one)
            error = ProcessDied(f"{MAX_ATTEMPTS} processes died while they applied this event")
            dead_letters.keep(session, one.source, one.epoch, one.events[0], error, attempts=MAX_ATTEMPTS)
            cursor.advance(session, one, rows)
        log.error("event killed its process and became a dead letter", source=one.source, sequence=one.lo)
        return Outcome(new=True, dead=1)

    return persistently(bury)
