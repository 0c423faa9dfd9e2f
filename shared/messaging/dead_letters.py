"""Events that their handler could not take: kept with the error, so that nothing else waits for them.

A letter is open until it was replayed (its handler took it, or found its cause missing: then it is parked) or
discarded. The first line of `error` is the error's summary; a discarded letter's begins with one more: why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, Uuid, case, cast, func, literal_column, select, text

from shared import jsontext
from shared.db import Session
from shared.messaging.failures import describe, fingerprint
from shared.messaging.tables import dead_letter
from shared.paging import Page, paged

_KEEP = text("""
    INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint, attempts)
    VALUES (:source, :epoch, :seq, CAST(:event AS jsonb), :error, :fingerprint, :attempts)
    ON CONFLICT (source, epoch, seq) DO UPDATE
       SET error = excluded.error, fingerprint = excluded.fingerprint,
           attempts = dead_letter.attempts + excluded.attempts,
           resolution = NULL, resolved_by = NULL, resolved_at = NULL
     WHERE dead_letter.resolution = 'replayed'
""")
_LETTER = dead_letter.c
_EVENT_ID: ColumnElement[str] = literal_column("event ->> 'id'", Text)  # word for word, as its index has it
_FIRST_LINE = case((_LETTER.resolution == "discarded", 2), else_=1)


def keep(
    session: Session, source: str, epoch: UUID, event: Mapping[str, Any], error: BaseException, attempts: int = 1
) -> None:
    """Keep an event with the error that its handler raised. Doing it twice changes nothing.

    One that was replayed, then parked, and failed after all is open again.
    """
    values = {
        "source": source,
        "epoch": epoch,
        "seq": event["sequence"],
        "event": jsontext.dumps(event),
        "error": describe(error),
        "fingerprint": fingerprint(error),
        "attempts": attempts,
    }
    session.execute(_KEEP, values)


def _letters() -> Select[*tuple[Any, ...]]:
    plain = ("source", "epoch", "seq", "event", "fingerprint", "attempts", "died_at", "resolved_by", "resolved_at")
    return select(
        *(_LETTER[name] for name in plain),
        cast(_LETTER.event["id"].astext, Uuid).label("id"),
        _LETTER.event["type"].astext.label("type"),
        func.coalesce(_LETTER.resolution, "open").label("state"),
        func.split_part(_LETTER.error, "\n", _FIRST_LINE).label("summary"),
        case((_LETTER.resolution == "discarded", func.split_part(_LETTER.error, "\n", 1))).label("note"),
        func.extract("epoch", func.now() - _LETTER.died_at).label("age"),
    )


def groups(session: Session, *, state: str | None, after: str | None, limit: int) -> Page:
    """Letters counted by fingerprint, type and state: rows with count, summary, first_seen, last_seen."""
    one = _letters().subquery()
    keys = [one.c.fingerprint, one.c.type, one.c.state]
    statement = select(
        *keys,
        func.count().label("count"),
        func.max(one.c.summary).label("summary"),
        func.min(one.c.died_at).label("first_seen"),
        func.max(one.c.died_at).label("last_seen"),
    ).group_by(*keys)
    if state is not None:
        statement = statement.where(one.c.state == state)
    return paged(session, statement, keys, after=after, limit=limit)


def letters(session: Session, *, fingerprint: str | None, state: str | None, after: str | None, limit: int) -> Page:
    """Single letters by source, epoch and sequence."""
    statement = _letters()
    if fingerprint is not None:
        statement = statement.where(_LETTER.fingerprint == fingerprint)
    if state is not None:
        statement = statement.where(func.coalesce(_LETTER.resolution, "open") == state)
    return paged(session, statement, [_LETTER.source, _LETTER.epoch, _LETTER.seq], after=after, limit=limit)


def of(event_id: UUID) -> Select[*tuple[Any, ...]]:
    """Asks for the letter of an event, the open one first."""
    statement = _letters().where(_EVENT_ID == str(event_id))
    return statement.order_by(_LETTER.resolution.is_(None).desc(), _LETTER.died_at).limit(1)


def find(session: Session, event_id: UUID, *, lock: bool = False) -> Any | None:
    """The letter of an event, or None; `lock` keeps others from deciding about it until this transaction ends."""
    statement = of(event_id)
    return session.execute(statement.with_for_update(of=dead_letter) if lock else statement).first()
