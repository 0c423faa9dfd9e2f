"""Sales as they happened. A sale that happened is never refused and never changed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.sales.models.base import Base, Code, Instant, Quantity, Timed
from shared.db import GUARDED, POSTED


class Sale(Timed, Base):
    """One receipt. `sold_at` is the device's time, `received_at` the server's.

    `outlet`: where the register stood when it happened. `sums_ok`: amounts, total and payments agree.
    """

    __tablename__ = "sale"
    __table_args__ = (
        Index("ix_sale_register_register_no", "register", "register_no"),
        Index("ix_sale_shift_id_register", "shift_id", "register"),
        Index("ix_sale_business_day_outlet", "business_day", "outlet"),
        # Sealed with its lines and payments when its event is: no register waits for that.
        {"info": POSTED | {"facts": ("sale_facts", "lapak.sales.SaleRecorded.v1")}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    register: Mapped[str] = mapped_column(Code)
    outlet: Mapped[str] = mapped_column(Code)
    register_no: Mapped[int] = mapped_column(BigInteger)
    shift_id: Mapped[UUID]
    sold_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    business_day: Mapped[date]
    total: Mapped[int] = mapped_column(BigInteger)
    sums_ok: Mapped[bool]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class SaleLine(Base):
    """So many of a lot (or of no known lot) at a price."""

    __tablename__ = "sale_line"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_sale_line_lot", "lot"),
        Index("ix_sale_line_sku", "sku"),
        {"info": POSTED | GUARDED},
    )

    sale_id: Mapped[UUID] = mapped_column(ForeignKey("sale.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(Code)
    lot: Mapped[str | None] = mapped_column(Code)
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    unit_price: Mapped[int] = mapped_column(BigInteger)
    discount: Mapped[int] = mapped_column(BigInteger)
    discount_reason: Mapped[str | None] = mapped_column(Code)
    amount: Mapped[int] = mapped_column(BigInteger)


class Payment(Base):
    """Money taken for a sale. `shift_id` stands here too, so that a drawer is summed from one index."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("kind IN ('cash', 'qris', 'card', 'transfer')", name="kind"),
        Index("ix_payment_shift_id_kind", "shift_id", "kind", postgresql_include=["amount"]),
        {"info": POSTED | GUARDED},
    )

    sale_id: Mapped[UUID] = mapped_column(ForeignKey("sale.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    shift_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(10))
    amount: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str | None] = mapped_column(String(100))


class LotAssignment(Base):
    """A person says which lot a sold line was; the highest version counts."""

    __tablename__ = "lot_assignment"
    __table_args__ = (
        ForeignKeyConstraint(["sale_id", "line_id"], ["sale_line.sale_id", "sale_line.id"]),
        Index("ix_lot_assignment_lot", "lot"),
        {"info": POSTED},
    )

    sale_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    lot: Mapped[str] = mapped_column(Code)
    assigned_by: Mapped[str] = mapped_column(String(200))
    assigned_at: Mapped[datetime] = mapped_column(Instant)
