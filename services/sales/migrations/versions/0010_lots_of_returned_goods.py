"""Have what came back before be the lots that persons have said that the sold lines were."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SHELVES = """
WITH moved AS (
    SELECT g.outlet, g.sku, g.told, g.lot, g.quantity
      FROM returned_goods g JOIN return_verdict v ON v.return_id = g.return_id AND v.verdict = 'recorded'
     WHERE g.restock AND g.assigned IS NOT NULL AND g.lot IS DISTINCT FROM g.told
)
INSERT INTO outlet_stock AS o (outlet, sku, lot, on_hand)
SELECT outlet, sku, lot, sum(delta)
  FROM (SELECT outlet, sku, told AS lot, -quantity AS delta FROM moved
        UNION ALL SELECT outlet, sku, lot, quantity FROM moved) AS change
 GROUP BY outlet, sku, lot ORDER BY outlet, sku, lot
ON CONFLICT (outlet, sku, lot) DO UPDATE SET on_hand = o.on_hand + excluded.on_hand
"""


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    op.execute("SELECT pg_advisory_xact_lock(7001, 0)")  # beside nobody who records or hears news
    op.execute(_SHELVES)
