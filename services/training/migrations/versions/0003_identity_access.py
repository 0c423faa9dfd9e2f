"""Who read the names of which residents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    op.create_table(
        "identity_access",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sub", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("searched", sa.Boolean(), nullable=False),
        sa.Column("refs", ARRAY(sa.String(length=16)), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_access")),
        info={"posted": True},
    )
    op.create_index(op.f("ix_identity_access_at"), "identity_access", ["at"], unique=False)
    op.create_index(op.f("ix_identity_access_refs"), "identity_access", ["refs"], unique=False, postgresql_using="gin")
