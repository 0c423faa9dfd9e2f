"""Keep what came back as it was told, so that it follows the lot of its sold line; balances wider than any sum."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
keeps = "stock_balance.on_hand only holds more, and PostgreSQL rewrites no row for that"

# What came back before: a return's moves name the sold line, and so its sale.
_KEEP = """
INSERT INTO returned_line (return_id, part, sale_id, line_id, place, sku, lot, quantity, returned_at)
SELECT r.document_id, r.leg, s.document_id, r.line_id, r.target, r.sku, r.lot, r.quantity, r.moved_at
  FROM stock_move r JOIN stock_move s ON s.line_id = r.line_id AND s.document_kind = 'sale'
 WHERE r.document_kind = 'return'
ON CONFLICT DO NOTHING
"""
# What the use case would have posted (`sold_goods.py`), and the balances with it.
_FOLLOW = """
WITH said AS (
    SELECT document_id AS sale_id, line_id, lot, leg / 2 AS version FROM stock_move
     WHERE document_kind = 'lot-assigned' AND leg % 2 = 0
), back AS (
    SELECT r.return_id, r.sale_id, r.line_id, r.place, r.sku, r.lot, sum(r.quantity) AS quantity,
           min(r.returned_at) AS returned_at
      FROM returned_line r
      JOIN stock_move s ON s.document_id = r.sale_id AND s.line_id = r.line_id AND s.document_kind = 'sale'
     WHERE r.lot IS NULL OR r.lot = s.lot
     GROUP BY r.return_id, r.sale_id, r.line_id, r.place, r.sku, r.lot
), pair AS (
    SELECT b.return_id, b.line_id, b.place, b.sku, b.quantity, b.returned_at, n.lot AS after,
           CASE WHEN n.version = 1 THEN b.lot ELSE before.lot END AS before,
           8 * (n.version - 1) + 4 * CAST(b.lot IS NULL AS int) + 2 * CAST(b.place = 'scrap' AS int) AS leg
      FROM back b JOIN said n ON n.sale_id = b.sale_id AND n.line_id = b.line_id
      LEFT JOIN said before
        ON before.sale_id = b.sale_id AND before.line_id = b.line_id AND before.version = n.version - 1
), posted AS (
    INSERT INTO stock_move (document_kind, document_id, line_id, lot, leg, source, target, sku, quantity, moved_at)
    SELECT 'return-lot', return_id, line_id, before, leg + 1, place, 'customer', sku, quantity, returned_at FROM pair
    UNION ALL
    SELECT 'return-lot', return_id, line_id, after, leg + 2, 'customer', place, sku, quantity, returned_at FROM pair
    ON CONFLICT DO NOTHING RETURNING source, target, sku, lot, quantity
), change AS (
    SELECT location, sku, lot, sum(delta) AS delta
      FROM (SELECT source AS location, sku, lot, -quantity AS delta FROM posted
            UNION ALL SELECT target, sku, lot, quantity FROM posted) AS ends
     GROUP BY location, sku, lot
)
INSERT INTO stock_balance (location, sku, lot, on_hand) SELECT location, sku, lot, delta FROM change
ON CONFLICT (location, sku, lot) DO UPDATE SET on_hand = stock_balance.on_hand + excluded.on_hand
"""


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    # Not beside a batch that posts: what it posts must be among what is looked at here. Before any table, as whoever
    # posts does, or the two wait for each other.
    op.execute("SELECT pg_advisory_xact_lock(7261647)")
    _widen_balances()
    op.create_table(
        "returned_line",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("return_id", "part", name=op.f("pk_returned_line")),
        info={"posted": True},
    )
    op.create_index("ix_returned_line_sale_id_line_id", "returned_line", ["sale_id", "line_id"], unique=False)
    op.execute(_KEEP)
    op.execute(_FOLLOW)


def _widen_balances() -> None:
    """One outlet's nonsense must not make the goods of another overflow.

    PostgreSQL does not change the type of a column that a trigger's WHEN names, so the trigger is made anew.
    """
    op.execute("DROP TRIGGER never_negative_at_a_workshop ON stock_balance")
    op.alter_column("stock_balance", "on_hand", type_=sa.Numeric(precision=30, scale=3))
    op.execute("""
        CREATE CONSTRAINT TRIGGER never_negative_at_a_workshop AFTER INSERT OR UPDATE ON stock_balance
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.on_hand < 0 AND NEW.location LIKE 'workshop/%')
        EXECUTE FUNCTION refuse_negative_balance()
    """)
