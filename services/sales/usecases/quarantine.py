"""Items that could not be read are kept as they came, until they come well-formed or a person has looked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from services.sales.models import Quarantine
from shared import jsontext
from shared.batches import Item
from shared.clock import now
from shared.db import Session
from shared.errors import Conflict, NotFound

_MAX_NUMBER = 10**12


class AlreadyResolved(Conflict):
    code = "already-resolved"
    title = "This item was dealt with otherwise"


def keep(session: Session, *, kind: str, register: str, outlet: str, item: Item) -> None:
    """Keep a malformed item with its errors. The same again is kept once."""
    raw = _as_text(item.raw)
    values = {
        "kind": kind,
        "register": register,
        "outlet": outlet,
        "item_id": _uuid(item.id),
        "register_no": number_of(item.raw),
        "raw": raw,
        "raw_hash": hashlib.sha256(raw.encode()).digest(),
        "errors": item.errors,
    }
    session.execute(insert(Quarantine).values(**values).on_conflict_do_nothing())


def _as_text(raw: Any) -> str:
    # ASCII with escapes: PostgreSQL cannot store NUL, nor half a surrogate pair.
    return json.dumps(raw, default=jsontext.number, sort_keys=True)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def number_of(raw: Any) -> int | None:
    """The register number that an unreadable item claims, when it claims one."""
    number = raw.get("register_no") if isinstance(raw, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number < _MAX_NUMBER else None


def release(session: Session, ids: Collection[UUID]) -> None:
    """The items came well-formed and are recorded."""
    if ids:
        statement = update(Quarantine).where(Quarantine.item_id.in_(ids), Quarantine.resolved_at.is_(None))
        session.execute(statement.values(resolved_at=now(), resolved_by="recorded"))


def resolve(session: Session, *, quarantine_id: UUID, note: str, resolved_by: str) -> Quarantine:
    """A person has dealt with it. Repeating it changes nothing. Raises NotFound, AlreadyResolved."""
    found = session.get(Quarantine, quarantine_id, with_for_update=True)
    if found is None:
        raise NotFound("Nothing of that id is in quarantine.")
    if found.resolved_at is not None and found.note != note:
        raise AlreadyResolved
    if found.resolved_at is None:
        found.resolved_at, found.resolved_by, found.note = now(), resolved_by, note
    return found
