"""Outlets, registers and prices; a code may be named before it is described."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from services.sales.models import Outlet, Price, Register, Sale, SaleLine, WorkItem
from services.sales.usecases import gates, work_items
from shared.db import Session
from shared.errors import Forbidden
from shared.events.sales import OutletOpened
from shared.messaging import publish


class WrongOutlet(Forbidden):
    title = "The register stands in another outlet than the token's"


def put_outlet(
    session: Session, *, code: str, name: str, kind: str, opens_on: date | None, closes_on: date | None
) -> tuple[Outlet, bool]:
    """Create or change an outlet, and announce it when that changed anything; (outlet, whether it is new)."""
    values = {"name": name, "kind": kind, "opens_on": opens_on, "closes_on": closes_on, "placeholder": False}
    made = insert(Outlet).values(code=code, version=1, **values).on_conflict_do_nothing().returning(Outlet)
    if (new := session.scalars(made).one_or_none()) is not None:
        publish(session, _opened(new))
        return new, True
    outlet = session.get_one(Outlet, code, with_for_update=True)
    was_placeholder = outlet.placeholder
    if _change(outlet, values):
        publish(session, _opened(outlet))
    return outlet, was_placeholder


def put_register(session: Session, *, code: str, outlet: str, name: str) -> tuple[Register, bool]:
    """Create or change a register; (register, whether it is new)."""
    mention_outlet(session, outlet)
    values = {"outlet": outlet, "name": name, "placeholder": False}
    made = insert(Register).values(code=code, version=1, **values).on_conflict_do_nothing().returning(Register)
    if (new := session.scalars(made).one_or_none()) is not None:
        return new, True
    register = session.get_one(Register, code, with_for_update=True)
    was_placeholder = register.placeholder
    _change(register, values)
    return register, was_placeholder


def put_price(
    session: Session, *, sku: str, outlet: str | None, price: int, valid_from: datetime
) -> tuple[Price, bool]:
    """Set a price from a moment on; (price, whether it is new). Sales already recorded are judged by it too."""
    gates.enter_with_news(session)
    if outlet is not None:
        mention_outlet(session, outlet)
    key = {"sku": sku, "outlet": outlet, "valid_from": valid_from}
    made = insert(Price).values(**key, price=price, version=1).on_conflict_do_nothing().returning(Price)
    found = session.scalars(made).one_or_none()
    new = found is not None
    if found is None:
        same = select(Price).where(
            Price.sku == sku, Price.outlet.is_not_distinct_from(outlet), Price.valid_from == valid_from
        )
        found = session.scalars(same.with_for_update()).one()
        if not _change(found, {"price": price}):
            return found, False
    session.flush()
    work_items.reconsider(session, _sold_while(session, found))
    return found, new


def _sold_while(session: Session, price: Price) -> list[UUID]:
    """The sales that a price can make odd or explain: made while it was in force, at another price or odd already."""
    same = (Price.sku == price.sku, Price.outlet.is_not_distinct_from(price.outlet))
    until = session.scalar(select(func.min(Price.valid_from)).where(*same, Price.valid_from > price.valid_from))
    odd = exists().where(WorkItem.sale_id == Sale.id, WorkItem.code == "price-differs", WorkItem.stands)
    statement = (
        select(Sale.id)
        .distinct()
        .join(SaleLine, SaleLine.sale_id == Sale.id)
        .where(SaleLine.sku == price.sku, Sale.effective_at >= price.valid_from)
        .where(or_(SaleLine.unit_price != price.price, odd))
    )
    if until is not None:
        statement = statement.where(Sale.effective_at < until)
    if price.outlet is not None:
        statement = statement.where(Sale.outlet == price.outlet)
    return list(session.scalars(statement))


def mention_outlet(session: Session, code: str) -> None:
    """Make sure that there is a row for an outlet that somebody names: a code not heard of is no error."""
    values = {"name": code, "kind": "permanent", "placeholder": True, "version": 0}
    session.execute(insert(Outlet).values(code=code, **values).on_conflict_do_nothing())


def register_outlet(session: Session, *, register: str, outlet: str) -> str:
    """The outlet of a register that a device with a token for `outlet` speaks for; unheard of, it is noted.

    Raises WrongOutlet when the register stands in another outlet.
    """
    known = session.scalar(select(Register.outlet).where(Register.code == register))
    if known is None:
        mention_outlet(session, outlet)
        values = {"outlet": outlet, "name": register, "placeholder": True, "version": 0}
        session.execute(insert(Register).values(code=register, **values).on_conflict_do_nothing())
        known = session.scalar(select(Register.outlet).where(Register.code == register))
    if known != outlet:
        raise WrongOutlet
    return outlet


def check_register(session: Session, *, register: str, outlet: str | None) -> None:
    """Raise WrongOutlet when a register that is known stands in another outlet than the one that asks (None: any)."""
    known = session.scalar(select(Register.outlet).where(Register.code == register))
    if outlet is not None and known is not None and known != outlet:
        raise WrongOutlet


def _change(row: Any, values: dict[str, Any]) -> bool:
    changed = {key: value for key, value in values.items() if getattr(row, key) != value}
    for key, value in changed.items():
        setattr(row, key, value)
    row.version += bool(changed)
    return bool(changed)


def _opened(outlet: Outlet) -> OutletOpened:
    return OutletOpened(
        outlet=outlet.code,
        version=outlet.version,
        name=outlet.name,
        kind=outlet.kind,
        opens_on=outlet.opens_on,
        closes_on=outlet.closes_on,
    )
