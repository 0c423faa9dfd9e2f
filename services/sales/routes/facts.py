"""Sales and returns, posted in batches by registers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import jsonify

from services.sales.models import Sale, SaleReturn
from services.sales.queries import facts as read
from services.sales.queries import registers
from services.sales.schemas import facts as shapes
from services.sales.schemas import registers as register_shapes
from services.sales.usecases import batches, recording, reference
from services.sales.usecases.registers import report
from shared.clock import now
from shared.errors import NotFound
from shared.fields import check_code, page_of
from shared.http import Blueprint, current_database, current_token, require_scope, requires, transaction

bp = Blueprint("sales", __name__, description="Sales and returns")


def _till(code: str, sent_at: datetime | None) -> recording.Till:
    """The register that sends, with its clock compared."""
    return recording.till(register=code, outlet=current_token().outlet or "", received_at=now(), sent_at=sent_at)


@bp.post("/registers/<code>/sales")
@requires("register")
@bp.arguments(shapes.SaleBatch())
@bp.response(200, shapes.SaleResults())
def post_sales(body: dict[str, Any], code: str) -> Any:
    """Post sales that happened; each item has a result of its own, and none that can be read is refused."""
    require_scope(register=check_code(code))
    items, at = shapes.read_sales(body["sales"]), _till(code, body["sent_at"])
    # Answered as it is: dumping it by the schema costs more than a tenth of the request.
    return jsonify({"results": batches.post_sales(current_database(), at=at, items=items)})


@bp.post("/registers/<code>/returns")
@requires("register")
@bp.arguments(shapes.ReturnBatch())
@bp.response(200, shapes.ReturnResults())
def post_returns(body: dict[str, Any], code: str) -> Any:
    """Post goods back and refunds; each item has a result of its own."""
    require_scope(register=check_code(code))
    items, at = shapes.read_returns(body["returns"]), _till(code, body["sent_at"])
    with transaction() as session:
        return {"results": batches.post_returns(session, at=at, items=items)}


@bp.get("/registers/<code>/sync")
@requires("register", "outlet", "auditor")
@bp.response(200, register_shapes.SyncAnswer())
def sync(code: str) -> Any:
    """What the server has of a register, and which numbers are missing."""
    require_scope(register=check_code(code))
    with transaction() as session:
        reference.check_register(session, register=code, outlet=current_token().outlet)
        return registers.sync(session, code)


@bp.put("/registers/<code>/state")
@requires("register")
@bp.arguments(register_shapes.StateBody())
@bp.response(200, register_shapes.StateAnswer())
def put_state(body: dict[str, Any], code: str) -> Any:
    """Say how many facts a register could not send yet, and since when."""
    require_scope(register=check_code(code))
    with transaction() as session:
        return report(session, register=code, outlet=current_token().outlet or "", **body)


@bp.get("/receipts/<code>/<int:number>")
@requires("register", "outlet", "city", "auditor")
@bp.response(200, shapes.ReceiptAnswer())
def get_receipt(code: str, number: int) -> Any:
    """A sale by register and number, as its receipt says; any register may take goods of any sale back."""
    with transaction() as session:
        found = read.receipt(session, register=check_code(code), number=number)
    if found is None:
        raise NotFound("No such receipt has arrived here.")
    return found


@bp.get("/sales")
@requires("register", "outlet", "city", "auditor")
@bp.arguments(shapes.SaleArgs(), location="query")
@bp.response(200, page_of(shapes.SaleAnswer()))
def list_sales(args: dict[str, Any]) -> Any:
    """List sales; a register sees its own."""
    with transaction() as session:
        return read.list_sales(session, **_within_scope(args))


@bp.get("/sales/<uuid:sale_id>")
@requires("register", "outlet", "city", "auditor")
@bp.response(200, shapes.SaleAnswer())
def get_sale(sale_id: UUID) -> Any:
    """One sale."""
    with transaction() as session:
        found = session.get(Sale, sale_id)
        if found is None:
            raise NotFound("No such sale.")
        require_scope(register=found.register, outlet=found.outlet)
        return read.show_sales(session, [found])[0]


@bp.get("/returns")
@requires("register", "outlet", "city", "auditor")
@bp.arguments(shapes.ReturnArgs(), location="query")
@bp.response(200, page_of(shapes.ReturnAnswer()))
def list_returns(args: dict[str, Any]) -> Any:
    """List returns, also those that wait for their sale; a register sees its own."""
    with transaction() as session:
        return read.list_returns(session, **_within_scope(args))


@bp.get("/returns/<uuid:return_id>")
@requires("register", "outlet", "city", "auditor")
@bp.response(200, shapes.ReturnAnswer())
def get_return(return_id: UUID) -> Any:
    """One return."""
    with transaction() as session:
        found = session.get(SaleReturn, return_id)
        if found is None:
            raise NotFound("No such return.")
        require_scope(register=found.register, outlet=found.outlet)
        return read.show_returns(session, [found])[0]


def _within_scope(args: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a list, narrowed to what the token may see. Raises Forbidden when they ask for more."""
    token = current_token()
    require_scope(register=args["register"], outlet=args["outlet"])
    return args | {"register": token.register or args["register"], "outlet": token.outlet or args["outlet"]}
