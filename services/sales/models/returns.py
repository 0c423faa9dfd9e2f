"""Goods brought back and money refunded. What the server thinks of it is a fact of its own."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.sales.models.base import Base, Code, Instant, Quantity, Timed
from shared.db import POSTED


class SaleReturn(Timed, Base):
    """What happened at the register that took the goods back.

    `shift_id`: whose drawer the money left, as the register named it (the view `drawer` says which it was).
    """

    __tablename__ = "sale_return"
    __table_args__ = (
        CheckConstraint("refund_kind IN ('cash', 'qris', 'card', 'transfer')", name="refund_kind"),
        Index("ix_sale_return_sale_id", "sale_id"),
        Index("ix_sale_return_shift_id_refund_kind", "shift_id", "refund_kind", postgresql_include=["refund_amount"]),
        Index("ix_sale_return_business_day", "business_day"),
        Index("ix_sale_return_register_effective_at", "register", "effective_at"),
        {"info": POSTED},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sale_id: Mapped[UUID]
    register: Mapped[str] = mapped_column(Code)
    outlet: Mapped[str] = mapped_column(Code)
    shift_id: Mapped[UUID | None]
    returned_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    business_day: Mapped[date]
    refund_kind: Mapped[str] = mapped_column(String(10))
    refund_amount: Mapped[int] = mapped_column(BigInteger)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class ReturnLine(Base):
    """So many of a sold line, back on the shelf or not."""

    __tablename__ = "return_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"), {"info": POSTED})

    return_id: Mapped[UUID] = mapped_column(ForeignKey("sale_return.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID]
    sku: Mapped[str] = mapped_column(Code)
    lot: Mapped[str | None] = mapped_column(Code)
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    amount: Mapped[int] = mapped_column(BigInteger)
    reason_code: Mapped[str] = mapped_column(Code)
    restock: Mapped[bool]


class ReturnVerdict(Base):
    """Recorded, or exceeding what was sold. Without a verdict it waits for its sale."""

    __tablename__ = "return_verdict"
    __table_args__ = (CheckConstraint("verdict IN ('recorded', 'exceeds')", name="verdict"), {"info": POSTED})

    return_id: Mapped[UUID] = mapped_column(ForeignKey("sale_return.id"), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(10))
