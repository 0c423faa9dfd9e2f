"""What in inventory needs a person, and what lies where, in few rows: of all places, or of one outlet's."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, or_, select

from services.inventory.models import (
    Discrepancy,
    Lot,
    LotRecall,
    Product,
    open_consignment,
    open_output,
    stock_balance,
)
from services.inventory.models.base import TRANSIT, VIRTUAL, outlet_location
from services.inventory.queries.lots import skill_withdrawn
from shared.db import Session

#: So long before the last day of sale it is time to sell cheaper or to send elsewhere.
SOON = timedelta(days=2)
#: What may be the matter with goods that lie somewhere, the gravest first.
KINDS = ("recalled", "expired", "negative", "flagged", "expiring")
_HELD = stock_balance.c


def _here(outlet: str | None) -> ColumnElement[bool]:
    if outlet is not None:
        return _HELD.location == outlet_location(outlet)
    return _HELD.location.not_in(VIRTUAL - {TRANSIT})


def _touches(outlet: str | None, ends: Any) -> list[ColumnElement[bool]]:
    """The condition that an outlet sends or receives; none where all may be seen."""
    own = outlet_location(outlet) if outlet is not None else None
    return [] if own is None else [or_(ends.origin == own, ends.destination == own)]


def undecided_outputs(session: Session) -> Any:
    """`{count, since}` of outputs that nobody has accepted or rejected."""
    since = func.min(open_output.c.received_at).label("since")
    return session.execute(select(func.count().label("count"), since).select_from(open_output)).one()


def _underway(outlet: str | None) -> Select[*tuple[Any, ...]]:
    left = open_consignment.c
    note = (left.consignment_id.label("id"), left.origin, left.destination, left.drafted_at, left.dispatched_at)
    return select(*note).where(left.dispatched_at.is_not(None), *_touches(outlet, left))


def underway(session: Session, *, outlet: str | None, limit: int) -> tuple[int, list[Any]]:
    """Consignments that left and were not counted yet: how many, and those longest under way."""
    found = _underway(outlet)
    count = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    return count, list(session.execute(found.order_by(open_consignment.c.dispatched_at).limit(limit)))


def differences(session: Session, *, outlet: str | None, limit: int) -> tuple[int, list[Discrepancy]]:
    """Open discrepancies: how many, and those longest open."""
    found = select(Discrepancy).where(Discrepancy.open != 0, *_touches(outlet, Discrepancy))
    count = session.scalar(select(func.count()).select_from(found.subquery())) or 0
    return count, list(session.scalars(found.order_by(Discrepancy.since).limit(limit)))


def _concerns(outlet: str | None, today: date) -> Select[Any]:
    left, day = _HELD.on_hand > 0, Lot.expires_on
    kinds = [
        (and_(left, LotRecall.lot.is_not(None)), "recalled"),
        (and_(left, day < today), "expired"),
        (_HELD.on_hand < 0, "negative"),
        (and_(left, day <= today + SOON), "expiring"),
    ]
    if outlet is None:  # whose certificate was withdrawn stays inside
        kinds.append((and_(left, Lot.code.is_not(None), skill_withdrawn()), "flagged"))
    kind = case(*kinds).label("kind")
    statement = select(_HELD.location, _HELD.sku, _HELD.lot, _HELD.on_hand, day, kind)
    statement = statement.outerjoin(Lot, Lot.code == _HELD.lot).outerjoin(LotRecall, LotRecall.lot == _HELD.lot)
    return statement.where(_HELD.on_hand != 0, _here(outlet))


def concerns(session: Session, *, outlet: str | None, today: date, limit: int) -> tuple[dict[str, int], list[Any]]:
    """Goods with something the matter: how many shelves of each kind, and rows `{location, sku, lot, …, kind}`."""
    found = _concerns(outlet, today).subquery()
    amiss = select(found).where(found.c.kind.is_not(None))
    counted = select(found.c.kind, func.count().label("shelves")).where(found.c.kind.is_not(None))
    counts: dict[str, int] = {row.kind: row.shelves for row in session.execute(counted.group_by(found.c.kind))}
    gravest = func.array_position(list(KINDS), found.c.kind)
    rows = session.execute(amiss.order_by(gravest, found.c.expires_on, found.c.location, found.c.lot).limit(limit))
    return {kind: counts[kind] for kind in KINDS if kind in counts}, list(rows)


def by_place(session: Session, *, outlet: str | None) -> list[Any]:
    """Rows `{location, products, lots, on_hand, value}`; value in rupiah at list price."""
    value = func.sum(func.coalesce(_HELD.on_hand * Product.list_price, Decimal(0)))
    statement = (
        select(
            _HELD.location,
            func.count(_HELD.sku.distinct()).label("products"),
            func.count(_HELD.lot).label("lots"),
            func.sum(_HELD.on_hand).label("on_hand"),
            cast(func.round(value), BigInteger).label("value"),
        )
        .outerjoin(Product, Product.sku == _HELD.sku)
        .where(_HELD.on_hand != 0, _here(outlet))
        .group_by(_HELD.location)
    )
    return list(session.execute(statement.order_by(func.sum(_HELD.on_hand).desc(), _HELD.location)))


def everything(session: Session, *, outlet: str | None) -> list[Any]:
    """Every shelf's row `{location, sku, lot, expires_on, on_hand}`, to take away."""
    statement = select(_HELD.location, _HELD.sku, _HELD.lot, Lot.expires_on, _HELD.on_hand)
    statement = statement.outerjoin(Lot, Lot.code == _HELD.lot).where(_HELD.on_hand != 0, _here(outlet))
    return list(session.execute(statement.order_by(_HELD.location, _HELD.sku, Lot.expires_on, _HELD.lot)))
