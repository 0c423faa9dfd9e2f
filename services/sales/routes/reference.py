"""Outlets, registers, prices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from services.sales.models import Outlet, Price, Register
from services.sales.schemas import reference as shapes
from services.sales.usecases import reconsidering, reference
from shared.errors import Forbidden, NotFound
from shared.fields import PageArgs, check_code, page_of
from shared.http import Blueprint, current_database, current_token, require_scope, requires, transaction
from shared.paging import paged

#: For so long whoever has set a price goes on to judge past sales by it.
_MOMENT = 0.2

bp = Blueprint("reference", __name__, description="Outlets, registers, prices")


@bp.put("/outlets/<code>")
@requires("city")
@bp.arguments(shapes.OutletBody())
@bp.response(200, shapes.OutletAnswer())
@bp.alt_response(201, schema=shapes.OutletAnswer())
def put_outlet(body: dict[str, Any], code: str) -> Any:
    """Create or change an outlet; inventory hears of it."""
    with transaction() as session:
        outlet, new = reference.put_outlet(session, code=check_code(code), **body)
    return outlet, 201 if new else 200


@bp.get("/outlets")
@requires("city", "register", "outlet", "auditor")
@bp.arguments(PageArgs(), location="query")
@bp.response(200, page_of(shapes.OutletAnswer()))
def list_outlets(args: dict[str, Any]) -> Any:
    """List outlets; an outlet sees its own."""
    own = current_token().outlet
    statement = select(Outlet).where(Outlet.code == own) if own else select(Outlet)
    with transaction() as session:
        return paged(session, statement, [Outlet.code], **args)


@bp.get("/outlets/<code>")
@requires("city", "register", "outlet", "auditor")
@bp.response(200, shapes.OutletAnswer())
def get_outlet(code: str) -> Any:
    """One outlet."""
    require_scope(outlet=check_code(code))
    with transaction() as session:
        found = session.get(Outlet, code)
    if found is None:
        raise NotFound("No such outlet.")
    return found


@bp.put("/registers/<code>")
@requires("city")
@bp.arguments(shapes.RegisterBody())
@bp.response(200, shapes.RegisterAnswer())
@bp.alt_response(201, schema=shapes.RegisterAnswer())
def put_register(body: dict[str, Any], code: str) -> Any:
    """Create or change a register."""
    with transaction() as session:
        register, new = reference.put_register(session, code=check_code(code), **body)
    return register, 201 if new else 200


@bp.get("/registers")
@requires("city", "register", "outlet", "auditor")
@bp.arguments(shapes.RegisterArgs(), location="query")
@bp.response(200, page_of(shapes.RegisterAnswer()))
def list_registers(args: dict[str, Any]) -> Any:
    """List registers; an outlet sees its own."""
    outlet = args.pop("outlet")
    require_scope(outlet=outlet)
    wanted = current_token().outlet or outlet
    statement = select(Register).where(Register.outlet == wanted) if wanted else select(Register)
    with transaction() as session:
        return paged(session, statement, [Register.code], **args)


@bp.get("/registers/<code>")
@requires("city", "register", "outlet", "auditor")
@bp.response(200, shapes.RegisterAnswer())
def get_register(code: str) -> Any:
    """One register."""
    require_scope(register=check_code(code))
    with transaction() as session:
        found = session.get(Register, code)
    if found is None:
        raise NotFound("No such register.")
    if found.code != current_token().register:  # its own, wherever it has been moved since the token was issued
        require_scope(outlet=found.outlet)
    return found


@bp.put("/prices/<sku>")
@requires("city", "outlet")
@bp.arguments(shapes.PriceBody())
@bp.response(200, shapes.PriceAnswer())
@bp.alt_response(201, schema=shapes.PriceAnswer())
def put_price(body: dict[str, Any], sku: str) -> Any:
    """Set a price from a moment on; an outlet sets its own only."""
    if current_token().outlet is not None and body["outlet"] != current_token().outlet:
        raise Forbidden("An outlet sets its own prices.")
    with transaction() as session:
        price, new = reference.put_price(session, sku=check_code(sku, "sku"), **body)
    # Usually that is all there is to look at again. The courier does the rest.
    reconsidering.work_off(current_database(), seconds=_MOMENT)
    return price, 201 if new else 200


@bp.get("/prices")
@requires("city", "register", "outlet", "auditor")
@bp.arguments(shapes.PriceArgs(), location="query")
@bp.response(200, page_of(shapes.PriceAnswer()))
def list_prices(args: dict[str, Any]) -> Any:
    """List prices; an outlet sees the general ones and its own."""
    sku, outlet = args.pop("sku"), args.pop("outlet")
    require_scope(outlet=outlet)
    statement = select(Price).where(Price.sku == sku) if sku else select(Price)
    if wanted := current_token().outlet or outlet:
        statement = statement.where(or_(Price.outlet.is_(None), Price.outlet == wanted))
    with transaction() as session:
        return paged(session, statement, [Price.id], **args)


@bp.get("/prices/<sku>")
@requires("city", "register", "outlet", "auditor")
@bp.arguments(PageArgs(), location="query")
@bp.response(200, page_of(shapes.PriceAnswer()))
def get_prices(args: dict[str, Any], sku: str) -> Any:
    """The prices of one product; an outlet sees the general ones and its own."""
    statement = select(Price).where(Price.sku == check_code(sku, "sku"))
    if own := current_token().outlet:
        statement = statement.where(or_(Price.outlet.is_(None), Price.outlet == own))
    with transaction() as session:
        return paged(session, statement, [Price.id], **args)
