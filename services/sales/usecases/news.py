"""What inventory tells: products, lots, goods. Projections, and the oddities that the news explains or reveals.

Each piece of news enters alone, before it touches a row: one batch holds several, and taking the gate after a shelf
would dead-lock with a register that waits for that shelf.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from services.sales.models import (
    Lot,
    LotAssignment,
    LotRecall,
    Product,
    ProductPrice,
    SaleLine,
    StockChange,
    WorkItem,
    received_line,
)
from services.sales.usecases import gates, work_items
from services.sales.usecases.shelves import Change, change_shelves
from shared.db import Session
from shared.events.inventory import ConsignmentReceived, LotCreated, LotRecalled, ProductPublished, StockMoved


def hear_of_product(session: Session, event: ProductPublished) -> None:
    """Keep the newest version, and every list price."""
    gates.enter_with_news(session)
    values = {
        "name_id": event.name.id,
        "name_en": event.name.en,
        "workshop": event.workshop,
        "category": event.category,
        "unit": event.unit,
        "list_price": event.list_price,
        "active": event.active,
        "version": event.version,
    }
    statement = insert(Product).values(sku=event.sku, **values)
    newer = Product.version < statement.excluded.version
    session.execute(statement.on_conflict_do_update(index_elements=[Product.sku], set_=values, where=newer))
    price = {"sku": event.sku, "version": event.version, "list_price": event.list_price}
    session.execute(insert(ProductPrice).values(**price).on_conflict_do_nothing())
    odd = select(WorkItem.sale_id).where(WorkItem.sku == event.sku, WorkItem.closed_at.is_(None))
    _reconsider(session, odd.where(WorkItem.code.in_(["unknown-sku", "price-differs"])))


def hear_of_lot(session: Session, event: LotCreated) -> None:
    """A lot exists, and until when it may be sold."""
    gates.enter_with_news(session)
    values = {
        "code": event.lot,
        "sku": event.sku,
        "workshop": event.workshop,
        "made_on": event.made_on,
        "expires_on": event.expires_on,
    }
    session.execute(insert(Lot).values(**values).on_conflict_do_nothing())
    odd = select(WorkItem.sale_id).where(WorkItem.lot == event.lot, WorkItem.closed_at.is_(None))
    _reconsider(session, odd.where(WorkItem.code == "unknown-lot"))


def hear_of_recall(session: Session, event: LotRecalled) -> None:
    """A lot may not be sold from now on; who sold it since has something to do."""
    gates.enter_with_news(session)
    values = {
        "lot": event.lot,
        "sku": event.sku,
        "reason_code": event.reason_code,
        "recalled_at": event.recalled_at,
    }
    session.execute(insert(LotRecall).values(**values).on_conflict_do_nothing())
    sold = select(SaleLine.sale_id).where(SaleLine.lot == event.lot)
    assigned = select(LotAssignment.sale_id).where(LotAssignment.lot == event.lot)
    _reconsider(
        session, select(SaleLine.sale_id).where(or_(SaleLine.sale_id.in_(sold), SaleLine.sale_id.in_(assigned)))
    )


def _reconsider(session: Session, statement: object) -> None:
    ids: set[UUID] = {found for found in session.scalars(statement) if found is not None}  # type: ignore[call-overload]
    work_items.reconsider(session, sorted(ids))


def receive_goods(session: Session, event: ConsignmentReceived) -> None:
    """Goods are on the shelf, by the outlet's own count."""
    gates.enter_with_news(session)
    rows = [
        {"receipt_id": event.receipt_id, "outlet": event.outlet, "sku": line.sku, "lot": line.lot, "good": line.good}
        for line in event.lines
    ]
    if not rows:
        return
    table = received_line.c
    statement = insert(received_line).values(rows).on_conflict_do_nothing()
    new = session.execute(statement.returning(table.outlet, table.sku, table.lot, table.good)).all()
    change_shelves(session, [Change(row.outlet, row.sku, row.lot, row.good) for row in new])


def hear_of_move(session: Session, event: StockMoved) -> None:
    """Goods left or came by something other than a sale."""
    gates.enter_with_news(session)
    values = {
        "move_id": event.move_id,
        "outlet": event.outlet,
        "sku": event.sku,
        "lot": event.lot,
        "delta": event.delta,
        "reason_code": event.reason_code,
    }
    posted = insert(StockChange).values(**values).on_conflict_do_nothing().returning(StockChange.move_id)
    if session.execute(posted).first() is not None:
        change_shelves(session, [Change(event.outlet, event.sku, event.lot, event.delta)])
