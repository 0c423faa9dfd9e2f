"""Items that could not be read are kept as they came, until they come well-formed or a person has looked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import exists, update
from sqlalchemy.dialects.postgresql import insert

from services.sales.models import Quarantine, Sale, SaleReturn
from shared.batches import Item
from shared.clock import now
from shared.db import Session
from shared.errors import Conflict, NotFound
from shared.jsontext import Unreadable

_MAX_NUMBER = 10**12
_MARK = "\ue000"  # a character for private use: marks a number's digits on their way through the JSON writer
_MARKED = re.compile(r'"\\ue000([-+.0-9eE]+)\\ue000"')


class AlreadyResolved(Conflict):
    code = "already-resolved"
    title = "This item was dealt with otherwise"


def keep(session: Session, *, kind: str, register: str, outlet: str, items: Sequence[Item]) -> None:
    """Keep the malformed ones among items with their errors. The same again is kept once.

    One whose id is recorded already, well-formed, has been dealt with: whichever of the two comes first.
    """
    rows = [_row(item) for item in items if item.loaded is None]
    values = [row | {"kind": kind, "register": register, "outlet": outlet} for row in rows]
    session.execute(insert(Quarantine).values(values).on_conflict_do_nothing())
    model = Sale if kind == "sale" else SaleReturn
    recorded = exists().where(model.id == Quarantine.item_id, model.register == Quarantine.register)
    _release(session, kind, register, {row["item_id"] for row in rows if row["item_id"]}, recorded)


def _row(item: Item) -> dict[str, Any]:
    raw = _as_text(item.raw)
    return {
        "item_id": _uuid(item.id),
        "register_no": number_of(item.raw),
        "raw": raw,
        "raw_hash": hashlib.sha256(raw.encode()).digest(),
        "errors": printable_errors(item),
    }


def _as_text(raw: Any) -> str:
    """The item as JSON, its numbers digit by digit. ASCII with escapes: PostgreSQL cannot store NUL nor half a pair."""

    def digits(value: Decimal | Unreadable) -> str:
        return f"{_MARK}{value.text if isinstance(value, Unreadable) else value}{_MARK}"

    try:
        return _MARKED.sub(r"\1", json.dumps(raw, default=digits, sort_keys=True))
    except RecursionError:
        return '"nested too deeply to be kept"'


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def number_of(raw: Any) -> int | None:
    """The register number that an unreadable item claims, when it claims one."""
    number = raw.get("register_no") if isinstance(raw, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 < number < _MAX_NUMBER else None


def printable(text: str) -> str:
    """Text that PostgreSQL can store and UTF-8 can carry: no NUL, no half of a surrogate pair."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def printable_errors(item: Item) -> dict[str, list[str]]:
    """The errors by field path; a path holds whatever name an unknown field has."""
    return {printable(path)[:200]: [printable(text) for text in texts] for path, texts in item.errors.items()}


def release_returns(session: Session, *, register: str, ids: Collection[UUID]) -> None:
    """These returns came well-formed and are recorded. (`record_sales` releases sales.)"""
    recorded = exists().where(SaleReturn.id == Quarantine.item_id, SaleReturn.register == Quarantine.register)
    _release(session, "return", register, ids, recorded)


def _release(session: Session, kind: str, register: str, ids: Collection[UUID], recorded: Any) -> None:
    if ids:
        mine = (Quarantine.kind == kind, Quarantine.register == register, Quarantine.resolved_at.is_(None))
        statement = update(Quarantine).where(Quarantine.item_id.in_(ids), *mine, recorded)
        session.execute(
            statement.values(resolved_at=now(), resolved_by="recorded"),
            execution_options={"synchronize_session": False},
        )


def resolve(session: Session, *, quarantine_id: UUID, note: str, resolved_by: str) -> Quarantine:
    """A person has dealt with it. Repeating it changes nothing. Raises NotFound, AlreadyResolved."""
    found = session.get(Quarantine, quarantine_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("Nothing of that id is in quarantine.")
    if found.resolved_at is not None and found.note != note:
        raise AlreadyResolved
    if found.resolved_at is None:
        found.resolved_at, found.resolved_by, found.note = now(), resolved_by, note
    return found
