"""What an outlet can sell now: every active product, its price there, and its lots, first expired first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from shared.canonical import content_hash
from shared.clock import business_day
from shared.db import Session

#: So many lots of a product are still told of which something should be left a month after their date.
_LONG_PAST = 10
#: Goods whose lot is not heard of yet are looked for among so many that are left: more has only who writes nothing off.
_UNHEARD_OF_AMONG = 1000

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
# Begins with what can be there, not with what ever was: an outlet has a row for each lot that it sold out of, and books
# that nobody corrects say for ever that something is left. Told are the lots not long past their date; the last few
# before those, whose label may be found behind a shelf (all of them: a year of bread that nobody wrote off would travel
# to each till); what was recalled; and, of which something is left, what has no date or is not heard of yet. Each is
# looked up by itself (OFFSET 0): the planner cannot know that few are told, and would read all stock to join it.
_LOTS = text(f"""
    WITH told AS (
        SELECT l.code, l.expires_on FROM product p CROSS JOIN LATERAL (
            (SELECT code, expires_on FROM lot WHERE sku = p.sku AND expires_on >= :today - 30 OFFSET 0)
            UNION ALL
            (SELECT code, expires_on FROM lot WHERE sku = p.sku AND expires_on < :today - 30
              ORDER BY expires_on DESC, code DESC LIMIT {_LONG_PAST})
        ) l WHERE p.active
        UNION SELECT r.lot, (SELECT expires_on FROM lot WHERE code = r.lot) FROM lot_recall r
    ), here AS (
        SELECT o.sku, o.lot, o.on_hand, told.expires_on FROM told CROSS JOIN LATERAL (
            SELECT sku, lot, on_hand FROM outlet_stock WHERE outlet = :outlet AND lot = told.code OFFSET 0) o
        UNION
        SELECT o.sku, o.lot, o.on_hand, NULL FROM lot l CROSS JOIN LATERAL (
            SELECT sku, lot, on_hand FROM outlet_stock WHERE outlet = :outlet AND lot = l.code AND some_left OFFSET 0) o
         WHERE l.expires_on IS NULL
        UNION
        SELECT o.sku, o.lot, o.on_hand, NULL FROM (
            SELECT sku, lot, on_hand FROM outlet_stock
             WHERE outlet = :outlet AND some_left AND lot IS NOT NULL ORDER BY lot LIMIT {_UNHEARD_OF_AMONG}) o
         WHERE NOT EXISTS (SELECT FROM lot WHERE code = o.lot OFFSET 0)
    )
    SELECT h.sku, h.lot, h.expires_on, h.on_hand AS available,
           CASE WHEN r.lot IS NOT NULL THEN 'recalled' WHEN h.expires_on < :today THEN 'expired' END AS blocked
      FROM here h LEFT JOIN lot_recall r ON r.lot = h.lot
     -- What is blocked is told also when none should be left: it is scanned all the same.
     WHERE h.on_hand > 0 OR r.lot IS NOT NULL OR h.expires_on BETWEEN :today - 30 AND :today - 1
     ORDER BY h.sku, h.expires_on NULLS LAST, h.lot
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
