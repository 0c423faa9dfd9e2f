"""What a drawer should hold, and what came after it was counted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, literal, select, union_all

from services.sales.models import Payment, Sale, SaleReturn, Shift, ShiftClose
from shared.db import Page, Session, paged

_MOST_SHOWN = 1000


def expected_cash(session: Session, shift: Shift) -> int:
    """Float + cash payments − cash refunds, also those that exceeded their sale: the money left the drawer.

    The drawer is its register's alone: what another register posts under this shift is taken off again.
    """
    cash = func.coalesce(func.sum(Payment.amount), 0)
    paid = select(cash).filter_by(shift_id=shift.id, kind="cash")  # from the index alone
    strange = select(cash).join(Sale, Sale.id == Payment.sale_id).where(Payment.kind == "cash")
    strange = strange.where(Sale.shift_id == shift.id, Sale.register != shift.register)
    refunded = select(func.coalesce(func.sum(SaleReturn.refund_amount), 0)).filter_by(
        shift_id=shift.id, register=shift.register, refund_kind="cash"
    )
    taken, foreign, returned = (int(session.scalar(one) or 0) for one in (paid, strange, refunded))
    return shift.opening_float + taken - foreign - returned


def shown(session: Session, shift: Shift, *, blind: bool = False) -> dict[str, Any]:
    """A shift as the API shows it: the count as it was, and what has come since.

    `blind`: who will count the drawer is not told what to find there.
    """
    close = session.get(ShiftClose, shift.id)
    expected = None if blind and close is None else expected_cash(session, shift)
    return {
        "id": shift.id,
        "register": shift.register,
        "outlet": shift.outlet,
        "opened_at": shift.opened_at,
        "opening_float": shift.opening_float,
        "cashier": shift.cashier,
        "status": "closed" if close else "open",
        "expected_now": expected,
        "close": close,
        "amendments": _amendments(session, shift, close) if close else [],
    }


def _amendments(session: Session, shift: Shift, close: ShiftClose) -> list[Any]:
    """Sales and returns of the shift that the server received after its count, oldest first."""
    cash = (
        select(func.coalesce(func.sum(Payment.amount), 0))
        .where(Payment.sale_id == Sale.id, Payment.kind == "cash")
        .scalar_subquery()
    )
    late_sales = select(
        literal("sale").label("kind"), Sale.id, Sale.received_at, Sale.sold_at.label("at"), cash.label("cash")
    ).where(Sale.shift_id == shift.id, Sale.register == shift.register, Sale.received_at > close.posted_at)
    late_returns = select(
        literal("return"), SaleReturn.id, SaleReturn.received_at, SaleReturn.returned_at, -SaleReturn.refund_amount
    ).where(SaleReturn.shift_id == shift.id, SaleReturn.register == shift.register)
    late_returns = late_returns.where(SaleReturn.received_at > close.posted_at, SaleReturn.refund_kind == "cash")
    every = union_all(late_sales, late_returns).order_by("received_at", "id").limit(_MOST_SHOWN)
    return list(session.execute(every))


def listed(
    session: Session, *, register: str | None, outlet: str | None, after: str | None, limit: int, blind: bool = False
) -> Page:
    """Shifts by id."""
    wanted = {key: value for key, value in (("register", register), ("outlet", outlet)) if value is not None}
    page = paged(session, select(Shift).filter_by(**wanted), [Shift.id], after=after, limit=limit)
    return Page([shown(session, shift, blind=blind) for shift in page.items], page.next)
