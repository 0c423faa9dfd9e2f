"""Begin: the event plane and inventory's tables."""

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
    create_event_plane("inventory")
    op.create_table(
        "consignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(length=60), nullable=False),
        sa.Column("destination", sa.String(length=60), nullable=False),
        sa.Column("drafted_by", sa.String(length=200), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consignment")),
        info={"posted": True},
    )
    op.create_index(op.f("ix_consignment_destination"), "consignment", ["destination"], unique=False)
    op.create_index(op.f("ix_consignment_origin"), "consignment", ["origin"], unique=False)
    op.create_table(
        "outlet",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_outlet")),
    )
    op.create_table(
        "output",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workshop", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("good", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("rejected", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(length=200), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint(
            "good >= 0 AND rejected >= 0 AND good + rejected > 0", name=op.f("ck_output_something_was_made")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_output")),
        sa.UniqueConstraint("id", "proposed_by", name=op.f("uq_output_id_proposed_by")),
        info={"posted": True},
    )
    op.create_index("ix_output_workshop_id", "output", ["workshop", "id"], unique=False)
    op.create_table(
        "product",
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("name_id", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("workshop", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("required_skill", sa.String(length=40), nullable=False),
        sa.Column("list_price", sa.BigInteger(), nullable=False),
        sa.Column("material_cost", sa.BigInteger(), nullable=False),
        sa.Column("shelf_life_days", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("materials_id", sa.String(length=500), nullable=True),
        sa.Column("materials_en", sa.String(length=500), nullable=True),
        sa.Column("care_id", sa.String(length=500), nullable=True),
        sa.Column("care_en", sa.String(length=500), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_product")),
    )
    op.create_table(
        "skill_grant",
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("worker_ref", sa.String(length=40), nullable=False),
        sa.Column("skill", sa.String(length=40), nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("grant_version", sa.Integer(), nullable=False),
        sa.Column("withdrawn_from", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_skill_grant")),
    )
    op.create_index(op.f("ix_skill_grant_skill"), "skill_grant", ["skill"], unique=False)
    op.create_index(op.f("ix_skill_grant_worker_ref"), "skill_grant", ["worker_ref"], unique=False)
    op.create_table(
        "stock_balance",
        sa.Column("location", sa.String(length=60), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("on_hand", sa.Numeric(precision=20, scale=3), nullable=False),
        sa.UniqueConstraint(
            "location", "sku", "lot", name=op.f("uq_stock_balance_location_sku_lot"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_index("ix_stock_balance_lot", "stock_balance", ["lot"], unique=False)
    op.create_index("ix_stock_balance_sku", "stock_balance", ["sku"], unique=False)
    op.create_table(
        "stock_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("document_kind", sa.String(length=20), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("leg", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_stock_move_quantity")),
        sa.CheckConstraint("source <> target", name=op.f("ck_stock_move_two_ends")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_move")),
        sa.UniqueConstraint(
            "document_id",
            "line_id",
            "lot",
            "leg",
            "document_kind",
            name=op.f("uq_stock_move_document_id_line_id_lot_leg_document_kind"),
            postgresql_nulls_not_distinct=True,
        ),
        info={"posted": True},
    )
    op.create_index("ix_stock_move_lot_id", "stock_move", ["lot", "id"], unique=False)
    op.create_index("ix_stock_move_sku_id", "stock_move", ["sku", "id"], unique=False)
    op.create_index("ix_stock_move_source_id", "stock_move", ["source", "id"], unique=False)
    op.create_index("ix_stock_move_target_id", "stock_move", ["target", "id"], unique=False)
    op.create_table(
        "workshop",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_workshop")),
    )
    op.create_table(
        "write_off",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("location", sa.String(length=60), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=False),
        sa.Column("proposed_by", sa.String(length=200), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_off")),
        sa.UniqueConstraint("id", "proposed_by", name=op.f("uq_write_off_id_proposed_by")),
        info={"posted": True},
    )
    op.create_table(
        "consignment_dispatch",
        sa.Column("consignment_id", sa.Uuid(), nullable=False),
        sa.Column("dispatched_by", sa.String(length=200), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["consignment_id"], ["consignment.id"], name=op.f("fk_consignment_dispatch_consignment_id")
        ),
        sa.PrimaryKeyConstraint("consignment_id", name=op.f("pk_consignment_dispatch")),
        info={"posted": True},
    )
    op.create_table(
        "consignment_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consignment_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_consignment_line_quantity")),
        sa.ForeignKeyConstraint(
            ["consignment_id"], ["consignment.id"], name=op.f("fk_consignment_line_consignment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consignment_line")),
        sa.UniqueConstraint(
            "consignment_id",
            "sku",
            "lot",
            name=op.f("uq_consignment_line_consignment_id_sku_lot"),
            postgresql_nulls_not_distinct=True,
        ),
        info={"posted": True},
    )
    op.create_table(
        "discrepancy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consignment_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(length=60), nullable=False),
        sa.Column("destination", sa.String(length=60), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("sent", sa.Numeric(precision=20, scale=3), nullable=False),
        sa.Column("good", sa.Numeric(precision=20, scale=3), nullable=False),
        sa.Column("damaged", sa.Numeric(precision=20, scale=3), nullable=False),
        sa.Column("resolved", sa.Numeric(precision=20, scale=3), nullable=False),
        sa.Column(
            "open",
            sa.Numeric(precision=20, scale=3),
            sa.Computed("sent - good - damaged - resolved", persisted=True),
            nullable=False,
        ),
        sa.Column("resolutions", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["consignment_id"], ["consignment.id"], name=op.f("fk_discrepancy_consignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_discrepancy")),
        sa.UniqueConstraint(
            "consignment_id",
            "sku",
            "lot",
            name=op.f("uq_discrepancy_consignment_id_sku_lot"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_discrepancy_open", "discrepancy", ["id"], unique=False, postgresql_where=sa.text("open <> 0"))
    op.create_table(
        "lot",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("output_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("workshop", sa.String(length=40), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("required_skill", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["output_id"], ["output.id"], name=op.f("fk_lot_output_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_lot")),
        sa.UniqueConstraint("output_id", name=op.f("uq_lot_output_id")),
        info={"posted": True},
    )
    op.create_index(op.f("ix_lot_sku"), "lot", ["sku"], unique=False)
    op.create_table(
        "output_decision",
        sa.Column("output_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sa.String(length=200), nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("good", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.Column("rejected", sa.Numeric(precision=14, scale=3), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decision IN ('accepted', 'rejected')", name=op.f("ck_output_decision_decision")),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_output_decision_recorder_is_not_approver")),
        sa.ForeignKeyConstraint(
            ["output_id", "proposed_by"],
            ["output.id", "output.proposed_by"],
            name=op.f("fk_output_decision_output_id_proposed_by"),
        ),
        sa.PrimaryKeyConstraint("output_id", name=op.f("pk_output_decision")),
        info={"posted": True},
    )
    op.create_table(
        "output_maker",
        sa.Column("output_id", sa.Uuid(), nullable=False),
        sa.Column("worker_ref", sa.String(length=40), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=False),
        sa.CheckConstraint("share_bp BETWEEN 1 AND 10000", name=op.f("ck_output_maker_share")),
        sa.ForeignKeyConstraint(["output_id"], ["output.id"], name=op.f("fk_output_maker_output_id")),
        sa.PrimaryKeyConstraint("output_id", "worker_ref", name=op.f("pk_output_maker")),
        info={"posted": True},
    )
    op.create_table(
        "receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consignment_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(length=200), nullable=False),
        sa.Column("signed_by", sa.String(length=16), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["consignment_id"], ["consignment.id"], name=op.f("fk_receipt_consignment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
        info={"posted": True},
    )
    op.create_index(op.f("ix_receipt_consignment_id"), "receipt", ["consignment_id"], unique=False)
    op.create_table(
        "write_off_approval",
        sa.Column("write_off_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sa.String(length=200), nullable=False),
        sa.Column("approved_by", sa.String(length=200), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("approved_by <> proposed_by", name=op.f("ck_write_off_approval_recorder_is_not_approver")),
        sa.ForeignKeyConstraint(
            ["write_off_id", "proposed_by"],
            ["write_off.id", "write_off.proposed_by"],
            name=op.f("fk_write_off_approval_write_off_id_proposed_by"),
        ),
        sa.PrimaryKeyConstraint("write_off_id", name=op.f("pk_write_off_approval")),
        info={"posted": True},
    )
    op.create_table(
        "write_off_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("write_off_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_write_off_line_quantity")),
        sa.ForeignKeyConstraint(["write_off_id"], ["write_off.id"], name=op.f("fk_write_off_line_write_off_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_off_line")),
        sa.UniqueConstraint(
            "write_off_id",
            "sku",
            "lot",
            name=op.f("uq_write_off_line_write_off_id_sku_lot"),
            postgresql_nulls_not_distinct=True,
        ),
        info={"posted": True},
    )
    op.create_table(
        "discrepancy_resolution",
        sa.Column("discrepancy_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=False),
        sa.Column("resolved_by", sa.String(length=200), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_discrepancy_resolution_quantity")),
        sa.ForeignKeyConstraint(
            ["discrepancy_id"], ["discrepancy.id"], name=op.f("fk_discrepancy_resolution_discrepancy_id")
        ),
        sa.PrimaryKeyConstraint("discrepancy_id", "number", name=op.f("pk_discrepancy_resolution")),
        info={"posted": True},
    )
    op.create_table(
        "lot_recall",
        sa.Column("lot", sa.String(length=40), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=False),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recalled_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["lot"], ["lot.code"], name=op.f("fk_lot_recall_lot")),
        sa.PrimaryKeyConstraint("lot", name=op.f("pk_lot_recall")),
        info={"posted": True},
    )
    op.create_table(
        "receipt_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("good", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("damaged", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.CheckConstraint("good >= 0 AND damaged >= 0", name=op.f("ck_receipt_line_counts")),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], name=op.f("fk_receipt_line_receipt_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_line")),
        sa.UniqueConstraint(
            "receipt_id",
            "sku",
            "lot",
            name=op.f("uq_receipt_line_receipt_id_sku_lot"),
            postgresql_nulls_not_distinct=True,
        ),
        info={"posted": True},
    )
    _guard_workshops()


def _guard_workshops() -> None:
    """A workshop's balance is never negative.

    Not a CHECK: the upsert that keeps balances proposes the change as a row, and a CHECK would look at that.
    The condition stands in WHEN, so that the function is called only to refuse. Deferred, so that the statement can
    first tell which lines lack goods; whoever does not ask is refused at commit.
    """
    op.execute("""
        CREATE FUNCTION refuse_negative_balance() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'negative balance at %', NEW.location
                USING ERRCODE = 'check_violation', CONSTRAINT = 'never_negative_at_a_workshop';
        END $$
    """)
    op.execute("""
        CREATE CONSTRAINT TRIGGER never_negative_at_a_workshop AFTER INSERT OR UPDATE ON stock_balance
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.on_hand < 0 AND NEW.location LIKE 'workshop/%')
        EXECUTE FUNCTION refuse_negative_balance()
    """)
