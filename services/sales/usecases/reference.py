"""Outlets, registers and prices; a code may be named before it is described."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from services.sales.models import Outlet, Price, Register, RegisterPlacement
from services.sales.usecases import gates, reconsidering
from shared.db import Session
from shared.errors import Forbidden, Invalid
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


#: As the trigger that places registers asks for it.
_MOVED_SINCE = text("SELECT set_config('lapak.since', :since, true)")


def put_register(
    session: Session, *, code: str, outlet: str, name: str, since: datetime | None = None
) -> tuple[Register, bool]:
    """Create, change or move a register; (register, whether it is new). What it did before stays where it stood.

    `since`: when it was moved, if not now; it cannot have been before it came to where it stands. Raises Invalid.
    """
    began = gates.enter_to_record(session, code)
    if since is not None:
        if since > began:
            raise Invalid({"since": ["Must not be in the future."]})
        session.execute(_MOVED_SINCE, {"since": since.isoformat()})
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
    """Set a price from a moment on; (price, whether it is new). Sales already recorded are judged by it soon."""
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
    reconsidering.concern_price(session, found, _followed_by(session, found))
    return found, new


def _followed_by(session: Session, price: Price) -> datetime | None:
    """When the next price of the same kind begins."""
    same = (Price.sku == price.sku, Price.outlet.is_not_distinct_from(price.outlet))
    return session.scalar(select(func.min(Price.valid_from)).where(*same, Price.valid_from > price.valid_from))


def mention_outlet(session: Session, code: str) -> None:
    """Make sure that there is a row for an outlet that somebody names: a code not heard of is no error."""
    values = {"name": code, "kind": "permanent", "placeholder": True, "version": 0}
    session.execute(insert(Outlet).values(code=code, **values).on_conflict_do_nothing())


def register_outlet(session: Session, *, register: str, outlet: str) -> str:
    """The outlet where a register stands; a device with a token for `outlet` speaks for it. Unheard of, it is noted.

    Raises WrongOutlet when the register does not stand in the token's outlet and never stood there.
    """
    known = session.scalar(select(Register.outlet).where(Register.code == register))
    if known is None:
        mention_outlet(session, outlet)
        values = {"outlet": outlet, "name": register, "placeholder": True, "version": 0}
        session.execute(insert(Register).values(code=register, **values).on_conflict_do_nothing())
        known = session.scalars(select(Register.outlet).where(Register.code == register)).one()
    check_register(session, register=register, outlet=outlet)
    return known


def check_register(session: Session, *, register: str, outlet: str | None) -> None:
    """Raise WrongOutlet when a known register neither stands nor ever stood in the outlet that asks (None: any)."""
    stood = session.scalars(select(RegisterPlacement.outlet).where(RegisterPlacement.register == register)).all()
    if outlet is not None and stood and outlet not in stood:
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
