"""Sales and returns as they were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.sales.models import Payment, ReturnLine, ReturnVerdict, Sale, SaleLine, SaleReturn
from shared.db import Session
from shared.paging import Page, paged


def _by(rows: Sequence[Any], key: str) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, key), []).append(row)
    return found


def show_sales(session: Session, sales: Sequence[Sale]) -> list[dict[str, Any]]:
    """Sales with their lines and payments."""
    ids = [sale.id for sale in sales]
    lines = _by(
        session.scalars(select(SaleLine).where(SaleLine.sale_id.in_(ids)).order_by(SaleLine.id)).all(), "sale_id"
    )
    paid = _by(session.scalars(select(Payment).where(Payment.sale_id.in_(ids)).order_by(Payment.id)).all(), "sale_id")
    return [_columns(sale) | {"lines": lines.get(sale.id, []), "payments": paid.get(sale.id, [])} for sale in sales]


def receipt(session: Session, *, register: str, number: int) -> dict[str, Any] | None:
    """A sale by the number that it has at its register (the first, should one have been used twice)."""
    wanted = select(Sale).where(Sale.register == register, Sale.register_no == number)
    sale = session.scalars(wanted.order_by(Sale.received_at, Sale.id).limit(1)).first()
    if sale is None:
        return None
    amount, quantity = func.sum(ReturnLine.amount), func.sum(ReturnLine.quantity)
    back = select(ReturnLine.line_id, quantity.label("quantity"), amount.label("amount"))
    back = back.join(SaleReturn, SaleReturn.id == ReturnLine.return_id).where(SaleReturn.sale_id == sale.id)
    returned = session.execute(back.group_by(ReturnLine.line_id)).all()
    return show_sales(session, [sale])[0] | {"returned": returned}


def for_a_refund(sale: dict[str, Any]) -> dict[str, Any]:
    """What another outlet needs to take goods back: lines and amounts, how it was paid, nothing that says by whom."""
    lines = [{**_columns(line), "discount_reason": None} for line in sale["lines"]]
    payments = [{**_columns(one), "reference": None} for one in sale["payments"]]
    return {**sale, "shift_id": None, "drift": None, "lines": lines, "payments": payments}


def show_returns(session: Session, returns: Sequence[SaleReturn]) -> list[dict[str, Any]]:
    """Returns with their lines and the verdict: recorded, exceeds, or waiting."""
    ids = [one.id for one in returns]
    wanted = select(ReturnLine).where(ReturnLine.return_id.in_(ids)).order_by(ReturnLine.id)
    lines = _by(session.scalars(wanted).all(), "return_id")
    verdicts = session.scalars(select(ReturnVerdict).where(ReturnVerdict.return_id.in_(ids)))
    found = {verdict.return_id: verdict.verdict for verdict in verdicts}
    return [
        _columns(one)
        | {
            "status": found.get(one.id, "waiting"),
            "lines": lines.get(one.id, []),
            "refund": {"kind": one.refund_kind, "amount": one.refund_amount},
        }
        for one in returns
    ]


def _columns(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in row.__table__.columns}


def list_sales(
    session: Session, *, register: str | None, outlet: str | None, shift_id: UUID | None, after: str | None, limit: int
) -> Page:
    """Sales by id."""
    statement = select(Sale).filter_by(**_given(register=register, outlet=outlet, shift_id=shift_id))
    page = paged(session, statement, [Sale.id], after=after, limit=limit)
    return Page(show_sales(session, page.items), page.next)


def list_returns(
    session: Session,
    *,
    register: str | None,
    outlet: str | None,
    sale_id: UUID | None,
    status: str | None,
    after: str | None,
    limit: int,
) -> Page:
    """Returns by id, also those that still wait for their sale."""
    statement = select(SaleReturn).filter_by(**_given(register=register, outlet=outlet, sale_id=sale_id))
    if status is not None:
        statement = statement.outerjoin(ReturnVerdict, ReturnVerdict.return_id == SaleReturn.id)
        verdict = ReturnVerdict.verdict
        statement = statement.where(verdict.is_(None) if status == "waiting" else verdict == status)
    page = paged(session, statement, [SaleReturn.id], after=after, limit=limit)
    return Page(show_returns(session, page.items), page.next)


def _given(**wanted: Any) -> dict[str, Any]:
    return {key: value for key, value in wanted.items() if value is not None}
