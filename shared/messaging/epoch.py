"""A new epoch of this service's log: after its database was put back to an older state, and whenever that is in doubt.

Events that consumers have received, and that the log does not hold any more, had sequences that it gives away again.
In a new epoch they are other sequences: each consumer keeps what it received up to where the two part, and receives
the rest anew.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.clock import now
from shared.db import Session
from shared.messaging.health import RELAY_LEADS
from shared.messaging.log import ROW
from shared.telemetry import logger

log = logger(__name__)

# Whoever logs events waits here, or has to be waited for.
_STREAM = text(f"SELECT epoch, last_seq {ROW} FOR UPDATE")
_RELAY_LEADS = text(f"SELECT {RELAY_LEADS}")
_AT = text("SELECT seq FROM event_log WHERE logged_at <= :moment ORDER BY seq DESC LIMIT 1")
_LEAVE = text(f"""
    INSERT INTO ancestor (epoch, shared, sealed)
    SELECT epoch, last_seq, (SELECT coalesce(max(number), 0) FROM seal
                              WHERE sealed_at <= coalesce(CAST(:moment AS timestamptz), 'infinity')) {ROW}
""")
_PART = text("""
    UPDATE ancestor SET shared = least(shared, :at),
           sealed = least(coalesce(sealed, 0), (SELECT a.sealed FROM ancestor a WHERE a.epoch = :before))
""")
_BEGIN = text("UPDATE stream SET epoch = gen_random_uuid() RETURNING epoch")
_ANNOUNCE = text("UPDATE delivery SET published_seq = least(published_seq, :at)")


class NotThere(ValueError):
    """A new epoch cannot begin where it was asked for; the text says why and what to do."""


class Branch(NamedTuple):
    """`before` and `now` are the same up to the sequence `at`; the log ends at `head`."""

    before: UUID
    now: UUID
    at: int
    head: int


def begin(session: Session, *, as_of: datetime | None = None) -> Branch:
    """Leave the present epoch of the log and begin a new one.

    They part after the last event that was logged by `as_of`, any moment between the backup and the first start on the
    restored database; without it at the end of the log, for a database on which nothing has run since it was restored.
    A branch too low costs time: consumers receive again what they know already. Raises NotThere for a moment to come,
    and without `as_of` while a relay leads, because that may have logged events since.
    """
    if as_of is not None and as_of > now():
        raise NotThere("that moment is still to come; name the moment of the backup")
    before, head = session.execute(_STREAM).one()
    if as_of is not None:
        at = session.execute(_AT, {"moment": as_of}).scalar() or 0
    elif session.execute(_RELAY_LEADS).scalar():
        raise NotThere("its courier runs, and may have logged events since the restore; name the moment of the backup")
    else:
        at = head
    session.execute(_LEAVE, {"moment": as_of})
    session.execute(_PART, {"at": at, "before": before})
    session.execute(_ANNOUNCE, {"at": at})
    branch = Branch(before, session.execute(_BEGIN).scalar_one(), at, head)
    log.warning("the log begins a new epoch", **{name: str(value) for name, value in branch._asdict().items()})
    return branch
