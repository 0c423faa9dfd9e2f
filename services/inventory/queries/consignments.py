"""Consignments with their lines and receipts, blind where they must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from services.inventory.models import Consignment, ConsignmentDispatch, ConsignmentLine, Receipt, ReceiptLine
from services.inventory.models.base import code_of
from shared.db import Page, Session, paged


def listed(
    session: Session, *, place: str | None, outlet: str | None, blind: bool, after: str | None, limit: int
) -> Page:
    """Consignments from or to a place (a code), and, for an outlet's own people, only those of their outlet."""
    statement = select(Consignment)
    if place is not None:
        codes = [f"workshop/{place}", f"outlet/{place}"]
        statement = statement.where(or_(Consignment.origin.in_(codes), Consignment.destination.in_(codes)))
    if outlet is not None:
        own = f"outlet/{outlet}"
        statement = statement.where(or_(Consignment.origin == own, Consignment.destination == own))
    page = paged(session, statement, [Consignment.id], after=after, limit=limit)
    return Page(shown(session, page.items, blind=blind), page.next)


def shown(session: Session, consignments: Sequence[Consignment], *, blind: bool) -> list[dict[str, Any]]:
    """Consignments as the API shows them; `blind`: without quantities until the first receipt."""
    ids = [one.id for one in consignments]
    lines: dict[UUID, list[ConsignmentLine]] = {}
    wanted = select(ConsignmentLine).where(ConsignmentLine.consignment_id.in_(ids))
    for line in session.scalars(wanted.order_by(ConsignmentLine.sku, ConsignmentLine.lot)):
        lines.setdefault(line.consignment_id, []).append(line)
    sent = {row.consignment_id: row for row in session.scalars(_of(ConsignmentDispatch, ids))}
    received = set(session.scalars(select(Receipt.consignment_id).where(Receipt.consignment_id.in_(ids))))
    return [_show(one, lines.get(one.id, []), sent.get(one.id), one.id in received, blind) for one in consignments]


def _of(model: Any, ids: Sequence[UUID]) -> Any:
    return select(model).where(model.consignment_id.in_(ids))


def _show(
    one: Consignment, lines: Sequence[ConsignmentLine], sent: ConsignmentDispatch | None, received: bool, blind: bool
) -> dict[str, Any]:
    hidden = blind and not received
    return {
        "id": one.id,
        "source": code_of(one.origin),
        "outlet": code_of(one.destination),
        "status": "received" if received else "dispatched" if sent else "draft",
        "drafted_at": one.drafted_at,
        "dispatched_at": sent.dispatched_at if sent else None,
        "lines": [
            {"sku": line.sku, "lot": line.lot} | ({} if hidden else {"quantity": line.quantity}) for line in lines
        ],
    }


def receipts(session: Session, consignment_id: UUID, *, after: str | None, limit: int) -> Page:
    """The receipts of a consignment, with their lines."""
    statement = select(Receipt).where(Receipt.consignment_id == consignment_id)
    page = paged(session, statement, [Receipt.id], after=after, limit=limit)
    return Page([shown_receipt(session, receipt) for receipt in page.items], page.next)


def shown_receipt(session: Session, receipt: Receipt) -> dict[str, Any]:
    """One receipt as the API shows it."""
    lines = session.scalars(select(ReceiptLine).filter_by(receipt_id=receipt.id).order_by(ReceiptLine.sku)).all()
    return {
        "id": receipt.id,
        "consignment_id": receipt.consignment_id,
        "received_at": receipt.received_at,
        "lines": lines,
    }
