"""What an outlet can sell now: every active product, its price there, and its lots, first expired first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text

from shared.clock import business_day
from shared.db import Session

_ITEMS = text("""
    SELECT p.sku, p.name_id, p.name_en, p.unit, p.category, coalesce(f.price, p.list_price) AS price
      FROM product p
      LEFT JOIN LATERAL (
          SELECT price FROM price
           WHERE price.sku = p.sku AND (price.outlet = :outlet OR price.outlet IS NULL) AND valid_from <= :moment
           ORDER BY price.outlet IS NULL, valid_from DESC LIMIT 1
      ) f ON true
     WHERE p.active ORDER BY p.sku
""")
_LOTS = text("""
    SELECT o.sku, o.lot, l.expires_on, o.on_hand AS available,
           CASE WHEN r.lot IS NOT NULL THEN 'recalled' WHEN l.expires_on < :today THEN 'expired' END AS blocked
      FROM outlet_stock o
      LEFT JOIN lot l ON l.code = o.lot
      LEFT JOIN lot_recall r ON r.lot = o.lot
     WHERE o.outlet = :outlet AND o.lot IS NOT NULL
       -- What is blocked is told also when none should be left: it is scanned all the same.
       AND (o.on_hand > 0 OR r.lot IS NOT NULL OR l.expires_on BETWEEN :today - 30 AND :today - 1)
     ORDER BY o.sku, l.expires_on NULLS LAST, o.lot
""")


def catalogue(session: Session, *, outlet: str, moment: datetime) -> list[dict[str, Any]]:
    """Items with sku, name, price, unit and lots `{lot, expires_on, available, blocked}`."""
    values = {"outlet": outlet, "moment": moment, "today": business_day(moment)}
    lots: dict[str, list[Any]] = {}
    for row in session.execute(_LOTS, values):
        lots.setdefault(row.sku, []).append(row._mapping)
    return [
        {
            "sku": row.sku,
            "name": {"id": row.name_id, "en": row.name_en},
            "unit": row.unit,
            "category": row.category,
            "price": row.price,
            "lots": lots.get(row.sku, []),
        }
        for row in session.execute(_ITEMS, values)
    ]
