"""Begin: the event plane and sales's tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.messaging.migrations import create_event_plane

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    create_event_plane("sales")
    op.create_table(
        "lot",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("workshop", sa.String(length=40), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_lot")),
        info={"posted": True},
    )
    op.create_table(
        "lot_recall",
        sa.Column("lot", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=False),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lot", name=op.f("pk_lot_recall")),
        info={"posted": True},
    )
    op.create_table(
        "outlet",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("placeholder", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('permanent', 'temporary')", name=op.f("ck_outlet_kind")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_outlet")),
    )
    op.create_table(
        "outlet_stock",
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("on_hand", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.UniqueConstraint(
            "outlet", "sku", "lot", name=op.f("uq_outlet_stock_outlet_sku_lot"), postgresql_nulls_not_distinct=True
        ),
    )
    op.create_index("ix_outlet_stock_lot", "outlet_stock", ["lot"], unique=False)
    op.create_table(
        "price",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price")),
        sa.UniqueConstraint(
            "sku",
            "outlet",
            "valid_from",
            name=op.f("uq_price_sku_outlet_valid_from"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "product",
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("name_id", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("workshop", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("list_price", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_product")),
    )
    op.create_table(
        "product_price",
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("list_price", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "version", name=op.f("pk_product_price")),
        info={"posted": True},
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("register", sa.String(length=40), nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("register_no", sa.BigInteger(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("raw_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=200), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.CheckConstraint("kind IN ('sale', 'return')", name=op.f("ck_quarantine_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("register", "raw_hash", name=op.f("uq_quarantine_register_raw_hash")),
    )
    op.create_index("ix_quarantine_item_id", "quarantine", ["item_id"], unique=False)
    op.create_index(op.f("ix_quarantine_outlet"), "quarantine", ["outlet"], unique=False)
    op.create_table(
        "received_line",
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("good", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.UniqueConstraint(
            "receipt_id",
            "sku",
            "lot",
            name=op.f("uq_received_line_receipt_id_sku_lot"),
            postgresql_nulls_not_distinct=True,
        ),
        info={"posted": True},
    )
    op.create_table(
        "register_state",
        sa.Column("register", sa.String(length=40), nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.Column("unsent", sa.Integer(), nullable=False),
        sa.Column("oldest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("register", name=op.f("pk_register_state")),
    )
    op.create_index(op.f("ix_register_state_outlet"), "register_state", ["outlet"], unique=False)
    op.create_table(
        "register",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("placeholder", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_register")),
    )
    op.create_index(op.f("ix_register_outlet"), "register", ["outlet"], unique=False)
    op.create_table(
        "sale",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("register", sa.String(length=40), nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.Column("register_no", sa.BigInteger(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("drift", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("sums_ok", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale")),
        info={"posted": True},
    )
    op.create_index("ix_sale_business_day", "sale", ["business_day"], unique=False)
    op.create_index("ix_sale_outlet_business_day", "sale", ["outlet", "business_day"], unique=False)
    op.create_index("ix_sale_register_register_no", "sale", ["register", "register_no"], unique=False)
    op.create_index("ix_sale_shift_id", "sale", ["shift_id"], unique=False)
    op.create_table(
        "sale_return",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("register", sa.String(length=40), nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("business_day", sa.Date(), nullable=False),
        sa.Column("refund_kind", sa.String(length=10), nullable=False),
        sa.Column("refund_amount", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint(
            "refund_kind IN ('cash', 'qris', 'card', 'transfer')", name=op.f("ck_sale_return_refund_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sale_return")),
        info={"posted": True},
    )
    op.create_index("ix_sale_return_business_day", "sale_return", ["business_day"], unique=False)
    op.create_index("ix_sale_return_sale_id", "sale_return", ["sale_id"], unique=False)
    op.create_index(
        "ix_sale_return_shift_id_refund_kind",
        "sale_return",
        ["shift_id", "refund_kind"],
        unique=False,
        postgresql_include=["refund_amount"],
    )
    op.create_table(
        "shift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("register", sa.String(length=40), nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opening_float", sa.BigInteger(), nullable=False),
        sa.Column("cashier", sa.String(length=16), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("opening_float >= 0", name=op.f("ck_shift_opening_float")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
        info={"posted": True},
    )
    op.create_index(op.f("ix_shift_outlet"), "shift", ["outlet"], unique=False)
    op.create_index("ix_shift_register_opened_at", "shift", ["register", "opened_at"], unique=False)
    op.create_table(
        "stock_change",
        sa.Column("move_id", sa.Uuid(), nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("delta", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("move_id", name=op.f("pk_stock_change")),
        info={"posted": True},
    )
    op.create_table(
        "work_item",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=10), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=True),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("return_id", sa.Uuid(), nullable=True),
        sa.Column("sku", sa.String(length=40), nullable=True),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=200), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.CheckConstraint("owner IN ('outlet', 'city')", name=op.f("ck_work_item_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_item")),
        sa.UniqueConstraint("code", "subject", name=op.f("uq_work_item_code_subject")),
    )
    op.create_index(
        "ix_work_item_open_lot", "work_item", ["lot"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index(
        "ix_work_item_open_sku", "work_item", ["sku"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index("ix_work_item_outlet_id", "work_item", ["outlet", "id"], unique=False)
    op.create_index("ix_work_item_sale_id", "work_item", ["sale_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=True),
        sa.CheckConstraint("kind IN ('cash', 'qris', 'card', 'transfer')", name=op.f("ck_payment_kind")),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_payment_sale_id")),
        sa.PrimaryKeyConstraint("sale_id", "id", name=op.f("pk_payment")),
        info={"posted": True},
    )
    op.create_index(
        "ix_payment_shift_id_kind", "payment", ["shift_id", "kind"], unique=False, postgresql_include=["amount"]
    )
    op.create_table(
        "return_line",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=False),
        sa.Column("restock", sa.Boolean(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_return_line_quantity")),
        sa.ForeignKeyConstraint(["return_id"], ["sale_return.id"], name=op.f("fk_return_line_return_id")),
        sa.PrimaryKeyConstraint("return_id", "id", name=op.f("pk_return_line")),
        info={"posted": True},
    )
    op.create_table(
        "return_verdict",
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.CheckConstraint("verdict IN ('recorded', 'exceeds')", name=op.f("ck_return_verdict_verdict")),
        sa.ForeignKeyConstraint(["return_id"], ["sale_return.id"], name=op.f("fk_return_verdict_return_id")),
        sa.PrimaryKeyConstraint("return_id", name=op.f("pk_return_verdict")),
        info={"posted": True},
    )
    op.create_table(
        "sale_line",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.String(length=40), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False),
        sa.Column("discount_reason", sa.String(length=40), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_sale_line_quantity")),
        sa.ForeignKeyConstraint(["sale_id"], ["sale.id"], name=op.f("fk_sale_line_sale_id")),
        sa.PrimaryKeyConstraint("sale_id", "id", name=op.f("pk_sale_line")),
        info={"posted": True},
    )
    op.create_index("ix_sale_line_lot", "sale_line", ["lot"], unique=False)
    op.create_index("ix_sale_line_sku", "sale_line", ["sku"], unique=False)
    op.create_table(
        "shift_close",
        sa.Column("shift_id", sa.Uuid(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_shift_close_shift_id")),
        sa.PrimaryKeyConstraint("shift_id", name=op.f("pk_shift_close")),
        info={"posted": True},
    )
    op.create_table(
        "lot_assignment",
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lot", sa.String(length=40), nullable=False),
        sa.Column("assigned_by", sa.String(length=200), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["sale_id", "line_id"],
            ["sale_line.sale_id", "sale_line.id"],
            name=op.f("fk_lot_assignment_sale_id_line_id"),
        ),
        sa.PrimaryKeyConstraint("sale_id", "line_id", "version", name=op.f("pk_lot_assignment")),
        info={"posted": True},
    )
