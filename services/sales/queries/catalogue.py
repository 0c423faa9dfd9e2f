"""What an outlet can sell now: every active product, its price there, and its lots, first expired first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import text

from shared.canonical import content_hash
from shared.clock import business_day, now
from shared.db import Database, Session

#: For so long a process believes that a catalogue is what it was: every sale asks.
_FRESH_SECONDS = 3.0

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
        lots.setdefault(row.sku, []).append(dict(row._mapping))
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


def etag(items: Sequence[Any]) -> str:
    """What tells one catalogue from another: its outline (all but the quantities), a dot, and all of it."""
    return f"{outline(items)}.{content_hash({'items': items}).hex()[:16]}"


def outline(items: Sequence[Any]) -> str:
    """The same for as long as nothing but quantities has changed: each sale changes those."""
    plain = [{**item, "lots": [{**lot, "available": None} for lot in item["lots"]]} for item in items]
    return content_hash({"items": plain}).hex()[:16]


def outline_of(tag: str | None) -> str:
    """The outline that a device holds, by the ETag that it was given."""
    return (tag or "").removeprefix("W/").strip('"').partition(".")[0]


_outlines: WeakKeyDictionary[Database, dict[str, tuple[float, str]]] = WeakKeyDictionary()


def outline_at(database: Database, outlet: str) -> str:
    """The outline of an outlet's catalogue, at most a few seconds old: one who sells hears of news with a sale."""
    known = _outlines.setdefault(database, {})
    read_at, found = known.get(outlet, (float("-inf"), ""))
    if time.monotonic() - read_at > _FRESH_SECONDS:
        with database.transaction() as session:
            found = outline(catalogue(session, outlet=outlet, moment=now()))
        known[outlet] = (time.monotonic(), found)
    return found


def forget_outline(database: Database, outlet: str) -> None:
    """Look again: a device was just told another."""
    _outlines.get(database, {}).pop(outlet, None)
