"""What consignments, receipts and write-offs have in common: lines, lots, turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select, text

from services.inventory.models import Lot
from shared.db import Session
from shared.errors import Conflict, Invalid

_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")


class RecorderIsApprover(Conflict):
    code = "recorder-is-approver"
    title = "Who recorded it cannot approve it"


def take_turn(session: Session, document: UUID) -> None:
    """Until this transaction ends, nobody else works on this document (posted rows cannot be locked themselves)."""
    session.execute(_TURN, {"name": str(document)})


def line_id(document: UUID, sku: str, lot: str | None) -> UUID:
    """The id of a document's line for a lot: always the same, so that a line can be posted once only."""
    return uuid5(document, f"{sku}/{lot or ''}")


def with_ids(document: UUID, lines: Sequence[Mapping[str, Any]], **owner: UUID) -> list[dict[str, Any]]:
    """Lines as they are stored: with their own id and that of the document (`write_off_id=…`)."""
    return [{**line, **owner, "id": line_id(document, line["sku"], line["lot"])} for line in lines]


def check_lots(session: Session, lines: Sequence[Mapping[str, Any]], *, must_be_ours: bool) -> None:
    """Refuse (Invalid) a lot of another product; with `must_be_ours` also one not heard of, or none at all."""
    named = [line["lot"] for line in lines if line["lot"] is not None]
    skus = {lot.code: lot.sku for lot in session.scalars(select(Lot).where(Lot.code.in_(named)))}
    wrong = {
        f"lines.{index}.lot": ["No such lot of this product."]
        for index, line in enumerate(lines)
        if skus.get(line["lot"], None if must_be_ours else line["sku"]) != line["sku"]
    }
    if wrong:
        raise Invalid(wrong)
