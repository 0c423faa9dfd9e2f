"""Judge past sales again in chunks: what remains to be looked at is a row."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    op.create_table(
        "reconsideration",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("sku", sa.String(length=40), nullable=True),
        sa.Column("outlet", sa.String(length=40), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("since", _INSTANT, nullable=True),
        sa.Column("until", _INSTANT, nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("sale_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconsideration")),
    )
    standing = sa.text("stands")
    op.create_index("ix_work_item_standing_sku", "work_item", ["sku", "sale_id"], postgresql_where=standing)
    op.drop_index("ix_work_item_open_sku", table_name="work_item")
