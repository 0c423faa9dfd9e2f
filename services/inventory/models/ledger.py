"""The double-entry ledger: each move takes from one location and gives to another; balances are kept with them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from services.inventory.models.base import Base
from shared.db import DERIVED, POSTED

#: Three of four moves are sales: whoever looks for what customers got reads the ledger as it is, and not an index.
#: A move is unique by document (kind and id), line, lot and leg: whatever is repeated moves goods once.
stock_move = Table(
    "stock_move",
    Base.metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("document_kind", String(20), nullable=False),
    Column("document_id", Uuid, nullable=False),
    Column("line_id", Uuid, nullable=False),
    Column("lot", String(40)),
    Column("leg", SmallInteger, nullable=False),
    Column("source", String(60), nullable=False),
    Column("target", String(60), nullable=False),
    Column("sku", String(40), nullable=False),
    Column("quantity", Numeric(14, 3), nullable=False),
    Column("moved_at", DateTime(timezone=True), nullable=False),
    Column("posted_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("reason_code", String(40)),
    UniqueConstraint("document_id", "line_id", "lot", "leg", "document_kind", postgresql_nulls_not_distinct=True),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("source <> target", name="two_ends"),
    Index("ix_stock_move_lot_id", "lot", "id"),
    Index("ix_stock_move_sku_id", "sku", "id"),
    Index("ix_stock_move_source_id", "source", "id"),
    Index("ix_stock_move_target_id", "target", "id", postgresql_where=text("target <> 'customer'")),
    info=POSTED,
)

#: What came back of sold lines, as it was told: it follows the lot that a person gives a sold line, before or after.
returned_line = Table(
    "returned_line",
    Base.metadata,
    Column("return_id", Uuid, primary_key=True),
    Column("part", SmallInteger, primary_key=True, autoincrement=False),
    Column("sale_id", Uuid, nullable=False),
    Column("line_id", Uuid, nullable=False),
    Column("place", String(60), nullable=False),
    Column("sku", String(40), nullable=False),
    Column("lot", String(40)),
    Column("quantity", Numeric(14, 3), nullable=False),
    Column("returned_at", DateTime(timezone=True), nullable=False),
    Index("ix_returned_line_sale_id_line_id", "sale_id", "line_id"),
    info=POSTED,
)

#: Balance = sum of moves. A workshop's is never negative; a constraint trigger (`never_negative_at_a_workshop`) says
#: so, since a CHECK would look at the row proposed by the upsert, which holds the change and not the sum. Wider than
#: a move, so that no sale, however large, makes the next one overflow.
stock_balance = Table(
    "stock_balance",
    Base.metadata,
    Column("location", String(60), nullable=False),
    Column("sku", String(40), nullable=False),
    Column("lot", String(40)),
    Column("on_hand", Numeric(30, 3), nullable=False),
    UniqueConstraint("location", "sku", "lot", postgresql_nulls_not_distinct=True),
    Index("ix_stock_balance_lot", "lot"),
    Index("ix_stock_balance_sku", "sku"),
    info=DERIVED,
)
