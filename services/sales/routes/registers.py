"""What a register has sent: its numbers, and a sale by its number."""

from __future__ import annotations

from typing import Any

from flask import Response, g

from services.sales.queries import facts as read
from services.sales.queries import registers
from services.sales.schemas import registers as shapes
from services.sales.schemas.facts import ReceiptAnswer
from services.sales.usecases import numbers, reference
from services.sales.usecases.registers import report
from shared.errors import NotFound
from shared.fields import check_code, invalid
from shared.http import Blueprint, current_token, require_scope, requires, transaction
from shared.web.limits import FOREIGN_RECEIPTS, address, at_most

bp = Blueprint("registers", __name__, description="What registers have sent")


def _who_asks() -> str:
    token = g.get("token")
    return token.jti if token else address()


def _was_foreign(_: Response) -> bool:
    return bool(g.get("foreign_receipt"))


@bp.get("/registers/<code>/sync")
@requires("register", "outlet", "auditor")
@bp.response(200, shapes.SyncAnswer())
def sync(code: str) -> Any:
    """What the server has of a register, and which numbers are missing."""
    require_scope(register=check_code(code))
    with transaction() as session:
        reference.check_register(session, register=code, outlet=current_token().outlet)
        return registers.sync(session, code)


@bp.put("/registers/<code>/state")
@requires("register")
@bp.arguments(shapes.StateBody())
@bp.response(200, shapes.StateAnswer())
def put_state(body: dict[str, Any], code: str) -> Any:
    """Say how many facts a register could not send yet, and since when."""
    require_scope(register=check_code(code))
    with transaction() as session:
        return report(session, register=code, outlet=current_token().outlet or "", **body)


@bp.post("/registers/<code>/missing/<int:number>/resolution")
@requires("city")
@bp.arguments(shapes.ClosingBody())
@bp.response(200, shapes.ClosingAnswer())
def close_numbers(body: dict[str, Any], code: str, number: int) -> Any:
    """Close a missing number, or all from it to another, with a note. Should the sale come, it is recorded."""
    last = number if body["to"] is None else body["to"]
    if not 1 <= number <= last <= 10**12:
        raise invalid("to", "Must not be before the number.")
    with transaction() as session:
        said = {"lo": number, "hi": last, "note": body["note"], "closed_by": current_token().sub}
        return {"register": code, "closed": numbers.close(session, register=check_code(code), **said)}


@bp.get("/receipts/<code>/<int:number>")
@requires("register", "outlet", "city", "auditor")
@at_most(FOREIGN_RECEIPTS, of=_who_asks, counts=_was_foreign)
@bp.response(200, ReceiptAnswer())
@bp.alt_response(429, description="Too many receipts of other outlets; wait as long as Retry-After says")
def get_receipt(code: str, number: int) -> Any:
    """A sale by register and number, as its receipt says; any register may take goods of any sale back.

    Of another outlet's sale: what a refund needs, and not many a minute.
    """
    with transaction() as session:
        found = read.receipt(session, register=check_code(code), number=number)
    token = current_token()
    own = token.outlet is None or code == token.register or (found is not None and found["outlet"] == token.outlet)
    g.foreign_receipt = not own
    if found is None:
        raise NotFound("No such receipt has arrived here.")
    return found if own else read.for_a_refund(found)
