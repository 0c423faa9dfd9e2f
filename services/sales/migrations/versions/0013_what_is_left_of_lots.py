"""Find what an outlet has left, and lots by their date, without looking at all that it ever sold out of."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_LEFT = "ALTER TABLE outlet_stock ADD COLUMN IF NOT EXISTS some_left boolean GENERATED ALWAYS AS (on_hand > 0) STORED"
# Not `WHERE on_hand > 0`: a column that an index names, also in its condition, keeps PostgreSQL from changing a row in
# place, and each sale changes on_hand. `some_left` changes with the last piece alone.
_STOCK = "CREATE INDEX IF NOT EXISTS ix_outlet_stock_some_left ON outlet_stock (outlet, lot) WHERE some_left"
_DATED = "CREATE INDEX IF NOT EXISTS ix_lot_sku_expires_on_code ON lot (sku, expires_on, code)"
_UNDATED = "CREATE INDEX IF NOT EXISTS ix_lot_undated ON lot (code) WHERE expires_on IS NULL"


def upgrade() -> None:
    """Forward only: a correction is a new step. Each in a transaction of its own: nobody waits for more than one."""
    with op.get_context().autocommit_block():
        for statement in (_LEFT, _STOCK, _DATED, _UNDATED):
            op.execute(statement)
