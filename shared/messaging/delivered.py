"""How far the log was put on each consumer's queue.

Known in memory, and noted a second later at most: whoever leads next sends again what was not noted, and a consumer
that receives it twice finds an empty range. So a turn is one commit, and the row does not become thousands of dead ones
while some snapshot is held.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from shared.db import Database, Session, changed
from shared.messaging.log import Stream

NOTE_SECONDS = 1.0

_BEGIN_AT_HEAD = text("""
    INSERT INTO delivery (consumer, published_seq) VALUES (:consumer, :head) ON CONFLICT DO NOTHING
""")
_PUBLISHED = text("SELECT consumer, published_seq FROM delivery WHERE consumer = ANY(:consumers)")
_NOTE = text("UPDATE delivery SET published_seq = :to WHERE consumer = :consumer AND published_seq = :noted")


class Delivered:
    """`up_to`: by consumer, the last sequence that was sent; of a consumer not met before, the head."""

    def __init__(self, consumers: Sequence[str]) -> None:
        self.consumers = list(consumers)
        self.up_to: dict[str, int] = {}
        self._noted: dict[str, int] = {}
        self._epoch: UUID | None = None
        self._next_note = float("-inf")

    def load(self, session: Session, at: Stream) -> None:
        """Read what is noted, unless it is known; again in a new epoch, which sends some sequences anew."""
        if self._epoch == at.epoch:
            return
        for consumer in self.consumers:
            session.execute(_BEGIN_AT_HEAD, {"consumer": consumer, "head": at.last_seq})
        rows = session.execute(_PUBLISHED, {"consumers": self.consumers})
        self._noted = {row.consumer: row.published_seq for row in rows}
        self.up_to, self._epoch = dict(self._noted), at.epoch

    def lag(self, head: int) -> bool:
        """Whether some consumer was not sent all of a log that ends at `head`."""
        return any(sequence < head for sequence in self.up_to.values()) or not self.up_to

    def note(self, database: Database, *, now: bool = False) -> bool:
        """Note what was sent, if the last time is a second ago or it is to be `now`; whether that was done."""
        news = {consumer: to for consumer, to in self.up_to.items() if to != self._noted[consumer]}
        if not news or (time.monotonic() < self._next_note and not now):
            return False
        self._next_note = time.monotonic() + NOTE_SECONDS
        with database.transaction() as session:
            for consumer, to in news.items():
                values = {"consumer": consumer, "to": to, "noted": self._noted[consumer]}
                if changed(session, _NOTE, values) != 1:
                    self._epoch = None  # somebody else set it: read it again
        self._noted |= news
        return True
