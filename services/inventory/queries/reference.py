"""Workshops and products."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from services.inventory.models import Outlet, Product, Workshop
from services.inventory.models.base import outlet_location, workshop_location
from shared.db import Session
from shared.paging import Page, paged

_MONEY = frozenset({"list_price", "material_cost"})
_SHOWN = (
    "sku",
    "name",
    "workshop",
    "category",
    "unit",
    "required_skill",
    "list_price",
    "material_cost",
    "shelf_life_days",
    "active",
    "materials",
    "care",
    "version",
)


def workshops(session: Session, *, own: str | None, after: str | None, limit: int) -> Page:
    """Workshops by code; only the own one when that is given."""
    statement = select(Workshop).where(Workshop.code == own) if own else select(Workshop)
    return paged(session, statement, [Workshop.code], after=after, limit=limit)


def shown(product: Product, *, money: bool) -> dict[str, Any]:
    """A product as the API shows it; residents never see money."""
    return {name: getattr(product, name) for name in _SHOWN if money or name not in _MONEY}


def products(
    session: Session, *, workshop: str | None, active: bool | None, money: bool, after: str | None, limit: int
) -> Page:
    """Products by sku, of a workshop, active or not."""
    statement = select(Product)
    if workshop is not None:
        statement = statement.where(Product.workshop == workshop)
    if active is not None:
        statement = statement.where(Product.active == active)
    page = paged(session, statement, [Product.sku], after=after, limit=limit)
    return Page([shown(product, money=money) for product in page.items], page.next)


def places(session: Session) -> dict[str, str]:
    """Location → name, of all workshops and of the outlets heard of."""
    workshops = session.execute(select(Workshop.code, Workshop.name))
    outlets = session.execute(select(Outlet.code, Outlet.name))
    return {workshop_location(code): name for code, name in workshops} | {
        outlet_location(code): name for code, name in outlets
    }


def products_by_sku(session: Session, skus: Collection[str]) -> dict[str, Product]:
    """Those of the products that are known."""
    return {product.sku: product for product in session.scalars(select(Product).where(Product.sku.in_(skus)))}
