"""Out of the outbox, into the log. Sequences are given here, after commit.

The outbox is emptied all the time; while some snapshot is held (a backup, a long report), what was taken out cannot be
cleaned away, and whoever reads from the start walks over all of it. So it is read from a floor. Ids are given before
commit and become visible in any order: the floor may only pass an id whose transaction is known to be over. Whoever
inserts locks the table first, then gets an id, and keeps the lock until its transaction has ended. See decision 0012.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from sqlalchemy import text

from shared.db import Session
from shared.messaging.log import ROW
from shared.telemetry import logger

log = logger(__name__)

MOVE_LIMIT = 1000
LOOK_SECONDS = 1.0

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
_KNOWN = text(f"SELECT moved_id {ROW}")
_LAST_ID = text("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'id')::regclass), 0)")
_WRITERS = text("""
    SELECT virtualtransaction FROM pg_locks
     WHERE locktype = 'relation' AND relation = 'outbox'::regclass AND mode = 'RowExclusiveLock' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")


class Bounds:
    """What a relay knows of the outbox's ids. A new one knows nothing: its first move reads from the start.

    `sure`: the transactions of all ids up to here are over. `floor`: and what they committed is in the log.
    """

    def __init__(self) -> None:
        self.floor = self.sure = 0
        self._last, self._writers = 0, frozenset[str]()  # an id, and who may have been at work on lower ones
        self._next_look = float("-inf")

    def look(self, session: Session) -> None:
        """Once a second: raise `sure` when all have ended who wrote at the last look, and note who writes now.

        To be called by a transaction that has not touched the outbox.
        """
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_SECONDS
        known = 0 if self._last else session.execute(_KNOWN).scalar_one()
        last = session.execute(_LAST_ID).scalar_one()  # first the id, then the writers: none of lower ids is left out
        writers = frozenset(session.scalars(_WRITERS))
        if last < max(self.sure, known):
            log.warning("the ids of the outbox begin anew", last=last)
            self.floor = self.sure = self._last = known = 0
        if self._writers.isdisjoint(writers):
            self.sure = max(self.sure, self._last, known)
            self._last, self._writers = last, writers

    def moved(self, floor: int) -> None:
        """What was found up to here is in the log, and committed."""
        self.floor = floor


class Moved(NamedTuple):
    """How many events were moved, the last one's sequence, and the floor once this has committed (see Bounds)."""

    events: int
    floor: int
    last: int | None = None
    types: frozenset[str] = frozenset()


def move(session: Session, bounds: Bounds | None = None) -> Moved:
    """Move committed outbox rows into the log, with contiguous sequences."""
    known = bounds or Bounds()
    if not session.execute(_ANY, {"floor": known.floor}).scalar():
        return Moved(0, max(known.floor, known.sure))
    last = session.execute(_FENCE).scalar_one()
    values = {"floor": known.floor, "sure": known.sure, "limit": MOVE_LIMIT, "last": last}
    count, floor, types = session.execute(_MOVE, values).one()
    return Moved(count, floor, last + count, frozenset(types or ()))
