"""Shifts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.sales.models import Shift
from services.sales.queries import shifts as read
from services.sales.routes.scope import narrowed, within
from services.sales.schemas import shifts as shapes
from services.sales.usecases import shifts
from services.sales.usecases.clocks import Sending
from shared.clock import now
from shared.errors import NotFound
from shared.fields import page_of
from shared.http import Blueprint, current_token, require_scope, requires, transaction

bp = Blueprint("shifts", __name__, description="Shifts")


@bp.put("/shifts/<uuid:shift_id>")
@requires("register")
@bp.arguments(shapes.ShiftBody())
@bp.response(200, shapes.ShiftAnswer())
@bp.alt_response(201, schema=shapes.ShiftAnswer())
def put_shift(body: dict[str, Any], shift_id: UUID) -> Any:
    """Open a shift."""
    require_scope(register=body["register"])
    with transaction() as session:
        told = _sent(body)
        new = shifts.open_shift(session, shift_id=shift_id, content=body, **told)
        return read.shown(session, session.get_one(Shift, shift_id), blind=True), 201 if new else 200


@bp.get("/shifts")
@requires("register", "outlet", "city", "auditor")
@bp.arguments(shapes.ShiftArgs(), location="query")
@bp.response(200, page_of(shapes.ShiftAnswer()))
def list_shifts(args: dict[str, Any]) -> Any:
    """List shifts; a register sees its own."""
    with transaction() as session:
        return read.listed(session, **narrowed(session, args), blind=current_token().role == "register")


@bp.get("/shifts/<uuid:shift_id>")
@requires("register", "outlet", "city", "auditor")
@bp.response(200, shapes.ShiftAnswer())
def get_shift(shift_id: UUID) -> Any:
    """One shift: the count as it was, and what has come since."""
    with transaction() as session:
        found = session.get(Shift, shift_id)
        if found is None:
            raise NotFound("No such shift.")
        within(session, found)
        return read.shown(session, found, blind=current_token().role == "register")


@bp.post("/shifts/<uuid:shift_id>/close")
@requires("register")
@bp.arguments(shapes.CloseBody())
@bp.response(200, shapes.CloseAnswer())
def close_shift(body: dict[str, Any], shift_id: UUID) -> Any:
    """Close a shift by a blind count; the difference is recorded, not forced to nil."""
    with transaction() as session:
        found = session.get(Shift, shift_id)
        if found is None:
            raise NotFound("No such shift.")
        require_scope(register=found.register)
        told = _sent(body) | {"closed_at": body["closed_at"], "clock": body.get("device_clock")}
        return shifts.close(session, shift=found, counted=body["counted"]["cash"], **told)


def _sent(body: dict[str, Any]) -> dict[str, Any]:
    """Take from a body what is no content: the device's clocks when it sent; and the outlet that its token names."""
    sending = Sending(now(), body.pop("sent_at"), body.pop("sent_clock"))
    return {"outlet": current_token().outlet or "", "sending": sending}
