"""Consignments with their lines and receipts, blind where they must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, or_, select

from services.inventory.models import (
    Consignment,
    ConsignmentDispatch,
    ConsignmentLine,
    Receipt,
    ReceiptLine,
    open_consignment,
)
from services.inventory.models.base import clock_ahead, code_of
from shared.db import Session
from shared.paging import Page, paged


def listed(
    session: Session, *, place: str | None, outlet: str | None, status: str | None, after: str | None, limit: int
) -> Page:
    """Consignments from or to a place (a code); to an outlet's people (`outlet`) only theirs, and blind."""
    statement = select(Consignment)
    if place is not None:
        codes = [f"workshop/{place}", f"outlet/{place}"]
        statement = statement.where(or_(Consignment.origin.in_(codes), Consignment.destination.in_(codes)))
    if outlet is not None:
        own = f"outlet/{outlet}"
        statement = statement.where(or_(Consignment.origin == own, Consignment.destination == own))
    if status == "received":
        statement = statement.where(exists().where(Receipt.consignment_id == Consignment.id))
    elif status is not None:
        statement = uncounted(statement, status)
    page = paged(session, statement, [Consignment.id], after=after, limit=limit)
    return Page(shown(session, page.items, outlet=outlet), page.next)


def uncounted(statement: Select[*tuple[Any, ...]], status: str) -> Select[*tuple[Any, ...]]:
    """Only those that nobody has counted yet: `draft`, or `dispatched`."""
    sent = open_consignment.c.dispatched_at
    opened = open_consignment.c.consignment_id == Consignment.id
    return statement.join(open_consignment, opened).where(sent.is_(None) if status == "draft" else sent.is_not(None))


def shown(session: Session, consignments: Sequence[Consignment], *, outlet: str | None) -> list[dict[str, Any]]:
    """Consignments as the API shows them.

    To the people of an `outlet` without the names of those inside the wall and, where they are the ones to count,
    without quantities until the first receipt.
    """
    ids = [one.id for one in consignments]
    lines: dict[UUID, list[Any]] = {}
    columns = (ConsignmentLine.consignment_id, ConsignmentLine.sku, ConsignmentLine.lot, ConsignmentLine.quantity)
    wanted = select(*columns).where(ConsignmentLine.consignment_id.in_(ids))  # rows: a page may have many thousand
    for line in session.execute(wanted.order_by(ConsignmentLine.sku, ConsignmentLine.lot)):
        lines.setdefault(line.consignment_id, []).append(line)
    dispatches = select(ConsignmentDispatch).where(ConsignmentDispatch.consignment_id.in_(ids))
    sent = {row.consignment_id: row for row in session.scalars(dispatches)}
    received = set(session.scalars(select(Receipt.consignment_id).where(Receipt.consignment_id.in_(ids))))
    return [_show(one, lines.get(one.id, []), sent.get(one.id), one.id in received, outlet) for one in consignments]


def _show(
    one: Consignment,
    lines: Sequence[Any],
    sent: ConsignmentDispatch | None,
    received: bool,
    outlet: str | None,
) -> dict[str, Any]:
    blind = outlet is not None and outlet == one.to_outlet and not received
    by = {"drafted_by": one.drafted_by, "dispatched_by": sent.dispatched_by if sent else None}
    return {
        "id": one.id,
        "source": code_of(one.origin),
        "outlet": code_of(one.destination),
        "status": "received" if received else "dispatched" if sent else "draft",
        "drafted_at": one.drafted_at,
        "dispatched_at": sent.dispatched_at if sent else None,
        "lines": [
            {"sku": line.sku, "lot": line.lot} | ({} if blind else {"quantity": line.quantity}) for line in lines
        ],
    } | ({} if outlet is not None else by)


def receipts(session: Session, consignment_id: UUID, *, outlet: str | None, after: str | None, limit: int) -> Page:
    """The receipts of a consignment, with their lines."""
    statement = select(Receipt).where(Receipt.consignment_id == consignment_id)
    page = paged(session, statement, [Receipt.id], after=after, limit=limit)
    return Page(shown_receipts(session, page.items, outlet=outlet), page.next)


def shown_receipts(session: Session, found: Sequence[Receipt], *, outlet: str | None) -> list[dict[str, Any]]:
    """Receipts as the API shows them; to an outlet's people without the name of who counted."""
    lines: dict[UUID, list[ReceiptLine]] = {}
    wanted = select(ReceiptLine).where(ReceiptLine.receipt_id.in_([one.id for one in found]))
    for line in session.scalars(wanted.order_by(ReceiptLine.sku, ReceiptLine.lot)):
        lines.setdefault(line.receipt_id, []).append(line)
    return [
        {
            "id": one.id,
            "consignment_id": one.consignment_id,
            "received_at": one.received_at,
            "effective_at": one.effective_at,
            "ahead": clock_ahead(one.received_at, one.posted_at),
            "signed_by": one.signed_by,
            "lines": lines.get(one.id, []),
        }
        | ({} if outlet is not None else {"received_by": one.received_by})
        for one in found
    ]
