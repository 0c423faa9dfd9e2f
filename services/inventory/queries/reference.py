"""Workshops and products."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.inventory.models import Product, Workshop
from shared.db import Page, Session, paged

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
