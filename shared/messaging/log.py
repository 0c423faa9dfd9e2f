"""The log as others read it: a range of sequences, with the events that a consumer subscribes to."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.db import Session
from shared.errors import Conflict
from shared.events.subscribers import subscription
from shared.messaging.batch import Batch, cloud_event

MIN_SEQ = 1  # nothing is pruned in version 1

_STREAM = text("SELECT source, epoch, last_seq, parent_epoch, parent_seq FROM stream")
_EVENTS = text("""
    SELECT seq, event_id, type, subject, time, traceparent, data FROM event_log
     WHERE seq > :after AND seq <= :head AND type = ANY(:types) ORDER BY seq LIMIT :limit
""")
_IS = text("SELECT event_id FROM event_log WHERE seq = :seq")


class Forked(Conflict):
    code = "forked"
    title = "This log does not hold what the consumer has received"


class Stream(NamedTuple):
    """Where the log ends; `parent_*` name the epoch it branched from after a restore."""

    source: str
    epoch: UUID
    last_seq: int
    parent_epoch: UUID | None
    parent_seq: int | None


def stream(session: Session) -> Stream:
    """The one row that describes this service's log."""
    return Stream(*session.execute(_STREAM).one())


def read(session: Session, at: Stream, consumer: str, *, after: int, limit: int) -> Batch:
    """The batch after a sequence, with at most `limit` events; it reaches to the head unless there are more."""
    after = min(after, at.last_seq)
    types = subscription(consumer, at.source)
    values: dict[str, Any] = {"after": after, "head": at.last_seq, "types": list(types), "limit": limit}
    rows = session.execute(_EVENTS, values).all()
    events = tuple(cloud_event(source=at.source, **row._mapping) for row in rows)
    hi = rows[-1].seq + 1 if len(rows) == limit else at.last_seq + 1
    parent = (at.parent_epoch, at.parent_seq) if at.parent_epoch and at.parent_seq is not None else None
    return Batch(at.source, at.epoch, after + 1, hi, types, events, parent)


def check_descent(session: Session, at: Stream, *, seen: int, seen_id: UUID | None) -> None:
    """Raise Forked when the log ends before what the consumer has seen, or holds another event there."""
    if seen == 0 or seen_id is None:
        return
    if seen > at.last_seq or session.execute(_IS, {"seq": seen}).scalar() != seen_id:
        raise Forked(f"At sequence {seen} there is another event, or none.", epoch=str(at.epoch), head=at.last_seq)
