"""Batches that a person hands in: a replay, a test, a file carried over a gap in the network."""

from __future__ import annotations

from sqlalchemy import text

from shared.db import Database
from shared.errors import Conflict
from shared.messaging import cursor
from shared.messaging.apply import Outcome, enter_epoch, handle, persistently
from shared.messaging.batch import Batch
from shared.messaging.consumer import Consumer

_HEAD = text("SELECT head FROM source_state WHERE source = :source AND epoch = :epoch")
_AUDIT = text("""
    INSERT INTO manual_batch (source, epoch, sequences, applied_by)
    VALUES (:source, :epoch, :sequences, :applied_by)
""")


class OtherLog(Conflict):
    code = "unknown-epoch"
    title = "The batch is of another log than the one followed"


class ConsumerHalted(Conflict):
    code = "halted"
    title = "This consumer stopped: the source's log forked"


def apply_by_hand(database: Database, consumer: Consumer, batch: Batch, *, applied_by: str) -> Outcome:
    """Apply the carried events that are not received yet, and note who did it.

    Only they count as received, and only up to the head that the source has confirmed: what a file leaves out
    may exist, and what lies beyond the head may yet be announced as something else.
    """
    return persistently(lambda: _apply(database, consumer, batch, applied_by))


def _apply(database: Database, consumer: Consumer, batch: Batch, applied_by: str) -> Outcome:
    with database.transaction() as session:
        try:
            enter_epoch(session, consumer, batch)
            rows = cursor.positions(session, batch, partly=True)
        except cursor.UnknownEpoch as error:
            raise OtherLog(str(error)) from None
        except cursor.Halted as error:
            raise ConsumerHalted(str(error)) from None
        place = {"source": batch.source, "epoch": batch.epoch}
        head = session.execute(_HEAD, place).scalar() or 0
        carried, counted = [], []
        for row in rows:
            mine = [e for e in batch.events if e["type"] in row.types and row.lacks(e["sequence"])]
            carried += mine
            known = tuple((e["sequence"], e["sequence"] + 1) for e in mine if e["sequence"] <= head)
            counted += [cursor.Position(row.types, known)] if known else []
        carried.sort(key=lambda event: event["sequence"])
        outcome = handle(session, consumer, batch, carried)
        session.execute(_AUDIT, place | {"sequences": [e["sequence"] for e in carried], "applied_by": applied_by})
        sure = [event for event in carried if event["sequence"] <= head]
        cursor.advance(session, batch.only(sure[-1]) if sure else batch, counted)
    return Outcome(bool(carried), outcome.handled, outcome.parked, outcome.dead)
