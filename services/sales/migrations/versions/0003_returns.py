"""Whose drawer a refund left, and what is odd about a return, follow from the facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The shift that a refund names, if it is its register's; without a name, the register's last that had begun by then.
_DRAWER = """
CREATE VIEW drawer WITH (security_invoker = true) AS
SELECT r.id AS return_id, r.register, h.id AS shift_id
  FROM sale_return r
  CROSS JOIN LATERAL (
      SELECT h.id FROM shift h
       WHERE h.register = r.register
         AND CASE WHEN r.shift_id IS NULL THEN h.opened_at <= r.returned_at ELSE h.id = r.shift_id END
       ORDER BY h.opened_at DESC, h.id DESC LIMIT 1
  ) h
"""
# As the view `oddity` does for sales.
_ODDITY = """
CREATE VIEW return_oddity WITH (security_invoker = true) AS
SELECT rule.code, rule.owner, 'return/' || r.id AS subject, r.outlet, r.id AS return_id
  FROM sale_return r
  LEFT JOIN return_verdict v ON v.return_id = r.id
  LEFT JOIN drawer d ON d.return_id = r.id
  LEFT JOIN shift_close c ON c.shift_id = d.shift_id
  CROSS JOIN LATERAL (
      SELECT sum(l.amount) AS amount,
             bool_or(l.lot IS NULL AND sold.lot IS NOT NULL) AS lot_missing,
             bool_or(l.lot IS NOT NULL AND sold.id IS NOT NULL AND l.lot IS DISTINCT FROM sold.lot) AS lot_differs
        FROM return_line l
        LEFT JOIN LATERAL (
            SELECT s.id, coalesce(a.lot, s.lot) AS lot
              FROM sale_line s
              LEFT JOIN lot_assignment a ON a.sale_id = s.sale_id AND a.line_id = s.id
             WHERE s.sale_id = r.sale_id AND s.id = l.line_id ORDER BY a.version DESC NULLS LAST LIMIT 1
        ) sold ON true
       WHERE l.return_id = r.id
  ) lines
  CROSS JOIN LATERAL (VALUES
      ('refund-exceeds-sale', 'outlet', v.verdict = 'exceeds'),
      ('total-differs', 'outlet', r.refund_amount <> lines.amount),
      ('lot-missing', 'outlet', lines.lot_missing),
      ('unknown-lot', 'outlet', lines.lot_differs),
      ('clock-drift', 'city', r.drift IS NOT NULL),
      ('shift-unknown', 'outlet', d.shift_id IS NULL),
      ('shift-closed', 'outlet', r.returned_at > c.closed_at)
  ) AS rule (code, owner, holds)
 WHERE rule.holds
"""


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    op.create_index("ix_sale_return_register_returned_at", "sale_return", ["register", "returned_at"], unique=False)
    op.create_index("ix_work_item_return_id", "work_item", ["return_id"], unique=False)
    op.drop_constraint("uq_quarantine_register_raw_hash", "quarantine", type_="unique")
    columns = ["register", "kind", "raw_hash"]
    op.create_unique_constraint("uq_quarantine_register_kind_raw_hash", "quarantine", columns)
    op.execute(_DRAWER)
    op.execute(_ODDITY)
    op.execute(sa.text("GRANT SELECT ON drawer, return_oddity TO PUBLIC"))  # security_invoker, as `oddity`
