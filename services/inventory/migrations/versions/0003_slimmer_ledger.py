"""Leave what went to customers out of the index by target: it was most of it, and never asked for by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    op.drop_index("ix_stock_move_target_id", table_name="stock_move")
    places = sa.text("target <> 'customer'")
    op.create_index("ix_stock_move_target_id", "stock_move", ["target", "id"], postgresql_where=places)
