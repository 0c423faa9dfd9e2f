"""What a drawer should hold, and what came after it was counted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, literal, select, union_all

from services.sales.models import Payment, Sale, SaleReturn, Shift, ShiftClose
from shared.db import Page, Session, paged


def expected_cash(session: Session, shift: Shift) -> int:
    """Float + cash payments − cash refunds, also those that exceeded their sale: the money left the drawer."""
    paid = select(func.coalesce(func.sum(Payment.amount), 0)).filter_by(shift_id=shift.id, kind="cash")
    refunded = select(func.coalesce(func.sum(SaleReturn.refund_amount), 0)).filter_by(
        shift_id=shift.id, refund_kind="cash"
    )
    return shift.opening_float + int(session.scalar(paid) or 0) - int(session.scalar(refunded) or 0)


def shown(session: Session, shift: Shift) -> dict[str, Any]:
    """A shift as the API shows it: the count as it was, and what has come since."""
    close = session.get(ShiftClose, shift.id)
    expected = expected_cash(session, shift)
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
    ).where(Sale.shift_id == shift.id, Sale.received_at > close.posted_at)
    late_returns = select(
        literal("return"), SaleReturn.id, SaleReturn.received_at, SaleReturn.returned_at, -SaleReturn.refund_amount
    ).where(SaleReturn.shift_id == shift.id, SaleReturn.received_at > close.posted_at, SaleReturn.refund_kind == "cash")
    return list(session.execute(union_all(late_sales, late_returns).order_by("received_at", "id")))


def listed(session: Session, *, register: str | None, outlet: str | None, after: str | None, limit: int) -> Page:
    """Shifts by id."""
    wanted = {key: value for key, value in (("register", register), ("outlet", outlet)) if value is not None}
    page = paged(session, select(Shift).filter_by(**wanted), [Shift.id], after=after, limit=limit)
    return Page([shown(session, shift) for shift in page.items], page.next)
