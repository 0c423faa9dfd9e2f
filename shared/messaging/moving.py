"""Out of the outbox, into the log. Sequences are given here, after commit."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text

from shared.db import Session
from shared.messaging.floor import Bounds
from shared.messaging.log import ROW

MOVE_LIMIT = 1000

ANY = "EXISTS (SELECT FROM outbox WHERE id > :floor)"
_ANY = text(f"SELECT {ANY}")
_FENCE = text(f"SELECT last_seq {ROW} FOR UPDATE")
_MOVE = text("""
    WITH taken AS (
        DELETE FROM outbox
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM outbox WHERE id > :floor ORDER BY id LIMIT :limit)) RETURNING *
    ), logged AS (
        INSERT INTO event_log (seq, event_id, type, subject, time, traceparent, data)
        SELECT :last + row_number() OVER (ORDER BY id), event_id, type, subject, time, traceparent, data FROM taken
        RETURNING seq
    ), found AS (
        SELECT count(*) AS count, max(id) AS highest, array_agg(DISTINCT type) AS types FROM taken
    )
    UPDATE stream
       SET last_seq = :last + (SELECT count(*) FROM logged),
           moved_id = CASE WHEN found.count < :limit THEN :sure ELSE least(:sure, found.highest) END
      FROM found WHERE last_seq = :last
    RETURNING found.count, moved_id, found.types
""")
_SURE = text(f"SELECT moved_id {ROW}")


def outbox_bounds() -> Bounds:
    """What a new relay knows of the outbox's ids."""
    return Bounds("outbox", _SURE)


class Moved(NamedTuple):
    """How many events were moved, the last one's sequence, and the floor once this has committed (see Bounds)."""

    events: int
    floor: int
    last: int | None = None
    types: frozenset[str] = frozenset()


def move(session: Session, bounds: Bounds | None = None) -> Moved:
    """Move committed outbox rows into the log, with contiguous sequences."""
    known = bounds or outbox_bounds()
    if not session.execute(_ANY, {"floor": known.floor}).scalar():
        return Moved(0, max(known.floor, known.sure))
    last = session.execute(_FENCE).scalar_one()
    values = {"floor": known.floor, "sure": known.sure, "limit": MOVE_LIMIT, "last": last}
    count, floor, types = session.execute(_MOVE, values).one()
    return Moved(count, floor, last + count, frozenset(types or ()))
