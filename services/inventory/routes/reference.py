"""Workshops and products."""

from __future__ import annotations

from typing import Any

from services.inventory.models import Product, Workshop
from services.inventory.queries import reference as read
from services.inventory.schemas import reference as shapes
from services.inventory.usecases import reference
from shared.errors import NotFound
from shared.fields import PageArgs, check_code, page_of
from shared.http import Blueprint, current_token, require_scope, requires, transaction

bp = Blueprint("reference", __name__, description="Workshops and products")


def _sees_money() -> bool:
    """Residents work at the terminals."""
    return current_token().role != "terminal"


@bp.put("/workshops/<code>")
@requires("staff")
@bp.arguments(shapes.WorkshopBody())
@bp.response(200, shapes.WorkshopAnswer())
@bp.alt_response(201, schema=shapes.WorkshopAnswer())
def put_workshop(body: dict[str, Any], code: str) -> Any:
    """Create or change a workshop."""
    with transaction() as session:
        workshop, new = reference.put_workshop(session, code=check_code(code), **body)
    return workshop, 201 if new else 200


@bp.get("/workshops")
@requires("staff", "terminal", "auditor")
@bp.arguments(PageArgs(), location="query")
@bp.response(200, page_of(shapes.WorkshopAnswer()))
def list_workshops(args: dict[str, Any]) -> Any:
    """List workshops; a terminal sees its own."""
    with transaction() as session:
        return read.workshops(session, own=current_token().workshop, **args)


@bp.get("/workshops/<code>")
@requires("staff", "terminal", "auditor")
@bp.response(200, shapes.WorkshopAnswer())
def get_workshop(code: str) -> Any:
    """One workshop."""
    require_scope(workshop=code)
    with transaction() as session:
        found = session.get(Workshop, check_code(code))
    if found is None:
        raise NotFound("No such workshop.")
    return found


@bp.put("/products/<sku>")
@requires("staff")
@bp.arguments(shapes.ProductBody())
@bp.response(200, shapes.ProductAnswer())
@bp.alt_response(201, schema=shapes.ProductAnswer())
def put_product(body: dict[str, Any], sku: str) -> Any:
    """Create or change a product; sales hear of it when that changed anything."""
    with transaction() as session:
        product, new = reference.put_product(session, sku=check_code(sku, "sku"), **body)
    return product, 201 if new else 200


@bp.get("/products")
@requires("staff", "terminal", "auditor")
@bp.arguments(shapes.ProductArgs(), location="query")
@bp.response(200, page_of(shapes.ProductAnswer()))
def list_products(args: dict[str, Any]) -> Any:
    """List products; a terminal sees its workshop's."""
    require_scope(workshop=args["workshop"])
    wanted = args | {"workshop": current_token().workshop or args["workshop"]}
    with transaction() as session:
        return read.products(session, money=_sees_money(), **wanted)


@bp.get("/products/<sku>")
@requires("staff", "terminal", "auditor")
@bp.response(200, shapes.ProductAnswer())
def get_product(sku: str) -> Any:
    """One product."""
    with transaction() as session:
        found = session.get(Product, check_code(sku, "sku"))
    if found is None:
        raise NotFound("No such product.")
    require_scope(workshop=found.workshop)
    return read.shown(found, money=_sees_money())
