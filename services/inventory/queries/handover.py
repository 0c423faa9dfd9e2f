"""Consignments as the people who send them look at them: the latest first, with their receipts and differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from services.inventory.models import (
    Consignment,
    ConsignmentLine,
    Discrepancy,
    DiscrepancyResolution,
    Lot,
    LotRecall,
    Receipt,
    stock_balance,
)
from services.inventory.models.base import latest_first
from services.inventory.queries import consignments
from shared.db import Session
from shared.paging import Page, paged


def newest(session: Session, *, state: str | None, after: str | None, limit: int) -> Page:
    """Consignments, the latest first; `state`: draft, dispatched, received, or open (with an open difference)."""
    counted = exists().where(Receipt.consignment_id == Consignment.id)
    differs = exists().where(Discrepancy.consignment_id == Consignment.id, Discrepancy.open != 0)
    latest = latest_first("consignment.drafted_at")
    statement = select(Consignment, latest, Consignment.id.label("id"), differs.label("differs"))
    if state in {"draft", "dispatched"}:
        statement = consignments.uncounted(statement, state)
    elif state is not None:
        statement = statement.where(counted if state == "received" else differs)
    page = paged(session, statement, [latest, Consignment.id], after=after, limit=limit)
    shown = consignments.shown(session, [row.Consignment for row in page.items], outlet=None)
    rows = [
        _with_ends(one, row.Consignment) | {"differs": row.differs} for one, row in zip(shown, page.items, strict=True)
    ]
    return Page(rows, page.next)


def _with_ends(shown: dict[str, Any], one: Consignment) -> dict[str, Any]:
    return shown | {"origin": one.origin, "destination": one.destination}


def whole(session: Session, consignment: Consignment) -> dict[str, Any]:
    """One consignment with its `receipts` (the first first), its `differences` and what was `settled` of them."""
    counts = select(Receipt).where(Receipt.consignment_id == consignment.id).order_by(Receipt.posted_at, Receipt.id)
    found = session.scalars(counts).all()
    differences = select(Discrepancy).where(Discrepancy.consignment_id == consignment.id)
    return _with_ends(consignments.shown(session, [consignment], outlet=None)[0], consignment) | {
        "receipts": consignments.shown_receipts(session, found, outlet=None),
        "differences": session.scalars(differences.order_by(Discrepancy.sku, Discrepancy.lot)).all(),
        "settled": _settled(session, consignment.id),
        "lots": {lot.code: lot for lot in session.scalars(_lots_of(consignment.id))},
    }


def _lots_of(consignment_id: UUID) -> Any:
    named = select(ConsignmentLine.lot).where(ConsignmentLine.consignment_id == consignment_id)
    return select(Lot).where(Lot.code.in_(named))


def _settled(session: Session, consignment_id: UUID) -> Sequence[DiscrepancyResolution]:
    statement = select(DiscrepancyResolution).join(Discrepancy).where(Discrepancy.consignment_id == consignment_id)
    return session.scalars(statement.order_by(DiscrepancyResolution.resolved_at)).all()


def shelf(session: Session, location: str, *, limit: int = 500) -> Sequence[Any]:
    """The lots on a shelf, first expired first: sku, lot, on_hand, expires_on, recalled_at."""
    held = stock_balance.c
    statement = (
        select(held.sku, held.lot, held.on_hand, Lot.expires_on, LotRecall.recalled_at)
        .outerjoin(Lot, Lot.code == held.lot)
        .outerjoin(LotRecall, LotRecall.lot == held.lot)
        .where(held.location == location, held.on_hand > 0)
    )
    order = (Lot.expires_on.asc().nulls_last(), Lot.made_on.asc().nulls_last(), held.sku, held.lot)
    return session.execute(statement.order_by(*order).limit(limit)).all()
