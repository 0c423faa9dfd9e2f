"""Begin: the event plane and training's tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.messaging.migrations import create_event_plane

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    create_event_plane("training")
    op.create_table(
        "market_return",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("return_id", "number", name=op.f("pk_market_return")),
        info={"posted": True},
    )
    op.create_index(op.f("ix_market_return_lot"), "market_return", ["lot"], unique=False)
    op.create_table(
        "practice",
        sa.Column("output_id", sa.Uuid(), nullable=False),
        sa.Column("worker_ref", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("workshop", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("good", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("output_id", "worker_ref", name=op.f("pk_practice")),
        info={"posted": True},
    )
    op.create_index(op.f("ix_practice_lot"), "practice", ["lot"], unique=False)
    op.create_index(op.f("ix_practice_worker_ref"), "practice", ["worker_ref"], unique=False)
    op.create_table(
        "programme",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_id", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("skill", sa.String(length=40), nullable=False),
        sa.Column("workshop", sa.String(length=40), nullable=True),
        sa.Column("lesson_hours", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("lesson_hours > 0", name=op.f("ck_programme_lesson_hours")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_programme")),
    )
    op.create_table(
        "resident",
        sa.Column("worker_ref", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("worker_ref ~ '^w[0-9a-z]{7,15}$'", name=op.f("ck_resident_worker_ref")),
        sa.PrimaryKeyConstraint("worker_ref", name=op.f("pk_resident")),
    )
    op.create_table(
        "skill",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name_id", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("placeholder", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_skill")),
    )
    op.create_table(
        "withdrawal",
        sa.Column("reference", sa.Uuid(), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("withdrawn_by", sa.String(length=200), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_withdrawal")),
        info={"posted": True},
    )
    op.create_table(
        "assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker_ref", sa.String(length=16), nullable=False),
        sa.Column("skill", sa.String(length=40), nullable=False),
        sa.Column("programme", sa.String(length=40), nullable=True),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("assessor", sa.String(length=200), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("result IN ('COMPETENT', 'NOT_YET_COMPETENT')", name=op.f("ck_assessment_result")),
        sa.ForeignKeyConstraint(["worker_ref"], ["resident.worker_ref"], name=op.f("fk_assessment_worker_ref")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        info={"posted": True},
    )
    op.create_index(op.f("ix_assessment_worker_ref"), "assessment", ["worker_ref"], unique=False)
    op.create_table(
        "attestation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker_ref", sa.String(length=16), nullable=False),
        sa.Column("skill", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("instructor", sa.String(length=200), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_attestation_span")),
        sa.ForeignKeyConstraint(["worker_ref"], ["resident.worker_ref"], name=op.f("fk_attestation_worker_ref")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestation")),
        info={"posted": True},
    )
    op.create_index(op.f("ix_attestation_worker_ref"), "attestation", ["worker_ref"], unique=False)
    op.create_table(
        "certificate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker_ref", sa.String(length=16), nullable=False),
        sa.Column("skill", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('training', 'competency')", name=op.f("ck_certificate_kind")),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("ck_certificate_span")),
        sa.ForeignKeyConstraint(["worker_ref"], ["resident.worker_ref"], name=op.f("fk_certificate_worker_ref")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("kind", "issuer", "number", name=op.f("uq_certificate_kind_issuer_number")),
    )
    op.create_index(op.f("ix_certificate_worker_ref"), "certificate", ["worker_ref"], unique=False)
    op.create_table(
        "resident_identity",
        sa.Column("worker_ref", sa.String(length=16), nullable=False),
        sa.Column("name_encrypted", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["worker_ref"], ["resident.worker_ref"], name=op.f("fk_resident_identity_worker_ref")),
        sa.PrimaryKeyConstraint("worker_ref", name=op.f("pk_resident_identity")),
    )
