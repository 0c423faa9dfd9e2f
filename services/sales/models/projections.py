"""What inventory told: products, lots, goods that came and went; and the shelf that follows from it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Index,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.sales.models.base import Base, Code, Instant, Quantity
from shared.db import DERIVED, POSTED


class Product(Base):
    """The newest version of a product heard of."""

    __tablename__ = "product"

    sku: Mapped[str] = mapped_column(Code, primary_key=True)
    name_id: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    workshop: Mapped[str] = mapped_column(Code)
    category: Mapped[str] = mapped_column(Code)
    unit: Mapped[str] = mapped_column(Code)
    list_price: Mapped[int] = mapped_column(BigInteger)
    active: Mapped[bool]
    version: Mapped[int]


class ProductPrice(Base):
    """Every list price that was ever published: a register may have sold by an older one."""

    __tablename__ = "product_price"
    __table_args__ = ({"info": POSTED},)

    sku: Mapped[str] = mapped_column(Code, primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    list_price: Mapped[int] = mapped_column(BigInteger)


class Lot(Base):
    """A lot was born. `expires_on` is the last day of sale."""

    __tablename__ = "lot"
    __table_args__ = ({"info": POSTED},)

    code: Mapped[str] = mapped_column(Code, primary_key=True)
    sku: Mapped[str] = mapped_column(Code)
    workshop: Mapped[str] = mapped_column(Code)
    made_on: Mapped[date]
    expires_on: Mapped[date | None]


Index("ix_lot_sku_expires_on_code", Lot.sku, Lot.expires_on, Lot.code)
Index("ix_lot_undated", Lot.code, postgresql_where=Lot.expires_on.is_(None))


class LotRecall(Base):
    """A lot may not be sold from a moment on. The recall may be heard of before the lot."""

    __tablename__ = "lot_recall"
    __table_args__ = ({"info": POSTED},)

    lot: Mapped[str] = mapped_column(Code, primary_key=True)
    sku: Mapped[str] = mapped_column(Code)
    reason_code: Mapped[str] = mapped_column(Code)
    recalled_at: Mapped[datetime] = mapped_column(Instant)


class StockChange(Base):
    """An outlet's stock changed by a count, a write-off, or goods sent back."""

    __tablename__ = "stock_change"
    __table_args__ = ({"info": POSTED},)

    move_id: Mapped[UUID] = mapped_column(primary_key=True)
    outlet: Mapped[str] = mapped_column(Code)
    sku: Mapped[str] = mapped_column(Code)
    lot: Mapped[str | None] = mapped_column(Code)
    delta: Mapped[Decimal] = mapped_column(Quantity)
    reason_code: Mapped[str] = mapped_column(Code)


#: What an outlet counted as good of a consignment.
received_line = Table(
    "received_line",
    Base.metadata,
    Column("receipt_id", Uuid, nullable=False),
    Column("outlet", Code, nullable=False),
    Column("sku", Code, nullable=False),
    Column("lot", Code),
    Column("good", Quantity, nullable=False),
    UniqueConstraint("receipt_id", "sku", "lot", postgresql_nulls_not_distinct=True),
    info=POSTED,
)

#: The shelf: received − sold + returned (restocked) ± changed; kept in the transaction of its cause. Wider than any
#: sum of what was ever accepted: no sale may be refused because of those before it.
outlet_stock = Table(
    "outlet_stock",
    Base.metadata,
    Column("outlet", Code, nullable=False),
    Column("sku", Code, nullable=False),
    Column("lot", Code),
    Column("on_hand", Numeric(30, 3), nullable=False),
    # Has an index find what is left, and lets a sale change `on_hand`, which no index names, in place.
    Column("some_left", Boolean, Computed("on_hand > (0)::numeric", persisted=True)),
    UniqueConstraint("outlet", "sku", "lot", postgresql_nulls_not_distinct=True),
    info=DERIVED,
)
Index("ix_outlet_stock_lot", outlet_stock.c.lot)
Index("ix_outlet_stock_some_left", outlet_stock.c.outlet, outlet_stock.c.lot, postgresql_where=text("some_left"))
