"""Open differences, computed from what was sent, counted and resolved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, func, select

from services.inventory.models import (
    Consignment,
    ConsignmentLine,
    Discrepancy,
    DiscrepancyResolution,
    Receipt,
    ReceiptLine,
)
from shared.db import Page, Session, paged

_NOUGHT = Decimal(0)


def _same_lot(table: Any) -> Any:
    return and_(table.sku == Discrepancy.sku, table.lot.is_not_distinct_from(Discrepancy.lot))


def _figures() -> Select[*tuple[Any, ...]]:
    """One row per counted line: sent = good + damaged + short − surplus holds in each."""
    sent = (
        select(func.coalesce(func.sum(ConsignmentLine.quantity), _NOUGHT))
        .where(ConsignmentLine.consignment_id == Discrepancy.consignment_id, _same_lot(ConsignmentLine))
        .scalar_subquery()
    )
    counted = (
        select(ReceiptLine)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .where(Receipt.consignment_id == Discrepancy.consignment_id, _same_lot(ReceiptLine))
        .correlate(Discrepancy)
    )
    good = counted.with_only_columns(func.coalesce(func.sum(ReceiptLine.good), _NOUGHT)).scalar_subquery()
    damaged = counted.with_only_columns(func.coalesce(func.sum(ReceiptLine.damaged), _NOUGHT)).scalar_subquery()
    resolved = (
        select(func.coalesce(func.sum(DiscrepancyResolution.quantity), _NOUGHT))
        .where(DiscrepancyResolution.discrepancy_id == Discrepancy.id)
        .scalar_subquery()
    )
    since = (
        select(func.max(Receipt.posted_at))
        .where(Receipt.consignment_id == Discrepancy.consignment_id)
        .scalar_subquery()
    )
    return select(
        Discrepancy.id,
        Discrepancy.consignment_id,
        Discrepancy.sku,
        Discrepancy.lot,
        Consignment.origin,
        Consignment.destination,
        sent.label("sent"),
        good.label("good"),
        damaged.label("damaged"),
        resolved.label("resolved"),
        since.label("since"),
        func.extract("epoch", func.now() - since).label("age"),
    ).join(Consignment, Consignment.id == Discrepancy.consignment_id)


def open_quantity(session: Session, found: Discrepancy) -> Decimal:
    """What is open of a line: above nought is missing, below nought is too much."""
    row = session.execute(_figures().where(Discrepancy.id == found.id)).one()
    return Decimal(row.sent - row.good - row.damaged - row.resolved)


def listed(
    session: Session, *, outlet: str | None, workshop: str | None, state: str | None, after: str | None, limit: int
) -> Page:
    """The lines whose count differs from what was sent, by state: open or resolved."""
    inner = _figures().subquery()
    rest = inner.c.sent - inner.c.good - inner.c.damaged - inner.c.resolved
    statement = select(inner, rest.label("open")).where(inner.c.sent != inner.c.good + inner.c.damaged)
    if state:
        statement = statement.where(rest != 0 if state == "open" else rest == 0)
    for kind, code in (("outlet", outlet), ("workshop", workshop)):
        if code is not None:
            place = f"{kind}/{code}"
            statement = statement.where((inner.c.origin == place) | (inner.c.destination == place))
    return paged(session, statement, [inner.c.id], after=after, limit=limit)


def one(session: Session, discrepancy_id: Any) -> Any:
    """One line with its figures, or None."""
    inner = _figures().subquery()
    rest = (inner.c.sent - inner.c.good - inner.c.damaged - inner.c.resolved).label("open")
    return session.execute(select(inner, rest).where(inner.c.id == discrepancy_id)).first()
