"""Shifts: opened, and closed by a blind count that is never rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import insert

from services.sales.models import Sale, SaleReturn, Shift, ShiftClose
from services.sales.queries.shifts import expected_cash, in_drawer
from services.sales.usecases import clocks, gates, work_items
from services.sales.usecases.clocks import Sending
from services.sales.usecases.reference import register_outlet
from shared.canonical import content_hash
from shared.db import Session
from shared.errors import Conflict
from shared.facts import record_once


class ClosedOtherwise(Conflict):
    code = "closed-otherwise"
    title = "This shift was closed with another count"


def open_shift(
    session: Session, *, shift_id: UUID, outlet: str, content: Mapping[str, Any], sending: Sending | None = None
) -> bool:
    """Record that a cashier took over; True when it is new. Raises Conflict, WrongOutlet."""
    received_at, register = gates.enter_to_record(session, content["register"]), content["register"]
    register_outlet(session, register=register, outlet=outlet)
    told = {"told": content["opened_at"], "clock": content.get("device_clock")}
    told["sending"] = sending or Sending(received_at)
    new = record_once(
        session,
        Shift,
        key={"id": shift_id},
        received_at=received_at,
        content_hash=content_hash({**_content(content), "id": shift_id}),
        **clocks.timed(session, register=register, outlet=outlet, received_at=received_at, **told),
        **{key: value for key, value in content.items() if key != "device_clock"},
    )
    if new:
        # A shift that nobody has closed can only explain.
        work_items.reconsider_open(session, _sales_of(session, shift_id, register))
        work_items.reconsider_returns(session, _returns_of(session, session.get_one(Shift, shift_id)))
    return new


def _content(told: Mapping[str, Any]) -> dict[str, Any]:
    """A device without a clock says so by null or by nothing: the same content."""
    return {key: value for key, value in told.items() if key != "device_clock" or value is not None}


def close(
    session: Session,
    *,
    shift: Shift,
    closed_at: datetime,
    counted: int,
    outlet: str | None = None,
    clock: Mapping[str, Any] | None = None,
    sending: Sending | None = None,
) -> ShiftClose:
    """Set the count against what the sales so far make expected. The snapshot stays, whatever comes late.

    `outlet`: where the register's device says that it stands. Repeating it changes nothing.
    Raises ClosedOtherwise, WrongOutlet.
    """
    posted_at = gates.enter_to_record(session, shift.register)
    register_outlet(session, register=shift.register, outlet=outlet or shift.outlet)
    told: dict[str, Any] = {"told": closed_at, "clock": clock, "shift_id": shift.id}
    told["sending"] = sending or Sending(posted_at)
    when = clocks.timed(session, register=shift.register, outlet=shift.outlet, received_at=posted_at, **told)
    expected = expected_cash(session, shift)
    values = {"closed_at": closed_at, "counted": counted, "expected": expected, "posted_at": posted_at}
    values |= {key: value for key, value in when.items() if key != "outlet"}
    posted = insert(ShiftClose).values(shift_id=shift.id, **values).on_conflict_do_nothing().returning(literal(1))
    new = session.execute(posted).first() is not None
    known = session.get_one(ShiftClose, shift.id)
    if (known.closed_at, known.counted, known.clock) != (closed_at, counted, dict(clock) if clock else None):
        raise ClosedOtherwise(f"It was closed at {known.closed_at} with {known.counted} counted.")
    if new:
        work_items.reconsider(session, _sales_of(session, shift.id, shift.register, closed=known))
        work_items.reconsider_returns(session, _returns_of(session, shift))
    return known


def _returns_of(session: Session, shift: Shift) -> list[UUID]:
    return list(session.scalars(select(SaleReturn.id).where(in_drawer(session, shift))))


def _sales_of(session: Session, shift_id: UUID, register: str, *, closed: ShiftClose | None = None) -> list[UUID]:
    """The shift's sales; those that happened after its close are the only ones that its close can make odd."""
    statement = select(Sale.id).where(Sale.shift_id == shift_id, Sale.register == register)
    if closed is not None:
        sold = (Sale.effective_at, Sale.sold_at, Sale.drift, Sale.time_sure, Sale.run, Sale.run_ms)
        told = (closed.effective_at, closed.closed_at, closed.drift, closed.time_sure, closed.run, closed.run_ms)
        statement = statement.where(func.happened_after(*sold, *told))
    return list(session.scalars(statement))
