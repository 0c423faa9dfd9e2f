"""Judge sales by one view, and record a batch of them in one call; wider shelves; the clock of returns is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What should be open, as a function of the facts alone. One row per oddity; the work items are this view, with the time
# at which each was opened and what a person made of it (no-stock follows the shelf). An item `stands` while the facts
# say so; what a person closed stays closed for that long, and opens anew when it comes about again.
#
# The price in force is the outlet's own before the general one, the latest that had begun; without any, every list
# price ever published counts, since a register may have held an older catalogue. A shift counts for its own register.
_ODDITY = """
CREATE VIEW oddity WITH (security_invoker = true) AS
SELECT rule.code, rule.owner, l.sale_id || '/' || l.id AS subject, s.outlet, l.sale_id, l.id AS line_id, l.sku, here.lot
  FROM sale s
  JOIN sale_line l ON l.sale_id = s.id
  LEFT JOIN LATERAL (
      SELECT a.lot FROM lot_assignment a
       WHERE a.sale_id = l.sale_id AND a.line_id = l.id ORDER BY a.version DESC LIMIT 1
  ) assigned ON true
  CROSS JOIN LATERAL (SELECT coalesce(assigned.lot, l.lot) AS lot) here
  LEFT JOIN product p ON p.sku = l.sku
  LEFT JOIN lot k ON k.code = here.lot
  LEFT JOIN lot_recall r ON r.lot = here.lot
  LEFT JOIN LATERAL (
      SELECT f.price FROM price f
       WHERE f.sku = l.sku AND (f.outlet = s.outlet OR f.outlet IS NULL) AND f.valid_from <= s.effective_at
       ORDER BY f.outlet IS NULL, f.valid_from DESC LIMIT 1
  ) f ON true
  CROSS JOIN LATERAL (VALUES
      ('unknown-sku', 'city', p.sku IS NULL),
      ('lot-missing', 'outlet', here.lot IS NULL),
      ('unknown-lot', 'outlet', here.lot IS NOT NULL AND (k.code IS NULL OR k.sku <> l.sku)),
      ('expired-lot', 'outlet', s.business_day > k.expires_on),
      ('recalled-lot', 'outlet', s.sold_at >= r.recalled_at),
      ('price-differs', 'city', CASE
          WHEN f.price IS NOT NULL THEN f.price <> l.unit_price
          ELSE p.sku IS NOT NULL AND p.list_price <> l.unit_price AND NOT EXISTS (
              SELECT FROM product_price h WHERE h.sku = l.sku AND h.list_price = l.unit_price) END)
  ) AS rule (code, owner, holds)
 WHERE rule.holds
UNION ALL
SELECT rule.code, rule.owner, rule.subject, s.outlet, s.id, NULL, NULL, NULL
  FROM sale s
  LEFT JOIN shift h ON h.id = s.shift_id AND h.register = s.register
  LEFT JOIN shift_close c ON c.shift_id = h.id
  CROSS JOIN LATERAL (VALUES
      ('total-differs', 'outlet', s.id::text, NOT s.sums_ok),
      ('clock-drift', 'city', s.id::text, s.drift IS NOT NULL),
      ('shift-unknown', 'outlet', s.id::text, h.id IS NULL),
      ('shift-closed', 'outlet', s.id::text, s.sold_at > c.closed_at),
      ('number-reused', 'city', s.register || '/' || s.register_no, EXISTS (
          SELECT FROM sale other
           WHERE other.register = s.register AND other.register_no = s.register_no AND other.id <> s.id))
  ) AS rule (code, owner, subject, holds)
 WHERE rule.holds
"""

# Sales of one register, in the order given, in one round trip. What is judged together waits for each other here
# (`usecases/gates.py` says why): news, this register, and returns of these sales, always in this order.
#
# Answers one row per sale: whether it is new, else what was recorded under its id before; its open work items; whether
# a return waits for it. No row at all, and nothing done, when the register stands in another outlet; or when the caller
# has nothing but this statement (p_alone) and a return waits, which must be judged in the same transaction.
_RECORD_SALES = """
CREATE FUNCTION record_sales(
    p_register text, p_outlet text, p_ids uuid[], p_buckets int[], p_sales jsonb, p_alone boolean)
