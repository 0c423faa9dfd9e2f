"""Work items: which are open is computed from the facts, so that the order of arrival makes no difference."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text

from services.sales.models import WorkItem
from shared.clock import now
from shared.db import Session
from shared.errors import Conflict, NotFound

#: Who must act. The city keeps products, prices and registers in order; all else is the outlet's.
OWNERS = {"unknown-sku": "city", "price-differs": "city", "number-reused": "city", "clock-drift": "city"}

# One row per oddity of the given sales. The price in force is the outlet's own before the general one, the latest that
# had begun; without any, every list price ever published counts, since a register may have held an older catalogue.
_SHOULD = """
    s AS (SELECT * FROM sale WHERE id = ANY(:sales)),
    l AS (
        SELECT line.sale_id, line.id, line.sku, line.unit_price, s.outlet, s.sold_at, s.effective_at, s.business_day,
               coalesce(assigned.lot, line.lot) AS lot
          FROM s JOIN sale_line line ON line.sale_id = s.id
          LEFT JOIN LATERAL (
              SELECT lot FROM lot_assignment a WHERE a.sale_id = line.sale_id AND a.line_id = line.id
               ORDER BY version DESC LIMIT 1
          ) assigned ON true
    ),
    odd_line AS (
        SELECT 'unknown-sku' AS code, l.* FROM l WHERE NOT EXISTS (SELECT FROM product p WHERE p.sku = l.sku)
        UNION ALL
        SELECT 'lot-missing', l.* FROM l WHERE l.lot IS NULL
        UNION ALL
        SELECT 'unknown-lot', l.* FROM l
         WHERE l.lot IS NOT NULL AND NOT EXISTS (SELECT FROM lot k WHERE k.code = l.lot)
        UNION ALL
        SELECT 'expired-lot', l.* FROM l JOIN lot k ON k.code = l.lot WHERE l.business_day > k.expires_on
        UNION ALL
        SELECT 'recalled-lot', l.* FROM l JOIN lot_recall r ON r.lot = l.lot WHERE l.sold_at >= r.recalled_at
        UNION ALL
        SELECT 'price-differs', l.* FROM l
          LEFT JOIN LATERAL (
              SELECT p.price FROM price p
               WHERE p.sku = l.sku AND (p.outlet = l.outlet OR p.outlet IS NULL) AND p.valid_from <= l.effective_at
               ORDER BY p.outlet IS NULL, p.valid_from DESC LIMIT 1
          ) f ON true
         WHERE CASE WHEN f.price IS NOT NULL THEN f.price <> l.unit_price
                    ELSE EXISTS (SELECT FROM product p WHERE p.sku = l.sku)
                         AND NOT EXISTS (SELECT FROM product_price p
                                          WHERE p.sku = l.sku AND p.list_price = l.unit_price)
               END
    ),
    should AS (
        SELECT code, sale_id || '/' || id AS subject, outlet, sale_id, id AS line_id, sku, lot FROM odd_line
        UNION ALL
        SELECT 'total-differs', s.id::text, outlet, s.id, NULL, NULL, NULL FROM s WHERE NOT sums_ok
        UNION ALL
        SELECT 'clock-drift', s.id::text, outlet, s.id, NULL, NULL, NULL FROM s WHERE drift IS NOT NULL
        UNION ALL
        SELECT 'shift-unknown', s.id::text, outlet, s.id, NULL, NULL, NULL FROM s
         WHERE NOT EXISTS (SELECT FROM shift WHERE shift.id = s.shift_id)
        UNION ALL
        SELECT 'shift-closed', s.id::text, outlet, s.id, NULL, NULL, NULL FROM s
          JOIN shift_close c ON c.shift_id = s.shift_id WHERE s.sold_at > c.closed_at
        UNION ALL
        SELECT 'number-reused', s.register || '/' || s.register_no, outlet, s.id, NULL, NULL, NULL FROM s
         WHERE EXISTS (SELECT FROM sale other
                        WHERE other.register = s.register AND other.register_no = s.register_no AND other.id <> s.id)
        UNION ALL
        SELECT 'no-stock', l.outlet || '/' || l.sku || '/' || l.lot, l.outlet, l.sale_id, NULL, l.sku, l.lot FROM l
          JOIN outlet_stock o ON o.outlet = l.outlet AND o.sku = l.sku AND o.lot = l.lot WHERE o.on_hand < 0
    )
"""
# What a person closed stays closed; what closed by itself opens again.
_OPEN = """
    INSERT INTO work_item (code, subject, outlet, owner, sale_id, line_id, sku, lot)
    SELECT DISTINCT ON (code, subject) code, subject, outlet,
           coalesce(CAST(:owners AS jsonb)->>code, 'outlet'), sale_id, line_id, sku, lot
      FROM should ORDER BY code, subject, sale_id
    ON CONFLICT (code, subject) DO UPDATE SET closed_at = NULL
     WHERE work_item.closed_at IS NOT NULL AND work_item.closed_by IS NULL
