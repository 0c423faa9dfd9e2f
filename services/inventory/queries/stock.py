"""Stock and ledger, and where a lot went."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, or_, select

from services.inventory.models import Lot, LotRecall, stock_balance, stock_move
from services.inventory.models.base import PRODUCTION, TRANSIT, VIRTUAL
from shared.db import Session
from shared.paging import Page, paged


def _places(code: str) -> list[str]:
    return [code] if code in VIRTUAL else [f"workshop/{code}", f"outlet/{code}"]


def balances(
    session: Session,
    *,
    location: str | None,
    outlet: str | None,
    sku: str | None,
    lot: str | None,
    after: str | None,
    limit: int,
) -> Page:
    """What is where; to an outlet's people (`outlet`) only what is theirs. Balances of nought are left out."""
    columns = stock_balance.c
    lot_key = func.coalesce(columns.lot, "").label("lot_key")
    statement = select(columns.location, columns.sku, columns.lot, columns.on_hand, lot_key).where(columns.on_hand != 0)
    if location is not None:
        statement = statement.where(columns.location.in_(_places(location)))
    if outlet is not None:
        statement = statement.where(columns.location == f"outlet/{outlet}")
    for column, value in ((columns.sku, sku), (columns.lot, lot)):
        if value is not None:
            statement = statement.where(column == value)
    return paged(session, statement, [columns.location, columns.sku, lot_key], after=after, limit=limit)


def shelves(session: Session, *, location: str | None, sku: str | None, after: str | None, limit: int) -> Page:
    """What lies in workshops and outlets and is on its way (or at the one location given), with best-before days."""
    held = stock_balance.c
    lot_key = func.coalesce(held.lot, "").label("lot_key")
    statement = (
        select(held.location, held.sku, held.lot, held.on_hand, lot_key, Lot.expires_on, LotRecall.recalled_at)
        .outerjoin(Lot, Lot.code == held.lot)
        .outerjoin(LotRecall, LotRecall.lot == held.lot)
        .where(held.on_hand != 0)
    )
    if location is not None:
        statement = statement.where(held.location == location)
    else:
        statement = statement.where(held.location.not_in(VIRTUAL - {TRANSIT}))
    if sku is not None:
        statement = statement.where(held.sku == sku)
    return paged(session, statement, [held.location, held.sku, lot_key], after=after, limit=limit)


def stocked(session: Session) -> Sequence[str]:
    """The products of which something lies somewhere."""
    held = stock_balance.c
    wanted = select(held.sku).where(held.on_hand != 0, held.location.not_in(VIRTUAL - {TRANSIT}))
    return session.scalars(wanted.distinct()).all()


def moves(
    session: Session, *, location: str | None, sku: str | None, lot: str | None, after: str | None, limit: int
) -> Page:
    """The ledger, in the order of posting."""
    columns = stock_move.c
    statement: Select[Any] = select(stock_move)
    if location is not None:
        places = _places(location)
        statement = statement.where(or_(columns.source.in_(places), columns.target.in_(places)))
    for column, value in ((columns.sku, sku), (columns.lot, lot)):
        if value is not None:
            statement = statement.where(column == value)
    return paged(session, statement, [columns.id], after=after, limit=limit)


def trace(session: Session, lot: Lot, *, after: str | None, limit: int) -> dict[str, Any]:
    """A lot from its output to its buyers: each step summed by document, and where it is now. Never the makers.

    The steps come page by page, in the order of their posting: a lot may be sold ten thousand times.
    """
    columns = stock_move.c
    document = (columns.document_kind, columns.document_id, columns.source, columns.target)
    sums = (func.sum(columns.quantity).label("quantity"), func.min(columns.moved_at).label("moved_at"))
    grouped = select(*document, *sums, func.min(columns.id).label("id")).where(columns.lot == lot.code)
    step = grouped.group_by(*document).subquery()
    steps = paged(session, select(step), [step.c.id], after=after, limit=limit)
    where = session.execute(
        select(stock_balance.c.location, stock_balance.c.on_hand)
        .where(stock_balance.c.lot == lot.code, stock_balance.c.location != PRODUCTION, stock_balance.c.on_hand != 0)
        .order_by(stock_balance.c.location)
    ).all()
    made = select(func.sum(columns.quantity)).where(columns.lot == lot.code, columns.source == PRODUCTION)
    recall = session.get(LotRecall, lot.code)
    return {
        "lot": lot.code,
        "sku": lot.sku,
        "workshop": lot.workshop,
        "output_id": lot.output_id,
        "made_on": lot.made_on,
        "expires_on": lot.expires_on,
        "recalled_at": recall.recalled_at if recall else None,
        "made": session.scalar(made) or Decimal(0),
        "accounted": sum((row.on_hand for row in where), Decimal(0)),
        "where": where,
        "steps": steps.items,
        "next": steps.next,
    }
