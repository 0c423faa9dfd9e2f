"""The log as others read it: a range of sequences, with the events that a consumer subscribes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.db import Session
from shared.errors import Conflict
from shared.events.subscribers import subscription
from shared.messaging.batch import Batch, cloud_event

MIN_SEQ = 1  # nothing is pruned in version 1
WINDOW, WINDOWS = 20_000, 10  # sequences that one query looks at, and queries that look for the next event

#: The row of `stream`: each event logged while a snapshot is held leaves a dead version of it, all of them lower.
ROW = "FROM stream ORDER BY last_seq DESC LIMIT 1"
#: How many rows of the outbox are committed and not yet in the log, beside `stream`.
WAITING = "(SELECT count(*) FROM outbox WHERE id > stream.moved_id)"

_STREAM = text(f"""
    SELECT source, epoch, last_seq, (SELECT jsonb_object_agg(a.epoch, shared) FROM ancestor a) AS ancestors {ROW}
""")
# Type by type, each by its index: what is not for the consumer is not even looked at. Rows are compared whole, because
# `type = wanted.type AND seq > :after` may be read by the primary key, too, and is when statistics know but one type.
_EVENTS = text("""
    SELECT found.* FROM unnest(CAST(:types AS text[])) AS wanted (type), LATERAL (
        SELECT seq, event_id, type, subject, time, traceparent, data FROM event_log
         WHERE (type, seq) > (wanted.type, :after) AND (type, seq) <= (wanted.type, :upto)
         ORDER BY type, seq LIMIT :limit) found
     ORDER BY seq LIMIT :limit
""")
_IS = text("SELECT event_id FROM event_log WHERE seq = :seq")


class Forked(Conflict):
    code = "forked"
    title = "This log does not hold what the consumer has received"


class Stream(NamedTuple):
    """Where the log ends; `ancestors`: epochs that it has left, each with the last sequence that they share."""

    source: str
    epoch: UUID
    last_seq: int
    ancestors: Mapping[UUID, int]


def stream(session: Session) -> Stream:
    """The one row that describes this service's log."""
    row = session.execute(_STREAM).one()
    ancestors = {UUID(epoch): shared for epoch, shared in (row.ancestors or {}).items()}
    return Stream(row.source, row.epoch, row.last_seq, ancestors)


def read(session: Session, at: Stream, consumer: str, *, after: int, limit: int) -> Batch:
    """The batch after a sequence, with at most `limit` events; it reaches to the head unless there are more.

    Or less far: what one call looks at is bounded, however rare the consumer's events are. A batch without events that
    ends below the head says that there are none up to there.
    """
    after = upto = min(after, at.last_seq)
    types = subscription(consumer, at.source)
    values: dict[str, Any] = {"types": list(types), "limit": limit}
    for _ in range(WINDOWS):
        window = {"after": upto, "upto": min(upto + WINDOW, at.last_seq)}
        rows, upto = session.execute(_EVENTS, values | window).all(), window["upto"]
        if rows or upto == at.last_seq:
            break
    events = tuple(cloud_event(source=at.source, **row._mapping) for row in rows)
    hi = rows[-1].seq + 1 if len(rows) == limit else upto + 1
    last_id = rows[-1].event_id if rows and rows[-1].seq == hi - 1 else _id_at(session, hi - 1)
    return Batch(at.source, at.epoch, after + 1, hi, types, events, last_id, at.ancestors)


def _id_at(session: Session, seq: int) -> UUID | None:
    found: UUID | None = session.execute(_IS, {"seq": seq}).scalar()
    return found


def check_descent(session: Session, at: Stream, *, epoch: UUID | None, seen: int, seen_id: UUID | None) -> None:
    """Raise Forked when the log ends before what the consumer has seen, or holds another event there.

    `epoch` is the one that the consumer has seen it in; None: the present one. Of an epoch that this log has left only
    what they share can be looked up; what came after is lost. Of any other epoch nothing is known here: the consumer
    finds out itself that it does not follow this log.
    """
    shared = at.ancestors.get(epoch, 0) if epoch not in {None, at.epoch} else None
    if seen == 0 or seen_id is None or (shared is not None and seen > shared):
        return
    if seen > at.last_seq or _id_at(session, seen) != seen_id:
        raise Forked(f"At sequence {seen} there is another event, or none.", epoch=str(at.epoch), head=at.last_seq)
