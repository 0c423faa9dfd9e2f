"""Goods taken out of stock, by two people."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Numeric,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.inventory.models.base import Base, latest_sql
from shared.db import POSTED

Instant = DateTime(timezone=True)


class WriteOff(Base):
    """Proposed: these goods are to be taken out of stock at this location."""

    __tablename__ = "write_off"
    __table_args__ = (
        UniqueConstraint("id", "proposed_by"),
        Index("ix_write_off_latest", text(latest_sql("proposed_at")), "id"),
        {"info": POSTED},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    location: Mapped[str] = mapped_column(String(60))
    reason_code: Mapped[str] = mapped_column(String(40))
    proposed_by: Mapped[str] = mapped_column(String(200))
    proposed_at: Mapped[datetime] = mapped_column(Instant)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class WriteOffLine(Base):
    """So many of a lot."""

    __tablename__ = "write_off_line"
    __table_args__ = (
        UniqueConstraint("write_off_id", "sku", "lot", postgresql_nulls_not_distinct=True),
        CheckConstraint("quantity > 0", name="quantity"),
        {"info": POSTED},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    write_off_id: Mapped[UUID] = mapped_column(ForeignKey("write_off.id"))
    sku: Mapped[str] = mapped_column(String(40))
    lot: Mapped[str | None] = mapped_column(String(40))
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))


class WriteOffApproval(Base):
    """Approved by a second person: now the goods move."""

    __tablename__ = "write_off_approval"
    __table_args__ = (
        ForeignKeyConstraint(["write_off_id", "proposed_by"], ["write_off.id", "write_off.proposed_by"]),
        CheckConstraint("approved_by <> proposed_by", name="recorder_is_not_approver"),
        {"info": POSTED},
    )

    write_off_id: Mapped[UUID] = mapped_column(primary_key=True)
    proposed_by: Mapped[str] = mapped_column(String(200))
    approved_by: Mapped[str] = mapped_column(String(200))
    approved_at: Mapped[datetime] = mapped_column(Instant)
