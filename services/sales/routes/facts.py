"""Sales and returns, posted in batches by registers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import jsonify

from services.sales.models import Sale, SaleReturn
from services.sales.queries import facts as read
from services.sales.routes.scope import narrowed, within
from services.sales.schemas import facts as shapes
from services.sales.schemas import registers as register_shapes
from services.sales.usecases import batches, recording
from services.sales.usecases.clocks import Sending
from services.sales.usecases.registers import news
from shared.clock import now
from shared.errors import NotFound
from shared.fields import check_code, page_of
from shared.http import Blueprint, current_database, current_token, require_scope, requires, transaction

bp = Blueprint("sales", __name__, description="Sales and returns")

_sync_news = register_shapes.SyncNews()


def _till(code: str, body: dict[str, Any]) -> recording.Till:
    """The register that sends, with its clocks."""
    return recording.Till(code, current_token().outlet or "", Sending(now(), body["sent_at"], body["sent_clock"]))


def _news(at: recording.Till, body: dict[str, Any]) -> dict[str, Any]:
    """What a register that reports hears in the same answer."""
    if body["report"] is None:
        return {}
    told = body["report"] | {"sent_at": body["sent_at"] or at.sending.arrived_at}
    return {"sync": _sync_news.dump(news(current_database(), at=at, told=told))}


@bp.post("/registers/<code>/sales")
@requires("register")
@bp.arguments(shapes.SaleBatch())
@bp.response(200, shapes.SaleResults())
def post_sales(body: dict[str, Any], code: str) -> Any:
    """Post sales that happened; each item has a result of its own, and none that can be read is refused."""
    require_scope(register=check_code(code))
    items, at = shapes.read_sales(body["sales"]), _till(code, body)
    # Answered as it is: dumping it by the schema costs more than a tenth of the request.
    results = batches.post_sales(current_database(), at=at, items=items)
    return jsonify({"results": results} | _news(at, body))


@bp.post("/registers/<code>/returns")
@requires("register")
@bp.arguments(shapes.ReturnBatch())
@bp.response(200, shapes.ReturnResults())
def post_returns(body: dict[str, Any], code: str) -> Any:
    """Post goods back and refunds; each item has a result of its own."""
    require_scope(register=check_code(code))
    items, at = shapes.read_returns(body["returns"]), _till(code, body)
    with transaction() as session:
        results = batches.post_returns(session, at=at, items=items)
    return {"results": results} | _news(at, body)


@bp.get("/sales")
@requires("register", "outlet", "city", "auditor")
@bp.arguments(shapes.SaleArgs(), location="query")
@bp.response(200, page_of(shapes.SaleAnswer()))
def list_sales(args: dict[str, Any]) -> Any:
    """List sales; a register sees its own."""
    with transaction() as session:
        return read.list_sales(session, **narrowed(session, args))


@bp.get("/sales/<uuid:sale_id>")
@requires("register", "outlet", "city", "auditor")
@bp.response(200, shapes.SaleAnswer())
def get_sale(sale_id: UUID) -> Any:
    """One sale."""
    with transaction() as session:
        found = session.get(Sale, sale_id)
        if found is None:
            raise NotFound("No such sale.")
        within(session, found)
        return read.show_sales(session, [found])[0]


@bp.get("/returns")
@requires("register", "outlet", "city", "auditor")
@bp.arguments(shapes.ReturnArgs(), location="query")
@bp.response(200, page_of(shapes.ReturnAnswer()))
def list_returns(args: dict[str, Any]) -> Any:
    """List returns, also those that wait for their sale; a register sees its own."""
    with transaction() as session:
        return read.list_returns(session, **narrowed(session, args))


@bp.get("/returns/<uuid:return_id>")
@requires("register", "outlet", "city", "auditor")
@bp.response(200, shapes.ReturnAnswer())
def get_return(return_id: UUID) -> Any:
    """One return."""
    with transaction() as session:
        found = session.get(SaleReturn, return_id)
        if found is None:
            raise NotFound("No such return.")
        within(session, found)
        return read.show_returns(session, [found])[0]
