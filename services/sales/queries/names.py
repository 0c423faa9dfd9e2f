"""What outlets and products are called, for people; whatever nobody has named yet is called by its code."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from services.sales.models import Outlet, Product
from shared.db import Session


def outlets(session: Session) -> dict[str, str]:
    """Code → name, of all outlets."""
    rows = session.execute(select(Outlet.code, Outlet.name).order_by(Outlet.name))
    return {row.code: row.name for row in rows}


def products(session: Session, skus: Collection[str]) -> dict[str, dict[str, str]]:
    """Sku → both names, of those that are known."""
    rows = session.execute(select(Product.sku, Product.name_id, Product.name_en).where(Product.sku.in_(skus)))
    return {row.sku: {"id": row.name_id, "en": row.name_en} for row in rows}
