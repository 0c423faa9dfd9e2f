"""Workshops and products."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.inventory.models import Product, Workshop
from services.inventory.schemas import reference as shapes
from services.inventory.usecases import reference
from shared.db import paged
from shared.errors import NotFound
from shared.fields import PageArgs, check_code, page_of
from shared.http import Blueprint, current_token, require_scope, requires, transaction

bp = Blueprint("reference", __name__, description="Workshops and products")


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
    own = current_token().workshop
    statement = select(Workshop).where(Workshop.code == own) if own else select(Workshop)
    with transaction() as session:
        return paged(session, statement, [Workshop.code], **args)


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
    workshop, active = args.pop("workshop"), args.pop("active")
    require_scope(workshop=workshop)
    wanted = {"workshop": current_token().workshop or workshop, "active": active}
    statement = select(Product).filter_by(**{key: value for key, value in wanted.items() if value is not None})
    with transaction() as session:
        return paged(session, statement, [Product.sku], **args)


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
    return found
