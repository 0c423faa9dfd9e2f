"""From which id on a queue table is read, in which what was taken out cannot be cleaned away.

While some snapshot is held (a backup, a long report), whoever reads a queue from the start walks over all that was ever
taken out of it. So it is read from a floor. Ids are given before commit and become visible in any order: the floor may
only pass an id whose transaction is known to be over. Whoever inserts locks the table first, then gets an id, and keeps
the lock until its transaction has ended. See decision 0012.
"""

from __future__ import annotations

import time

from sqlalchemy import TextClause, text

from shared.db import Session
from shared.telemetry import logger

log = logger(__name__)

LOOK_SECONDS = 1.0

_LAST_ID = text("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(:table, 'id')::regclass), 0)")
_WRITERS = text("""
    SELECT virtualtransaction FROM pg_locks
     WHERE locktype = 'relation' AND relation = CAST(:table AS regclass) AND mode = 'RowExclusiveLock' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")


class Bounds:
    """What whoever empties a queue knows of its ids. A new one knows nothing: at first it reads from the start.

    `sure`: the transactions of all ids up to here are over. `floor`: and what they committed has been taken.
    """

    def __init__(self, table: str, known: TextClause | None = None) -> None:
        """`known`: the query for how far somebody else was sure before."""
        self.floor = self.sure = 0
        self._of, self._known = {"table": table}, known
        self._last, self._writers = 0, frozenset[str]()  # an id, and who may have been at work on lower ones
        self._next_look = float("-inf")

    def look(self, session: Session) -> None:
        """Once a second: raise `sure` when all have ended who wrote at the last look, and note who writes now.

        To be called by a transaction that has not touched the table.
        """
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_SECONDS
        known = 0 if self._last or self._known is None else session.execute(self._known).scalar_one()
        last = session.execute(_LAST_ID, self._of).scalar_one()  # first the id, then the writers: none is left out
        writers = frozenset(session.scalars(_WRITERS, self._of))
        if last < max(self.sure, known):
            log.warning("the ids of a queue begin anew", last=last, **self._of)
            self.floor = self.sure = self._last = known = 0
        if self._writers.isdisjoint(writers):
            self.sure = max(self.sure, self._last, known)
            self._last, self._writers = last, writers

    def raised(self, floor: int) -> None:
        """What was found up to here has been taken, and that is committed."""
        self.floor = floor