"""
_RECORDED = text(f"""
    WITH {_SHOULD}, opened AS ({_OPEN} RETURNING 1)
    SELECT sale_id, array_agg(DISTINCT code ORDER BY code) AS codes FROM should GROUP BY sale_id
    UNION ALL
    SELECT DISTINCT r.sale_id, ARRAY['(return waits)'] FROM sale_return r
     WHERE r.sale_id = ANY(:sales) AND NOT EXISTS (SELECT FROM return_verdict v WHERE v.return_id = r.id)
""")
_RECONSIDER = text(f"WITH {_SHOULD} {_OPEN}")
_CLOSE = text(f"""
    WITH {_SHOULD}
    UPDATE work_item w SET closed_at = now()
     WHERE w.sale_id = ANY(:sales) AND w.closed_at IS NULL AND w.code NOT IN ('no-stock', 'number-reused')
       AND NOT EXISTS (SELECT FROM should WHERE should.code = w.code AND should.subject = w.subject)
""")
_SHELVES = text("""
    WITH given AS (
        SELECT DISTINCT outlet, sku, lot
          FROM jsonb_to_recordset(CAST(:buckets AS jsonb)) AS b(outlet text, sku text, lot text)
         WHERE lot IS NOT NULL
    ), opened AS (
        INSERT INTO work_item (code, subject, outlet, owner, sku, lot)
        SELECT 'no-stock', o.outlet || '/' || o.sku || '/' || o.lot, o.outlet, 'outlet', o.sku, o.lot
          FROM given g JOIN outlet_stock o USING (outlet, sku, lot) WHERE o.on_hand < 0 ORDER BY 2
        ON CONFLICT (code, subject) DO UPDATE SET closed_at = NULL
         WHERE work_item.closed_at IS NOT NULL AND work_item.closed_by IS NULL
        RETURNING 1
    )
    UPDATE work_item w SET closed_at = now()
      FROM given g JOIN outlet_stock o USING (outlet, sku, lot)
     WHERE w.code = 'no-stock' AND w.subject = o.outlet || '/' || o.sku || '/' || o.lot
       AND w.closed_at IS NULL AND o.on_hand >= 0
""")
_EXCEEDS = text("""
    INSERT INTO work_item (code, subject, outlet, owner, return_id)
    VALUES ('refund-exceeds-sale', :subject, :outlet, 'outlet', :return_id) ON CONFLICT DO NOTHING
""")


class AlreadyClosed(Conflict):
    code = "already-closed"
    title = "This work item was closed otherwise"


def _values(sales: Collection[UUID]) -> dict[str, object]:

    return {"sales": list(sales), "owners": json.dumps(OWNERS)}


def note_new_sales(session: Session, sales: Collection[UUID]) -> tuple[dict[UUID, list[str]], list[UUID]]:
    """Open the oddities of sales just recorded: (codes by sale, the sales that a return waits for)."""
    rows = session.execute(_RECORDED, _values(sales)).all()
    codes = {row.sale_id: list(row.codes) for row in rows if row.codes != ["(return waits)"]}
    return codes, [row.sale_id for row in rows if row.codes == ["(return waits)"]]


def reconsider(session: Session, sales: Collection[UUID]) -> None:
    """Open and close what follows from the facts about these sales now."""
    if sales:
        session.execute(_CLOSE, _values(sales))
        session.execute(_RECONSIDER, _values(sales))


def reconsider_shelves(session: Session, buckets: Sequence[dict[str, object]]) -> None:
    """Open and close no-stock for buckets `{outlet, sku, lot}` whose goods have moved."""
    if buckets:
        session.execute(_SHELVES, {"buckets": json.dumps(buckets)})


def note_exceeding_return(session: Session, *, return_id: UUID, outlet: str) -> None:
    """More was refunded than was sold."""
    session.execute(_EXCEEDS, {"subject": str(return_id), "outlet": outlet, "return_id": return_id})


def close(session: Session, *, item_id: UUID, closed_by: str, note: str | None) -> WorkItem:
    """Close by a person: it stays closed. Repeating it changes nothing. Raises NotFound, AlreadyClosed."""
    item = session.get(WorkItem, item_id, with_for_update=True)
    if item is None:
        raise NotFound("No such work item.")
    if item.closed_by is not None and item.note != note:
        raise AlreadyClosed(f"It was closed by {'another person' if item.closed_by != closed_by else 'you'}.")
    if item.closed_by is None:
        item.closed_at, item.closed_by, item.note = item.closed_at or now(), closed_by, note
    return item
