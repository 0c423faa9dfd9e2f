"""Lots: seen, traced, recalled."""

from __future__ import annotations

from typing import Any

from services.inventory.models import Lot
from services.inventory.queries import lots as read
from services.inventory.queries import stock
from services.inventory.schemas import outputs as shapes
from services.inventory.schemas.stock import TraceAnswer, TraceArgs
from services.inventory.usecases import lots
from shared.errors import NotFound
from shared.fields import check_code, page_of
from shared.http import Blueprint, current_token, requires, transaction

bp = Blueprint("lots", __name__, description="Lots")


@bp.get("/lots")
@requires("staff", "auditor")
@bp.arguments(shapes.LotArgs(), location="query")
@bp.response(200, page_of(shapes.LotAnswer()))
def list_lots(args: dict[str, Any]) -> Any:
    """List lots, also by what is to be noticed about them."""
    with transaction() as session:
        return read.listed(session, **args)


@bp.get("/lots/<lot>")
@requires("staff", "auditor")
@bp.response(200, shapes.LotAnswer())
def get_lot(lot: str) -> Any:
    """One lot."""
    with transaction() as session:
        found = read.one(session, check_code(lot, "lot"))
    if found is None:
        raise NotFound("No such lot.")
    return found


@bp.get("/lots/<lot>/trace")
@requires("staff", "auditor")
@bp.arguments(TraceArgs(), location="query")
@bp.response(200, TraceAnswer())
def trace_lot(args: dict[str, Any], lot: str) -> Any:
    """A lot backward to its output and forward to its sales, page by page; never the makers."""
    with transaction() as session:
        found = session.get(Lot, check_code(lot, "lot"))
        if found is None:
            raise NotFound("No such lot.")
        return stock.trace(session, found, **args)


@bp.post("/lots/<lot>/recall")
@requires("staff")
@bp.arguments(shapes.RecallBody())
@bp.response(200, shapes.RecallAnswer())
def recall_lot(body: dict[str, Any], lot: str) -> Any:
    """Recall a lot: it is blocked at every register."""
    with transaction() as session:
        return lots.recall(session, lot=check_code(lot, "lot"), recalled_by=current_token().sub, **body)
