"""Events whose cause has not arrived: kept aside, visible with their age, tried again every second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, cast, func, select, text

from shared import jsontext
from shared.db import Session
from shared.messaging.tables import parked as table
from shared.paging import Page, paged

_PARK = text("""
    INSERT INTO parked (source, epoch, seq, event, waiting_for)
    VALUES (:source, :epoch, :seq, CAST(:event AS jsonb), :waiting_for) ON CONFLICT DO NOTHING
""")
# SKIP LOCKED: two reconcilers during a change of leader share the work instead of waiting for each other.
_DUE = text("""
    SELECT source, epoch, seq, event FROM parked
     ORDER BY tried_at LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_TAKE = text("""
    SELECT source, epoch, seq, event FROM parked WHERE source = :source AND epoch = :epoch AND seq = :seq
       FOR UPDATE SKIP LOCKED
""")
_IS = text("SELECT 1 FROM parked WHERE source = :source AND epoch = :epoch AND seq = :seq")
_DONE = text("DELETE FROM parked WHERE source = :source AND epoch = :epoch AND seq = :seq")
# Not each second: each time leaves a dead row behind, for as long as some snapshot is held.
_STILL = text("""
    UPDATE parked SET tried_at = now(), tries = tries + 1, waiting_for = :waiting_for
     WHERE source = :source AND epoch = :epoch AND seq = :seq
       AND (:always OR waiting_for <> :waiting_for OR tried_at < now() - interval '60 s')
""")


def park(session: Session, source: str, epoch: UUID, event: Mapping[str, Any], waiting_for: str) -> None:
    """Keep an event aside. Doing it twice changes nothing."""
    values = {"source": source, "epoch": epoch, "seq": event["sequence"], "waiting_for": waiting_for}
    session.execute(_PARK, values | {"event": jsontext.dumps(event)})


LIMIT = 500  # tried in one go


def due(session: Session, limit: int = LIMIT) -> list[Any]:
    """The parked events tried longest ago: rows with source, epoch, seq, event; locked for this transaction."""
    return list(session.execute(_DUE, {"limit": limit}))


def take(session: Session, source: str, epoch: UUID, seq: int) -> Any | None:
    """One parked event, as `due` gives them; None when it is gone or taken by somebody else."""
    return session.execute(_TAKE, {"source": source, "epoch": epoch, "seq": seq}).first()


def done(session: Session, source: str, epoch: UUID, seq: int) -> None:
    """The event was handled, or became a dead letter."""
    session.execute(_DONE, {"source": source, "epoch": epoch, "seq": seq})


def still_waiting(
    session: Session, source: str, epoch: UUID, seq: int, waiting_for: str, *, always: bool = True
) -> None:
    """The cause is still missing. That it was tried is noted `always` (then others have their turn), or each minute."""
    values = {"source": source, "epoch": epoch, "seq": seq, "waiting_for": waiting_for, "always": always}
    session.execute(_STILL, values)


def is_parked(session: Session, source: str, epoch: UUID, seq: int) -> bool:
    """Whether the event is still kept aside."""
    return session.execute(_IS, {"source": source, "epoch": epoch, "seq": seq}).first() is not None


def waiting(session: Session, *, after: str | None, limit: int) -> Page:
    """Parked events by source, epoch and sequence: their columns, with id, type and age in seconds."""
    statement = select(
        *table.c,
        cast(table.c.event["id"].astext, Uuid).label("id"),
        table.c.event["type"].astext.label("type"),
        func.extract("epoch", func.now() - table.c.parked_at).label("age"),
    )
    return paged(session, statement, [table.c.source, table.c.epoch, table.c.seq], after=after, limit=limit)
