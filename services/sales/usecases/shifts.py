"""Shifts: opened, and closed by a blind count that is never rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert

from services.sales.models import Sale, SaleReturn, Shift, ShiftClose
from services.sales.queries.shifts import expected_cash, in_drawer
from services.sales.usecases import gates, work_items
from services.sales.usecases.reference import register_outlet
from shared.canonical import content_hash
from shared.db import Session
from shared.errors import Conflict
from shared.facts import record_once


class ClosedOtherwise(Conflict):
    code = "closed-otherwise"
    title = "This shift was closed with another count"


def open_shift(session: Session, *, shift_id: UUID, outlet: str, content: Mapping[str, Any]) -> bool:
    """Record that a cashier took over; True when it is new. Raises Conflict, WrongOutlet."""
    gates.enter_to_record(session, content["register"])
    register_outlet(session, register=content["register"], outlet=outlet)
    new = record_once(
        session,
        Shift,
        key={"id": shift_id},
        outlet=outlet,
        content_hash=content_hash({**content, "id": shift_id}),
        **content,
    )
    if new:
        # A shift that nobody has closed can only explain.
        work_items.reconsider_open(session, _sales_of(session, shift_id, content["register"]))
        work_items.reconsider_returns(session, _returns_of(session, session.get_one(Shift, shift_id)))
    return new


def close(session: Session, *, shift: Shift, closed_at: datetime, counted: int) -> ShiftClose:
    """Set the count against what the sales so far make expected. The snapshot stays, whatever comes late.

    Repeating it changes nothing. Raises ClosedOtherwise.
    """
    posted_at = gates.enter_to_record(session, shift.register)
    expected = expected_cash(session, shift)
    values = {"closed_at": closed_at, "counted": counted, "expected": expected, "posted_at": posted_at}
    posted = insert(ShiftClose).values(shift_id=shift.id, **values).on_conflict_do_nothing().returning(literal(1))
    new = session.execute(posted).first() is not None
    known = session.get_one(ShiftClose, shift.id)
    if (known.closed_at, known.counted) != (closed_at, counted):
        raise ClosedOtherwise(f"It was closed at {known.closed_at} with {known.counted} counted.")
    if new:
        work_items.reconsider(session, _sales_of(session, shift.id, shift.register, after=closed_at))
        work_items.reconsider_returns(session, _returns_of(session, shift))
    return known


def _returns_of(session: Session, shift: Shift) -> list[UUID]:
    return list(session.scalars(select(SaleReturn.id).where(in_drawer(session, shift))))


def _sales_of(session: Session, shift_id: UUID, register: str, *, after: datetime | None = None) -> list[UUID]:
    """The shift's sales; those dated after its close are the only ones that its close can make odd."""
    statement = select(Sale.id).where(Sale.shift_id == shift_id, Sale.register == register)
    if after is not None:
        statement = statement.where(Sale.sold_at > after)
    return list(session.scalars(statement))