RETURNS TABLE (id uuid, is_new boolean, content_hash bytea, by_register text, work_items text[], waited_for boolean)
LANGUAGE plpgsql
-- A session keeps its plans. One made while the tables were empty must be right when they are large: by index alone.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_material = off
AS $$
#variable_conflict use_column
DECLARE
    v_outlet text;
    v_new uuid[];
    v_at timestamptz;
    v_odd oddity[];
    v_short outlet_stock[];
    v_dry uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7001, 0);
    PERFORM pg_advisory_xact_lock(7002, hashtext(p_register));
    PERFORM pg_advisory_xact_lock_shared(7003, bucket) FROM unnest(p_buckets) AS bucket;
    -- After the register's turn has come: a close and a sale of one shift are told apart by their times.
    v_at := clock_timestamp();

    IF p_alone AND EXISTS (
        SELECT FROM sale_return r WHERE r.sale_id = ANY(p_ids)
           AND NOT EXISTS (SELECT FROM return_verdict v WHERE v.return_id = r.id))
    THEN
        RETURN;
    END IF;

    SELECT r.outlet INTO v_outlet FROM register r WHERE r.code = p_register;
    IF v_outlet IS NULL THEN
        INSERT INTO outlet (code, name, kind, placeholder, version) VALUES (p_outlet, p_outlet, 'permanent', true, 0)
            ON CONFLICT DO NOTHING;
        INSERT INTO register (code, outlet, name, placeholder, version)
            VALUES (p_register, p_outlet, p_register, true, 0) ON CONFLICT DO NOTHING;
        SELECT r.outlet INTO v_outlet FROM register r WHERE r.code = p_register;
    END IF;
    IF v_outlet <> p_outlet THEN
        RETURN;
    END IF;

    WITH given AS MATERIALIZED (
        SELECT g.*, e.* FROM jsonb_to_recordset(p_sales) AS g(
            id uuid, register_no bigint, shift_id uuid, sold_at timestamptz, effective_at timestamptz,
            business_day date, drift bigint, total bigint, sums_ok boolean, content_hash text, payments jsonb,
            reasons jsonb, event jsonb)
        CROSS JOIN LATERAL jsonb_to_record(g.event) AS e(
            event_id uuid, type text, subject text, "time" timestamptz, traceparent text, data jsonb)
    ), new AS (
        INSERT INTO sale (id, register, outlet, register_no, shift_id, sold_at, received_at, effective_at, business_day,
                          drift, total, sums_ok, content_hash)
        SELECT g.id, p_register, p_outlet, g.register_no, g.shift_id, g.sold_at, v_at, g.effective_at, g.business_day,
               g.drift, g.total, g.sums_ok, decode(g.content_hash, 'hex') FROM given g ORDER BY g.id
        ON CONFLICT (id) DO NOTHING RETURNING sale.id
    ), line AS (
        INSERT INTO sale_line (sale_id, id, sku, lot, quantity, unit_price, discount, discount_reason, amount)
        SELECT g.id, l.line_id, l.sku, l.lot, l.quantity, l.unit_price, l.discount, g.reasons->>l.line_id::text,
               l.amount
          FROM given g CROSS JOIN LATERAL jsonb_to_recordset(g.data->'lines') AS l(
               line_id uuid, sku text, lot text, quantity numeric, unit_price bigint, discount bigint, amount bigint)
         WHERE g.id = ANY(ARRAY(SELECT new.id FROM new))
    ), paid AS (
        INSERT INTO payment (sale_id, id, shift_id, kind, amount, reference)
        SELECT g.id, p.id, g.shift_id, p.kind, p.amount, p.reference
          FROM given g CROSS JOIN LATERAL jsonb_to_recordset(g.payments) AS p(
               id uuid, kind text, amount bigint, reference text)
         WHERE g.id = ANY(ARRAY(SELECT new.id FROM new))
    ), announced AS (
        INSERT INTO outbox (event_id, type, subject, "time", traceparent, data)
        SELECT g.event_id, g.type, g.subject, g."time", g.traceparent, g.data FROM given g
         WHERE g.id = ANY(ARRAY(SELECT new.id FROM new))
    ), released AS (
        UPDATE quarantine q SET resolved_at = v_at, resolved_by = 'recorded' FROM given g
         WHERE q.item_id = g.id AND q.kind = 'sale' AND q.register = p_register AND q.resolved_at IS NULL
           AND (g.id = ANY(ARRAY(SELECT new.id FROM new))
                OR EXISTS (SELECT FROM sale s WHERE s.id = g.id AND s.register = p_register))
    )
    SELECT array_agg(new.id) INTO v_new FROM new;

    IF v_new IS NOT NULL THEN
        SELECT array_agg(o) INTO v_odd FROM oddity o WHERE o.sale_id = ANY(v_new);
        IF v_odd IS NOT NULL THEN
            INSERT INTO work_item AS w (code, owner, subject, outlet, sale_id, line_id, sku, lot)
            SELECT DISTINCT ON (o.code, o.subject)
                   o.code, o.owner, o.subject, o.outlet, o.sale_id, o.line_id, o.sku, o.lot
              FROM unnest(v_odd) AS o ORDER BY o.code, o.subject, o.sale_id
            ON CONFLICT (code, subject) DO UPDATE
               SET stands = true, opened_at = v_at, closed_at = NULL, closed_by = NULL, note = NULL WHERE NOT w.stands;
        END IF;

        -- Last, since every register of the outlet waits for these rows until this transaction has ended.
        WITH taken AS (
            INSERT INTO outlet_stock AS o (outlet, sku, lot, on_hand)
            SELECT p_outlet, l.sku, l.lot, -sum(l.quantity) FROM sale_line l WHERE l.sale_id = ANY(v_new)
             GROUP BY l.sku, l.lot ORDER BY l.sku, l.lot
            ON CONFLICT (outlet, sku, lot) DO UPDATE SET on_hand = o.on_hand + excluded.on_hand
            RETURNING o AS shelf
        )
        SELECT array_agg(t.shelf) INTO v_short
          FROM taken t WHERE (t.shelf).lot IS NOT NULL AND (t.shelf).on_hand < 0;

        IF v_short IS NOT NULL THEN
            INSERT INTO work_item AS w (code, owner, subject, outlet, sku, lot)
            SELECT 'no-stock', 'outlet', p_outlet || '/' || b.sku || '/' || b.lot, p_outlet, b.sku, b.lot
              FROM unnest(v_short) AS b ORDER BY b.sku, b.lot
            ON CONFLICT (code, subject) DO UPDATE
               SET stands = true, opened_at = v_at, closed_at = NULL, closed_by = NULL, note = NULL WHERE NOT w.stands;
            -- Of a batch, the sales from the one on that took the last.
            SELECT array_agg(DISTINCT took.sale_id) INTO v_dry FROM (
                SELECT l.sale_id, b.on_hand + coalesce(sum(l.quantity) OVER later, 0) AS on_hand
                  FROM unnest(v_short) AS b JOIN sale_line l ON l.sku = b.sku AND l.lot = b.lot
                 WHERE l.sale_id = ANY(v_new)
                WINDOW later AS (
                    PARTITION BY b.sku, b.lot ORDER BY array_position(p_ids, l.sale_id)
                    GROUPS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
            ) AS took WHERE took.on_hand < 0;
        END IF;
    END IF;

    RETURN QUERY
    SELECT i.id, coalesce(i.id = ANY(v_new), false), s.content_hash, s.register::text, ARRAY(
               SELECT w.code::text FROM work_item w
                WHERE w.sale_id = s.id AND w.closed_at IS NULL AND w.code NOT IN ('number-reused', 'no-stock')
               UNION
               SELECT w.code FROM work_item w
                WHERE w.code = 'number-reused' AND w.subject = s.register || '/' || s.register_no
                  AND w.closed_at IS NULL
               UNION
               SELECT 'no-stock' FROM sale_line l JOIN work_item w ON w.code = 'no-stock'
                  AND w.subject = s.outlet || '/' || l.sku || '/' || l.lot AND w.closed_at IS NULL
                WHERE l.sale_id = s.id AND (s.id = ANY(v_dry) OR (s.id = ANY(v_new)) IS NOT TRUE)
               ORDER BY 1),
           EXISTS (
               SELECT FROM sale_return r WHERE r.sale_id = i.id AND i.id = ANY(v_new)
                  AND NOT EXISTS (SELECT FROM return_verdict v WHERE v.return_id = r.id))
      FROM unnest(p_ids) WITH ORDINALITY AS i(id, at)
      -- There is nothing to look up for a sale that is new and as it should be.
      -- A register of another outlet that has hit upon its id learns no more than that.
      LEFT JOIN sale s ON s.id = i.id AND s.outlet = p_outlet
       AND (v_odd IS NOT NULL OR v_short IS NOT NULL OR (i.id = ANY(v_new)) IS NOT TRUE)
     ORDER BY i.at;
END
$$
"""


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    op.alter_column("outlet_stock", "on_hand", type_=sa.Numeric(precision=20, scale=3))
    op.add_column("work_item", sa.Column("stands", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("sale_return", sa.Column("drift", sa.BigInteger(), nullable=True))
    op.drop_index("ix_sale_shift_id", table_name="sale")
    op.create_index("ix_sale_shift_id_register", "sale", ["shift_id", "register"], unique=False)
    op.drop_index("ix_sale_business_day", table_name="sale")
    op.drop_index("ix_sale_outlet_business_day", table_name="sale")
    op.create_index("ix_sale_business_day_outlet", "sale", ["business_day", "outlet"], unique=False)
    op.create_index("ix_lot_assignment_lot", "lot_assignment", ["lot"], unique=False)
    op.drop_index("ix_work_item_open_lot", table_name="work_item")
    op.execute(_ODDITY)
    op.execute("GRANT SELECT ON oddity TO PUBLIC")  # security_invoker: it shows what its reader may read anyway
    op.execute(_RECORD_SALES)
