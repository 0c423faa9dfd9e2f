"""Work items and quarantine, for those who must act."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from services.sales.models import Lot, Quarantine, WorkItem, outlet_stock
from shared.db import Session
from shared.paging import Page, paged


def _with_age() -> Select[*tuple[Any, ...]]:
    age = func.extract("epoch", func.coalesce(WorkItem.closed_at, func.now()) - WorkItem.opened_at).label("age")
    return select(*WorkItem.__table__.columns, age)


def with_age(session: Session, item_id: UUID) -> Any:
    """One work item with its age in seconds."""
    return session.execute(_with_age().where(WorkItem.id == item_id)).one()


def work_items(
    session: Session, *, outlet: str | None, code: str | None, state: str | None, after: str | None, limit: int
) -> Page:
    """Work items by id, with their age in seconds."""
    statement = _with_age()
    if outlet is not None:
        statement = statement.where(WorkItem.outlet == outlet)
    if code is not None:
        statement = statement.where(WorkItem.code == code)
    if state is not None:
        statement = statement.where(
            WorkItem.closed_at.is_(None) if state == "open" else WorkItem.closed_at.is_not(None)
        )
    return paged(session, statement, [WorkItem.id], after=after, limit=limit)


def open_items(session: Session, *, outlet: str | None, code: str | None, after: str | None, limit: int) -> Page:
    """Open work items, the oldest first."""
    statement = select(WorkItem).where(WorkItem.closed_at.is_(None))
    if outlet is not None:
        statement = statement.where(WorkItem.outlet == outlet)
    if code is not None:
        statement = statement.where(WorkItem.code == code)
    return paged(session, statement, [WorkItem.opened_at, WorkItem.id], after=after, limit=limit)


def lots_for(session: Session, *, outlet: str, sku: str) -> list[Any]:
    """The lots of a product that an outlet has or had, `{lot, expires_on, on_hand}`; the fullest first."""
    shelf = outlet_stock.c
    statement = (
        select(shelf.lot, Lot.expires_on, shelf.on_hand)
        .outerjoin(Lot, Lot.code == shelf.lot)
        .where(shelf.outlet == outlet, shelf.sku == sku, shelf.lot.is_not(None))
    )
    return list(session.execute(statement.order_by(shelf.on_hand.desc(), shelf.lot).limit(100)))


def quarantine(session: Session, *, outlet: str | None, state: str | None, after: str | None, limit: int) -> Page:
    """Quarantined items by id."""
    statement = select(Quarantine)
    if outlet is not None:
        statement = statement.where(Quarantine.outlet == outlet)
    if state is not None:
        resolved = Quarantine.resolved_at
        statement = statement.where(resolved.is_(None) if state == "open" else resolved.is_not(None))
    return paged(session, statement, [Quarantine.id], after=after, limit=limit)
