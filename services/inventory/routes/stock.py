"""Stock and the ledger."""

from __future__ import annotations

from typing import Any

from services.inventory.queries import stock
from services.inventory.schemas import stock as shapes
from shared.fields import page_of
from shared.http import Blueprint, current_token, require_scope, requires, transaction

bp = Blueprint("stock", __name__, description="Stock and moves")


@bp.get("/stock")
@requires("staff", "register", "outlet", "auditor")
@bp.arguments(shapes.StockArgs(), location="query")
@bp.response(200, page_of(shapes.StockAnswer()))
def list_stock(args: dict[str, Any]) -> Any:
    """What is where; an outlet sees its own. Balances of nought are left out."""
    require_scope(outlet=args["location"])
    with transaction() as session:
        return stock.balances(session, outlet=current_token().outlet, **args)


@bp.get("/moves")
@requires("staff", "auditor")
@bp.arguments(shapes.StockArgs(), location="query")
@bp.response(200, page_of(shapes.MoveAnswer()))
def list_moves(args: dict[str, Any]) -> Any:
    """The ledger, in the order of posting."""
    with transaction() as session:
        return stock.moves(session, **args)
