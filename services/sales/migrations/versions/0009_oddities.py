"""Judge by the times at which facts happened; goods that come back follow the lot that a person assigned."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Two facts of one run of a page are told apart by its milliseconds; others by their corrected times, which may be off
# by what a message takes. Where a time is a guess, what the device said must say so too. STABLE, as adding an
# interval is: PostgreSQL takes the body of an SQL function into a query only if that is no more volatile than it says
# (inline_function, 18.6), and else calls it for each sale of a shift.
_AFTER = """
CREATE FUNCTION happened_after(
    p_at timestamptz, p_told timestamptz, p_drift bigint, p_sure boolean, p_run uuid, p_ms bigint,
    c_at timestamptz, c_told timestamptz, c_drift bigint, c_sure boolean, c_run uuid, c_ms bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN p_run = c_run THEN p_ms > c_ms
        WHEN p_sure IS FALSE OR c_sure IS FALSE THEN p_told > c_told AND p_at > c_at
        WHEN p_drift IS NULL AND c_drift IS NULL THEN p_told > c_told
        ELSE p_at > c_at + interval '2 minutes' END
$$
"""
_ODDITY = """
CREATE OR REPLACE VIEW oddity WITH (security_invoker = true) AS
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
      ('recalled-lot', 'outlet', s.effective_at >= r.recalled_at),
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
      ('clock-drift', 'city', s.id::text, s.drift IS NOT NULL OR s.time_sure IS FALSE),
      ('shift-unknown', 'outlet', s.id::text, h.id IS NULL),
      ('shift-closed', 'outlet', s.id::text, happened_after(
          s.effective_at, s.sold_at, s.drift, s.time_sure, s.run, s.run_ms,
          c.effective_at, c.closed_at, c.drift, c.time_sure, c.run, c.run_ms)),
      ('number-reused', 'city', s.register || '/' || s.register_no, EXISTS (
          SELECT FROM sale other
           WHERE other.register = s.register AND other.register_no = s.register_no AND other.id <> s.id))
  ) AS rule (code, owner, subject, holds)
 WHERE rule.holds
"""
# The shift that a refund names, if it is its register's; without a name, the register's last that had begun by then.
_DRAWER = """
CREATE OR REPLACE VIEW drawer WITH (security_invoker = true) AS
SELECT r.id AS return_id, r.register, h.id AS shift_id
  FROM sale_return r
  CROSS JOIN LATERAL (
      SELECT h.id FROM shift h
       WHERE h.register = r.register
         AND CASE WHEN r.shift_id IS NULL THEN h.effective_at <= r.effective_at ELSE h.id = r.shift_id END
       ORDER BY h.effective_at DESC, h.id DESC LIMIT 1
  ) h
"""
# Which lot a returned line is: what comes back without a lot, or with the one on the receipt, is what a person said
# later that the sold line was.
_RETURNED_GOODS = """
CREATE VIEW returned_goods WITH (security_invoker = true) AS
SELECT l.return_id, l.id, r.sale_id, l.line_id, r.outlet, l.sku, l.quantity, l.amount, l.restock,
       l.lot AS told, sold.lot AS sold, assigned.lot AS assigned, assigned.version, sold.id IS NOT NULL AS known,
       l.lot IS NULL OR l.lot IS NOT DISTINCT FROM sold.lot AS follows,
       CASE WHEN l.lot IS NULL OR l.lot IS NOT DISTINCT FROM sold.lot
            THEN coalesce(assigned.lot, l.lot) ELSE l.lot END AS lot
  FROM sale_return r
  JOIN return_line l ON l.return_id = r.id
  LEFT JOIN sale_line sold ON sold.sale_id = r.sale_id AND sold.id = l.line_id
  LEFT JOIN LATERAL (
      SELECT a.lot, a.version FROM lot_assignment a
       WHERE a.sale_id = r.sale_id AND a.line_id = l.line_id ORDER BY a.version DESC LIMIT 1
  ) assigned ON true
"""
_RETURN_ODDITY = """
CREATE OR REPLACE VIEW return_oddity WITH (security_invoker = true) AS
SELECT rule.code, rule.owner, 'return/' || r.id AS subject, r.outlet, r.id AS return_id
  FROM sale_return r
  LEFT JOIN return_verdict v ON v.return_id = r.id
  LEFT JOIN drawer d ON d.return_id = r.id
  LEFT JOIN shift_close c ON c.shift_id = d.shift_id
  CROSS JOIN LATERAL (
      SELECT sum(g.amount) AS amount,
             bool_or(g.lot IS NULL AND g.sold IS NOT NULL) AS lot_missing,
             bool_or(g.known AND NOT g.follows AND g.lot IS DISTINCT FROM coalesce(g.assigned, g.sold)) AS lot_differs
        FROM returned_goods g WHERE g.return_id = r.id
  ) lines
  CROSS JOIN LATERAL (VALUES
      ('refund-exceeds-sale', 'outlet', v.verdict = 'exceeds'),
      ('total-differs', 'outlet', r.refund_amount <> lines.amount),
      ('lot-missing', 'outlet', lines.lot_missing),
      ('unknown-lot', 'outlet', lines.lot_differs),
      ('clock-drift', 'city', r.drift IS NOT NULL OR r.time_sure IS FALSE),
      ('shift-unknown', 'outlet', d.shift_id IS NULL),
      ('shift-closed', 'outlet', happened_after(
          r.effective_at, r.returned_at, r.drift, r.time_sure, r.run, r.run_ms,
          c.effective_at, c.closed_at, c.drift, c.time_sure, c.run, c.run_ms))
  ) AS rule (code, owner, holds)
 WHERE rule.holds
"""


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    for statement in (_AFTER, _ODDITY, _DRAWER, _RETURNED_GOODS, _RETURN_ODDITY):
        op.execute(statement)
    op.execute("GRANT SELECT ON returned_goods TO PUBLIC")  # security_invoker, as `oddity`
