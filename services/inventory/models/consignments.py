"""The handover between workshop and outlet: drafted, dispatched, received by the receiver's own count."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
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

from services.inventory.models.base import Base, code_of, latest_sql
from shared.db import POSTED

Quantity = Numeric(14, 3)
Total = Numeric(20, 3)
Instant = DateTime(timezone=True)


class Consignment(Base):
    """A delivery note: what is to go from one place to another (both are locations)."""

    __tablename__ = "consignment"
    __table_args__ = (Index("ix_consignment_latest", text(latest_sql("drafted_at")), "id"), {"info": POSTED})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(String(60), index=True)
    destination: Mapped[str] = mapped_column(String(60), index=True)
    drafted_by: Mapped[str] = mapped_column(String(200))
    drafted_at: Mapped[datetime] = mapped_column(Instant)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))

    @property
    def to_outlet(self) -> str | None:
        """The outlet that receives; None when goods go back to a workshop."""
        return code_of(self.destination) if self.destination.startswith("outlet/") else None

    @property
    def from_outlet(self) -> str | None:
        """The outlet that sends goods back; None when a workshop sends."""
        return code_of(self.origin) if self.origin.startswith("outlet/") else None


class ConsignmentLine(Base):
    """So many of a lot."""

    __tablename__ = "consignment_line"
    __table_args__ = (
        UniqueConstraint("consignment_id", "sku", "lot", postgresql_nulls_not_distinct=True),
        CheckConstraint("quantity > 0", name="quantity"),
        {"info": POSTED},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    consignment_id: Mapped[UUID] = mapped_column(ForeignKey("consignment.id"))
    sku: Mapped[str] = mapped_column(String(40))
    lot: Mapped[str | None] = mapped_column(String(40))
    quantity: Mapped[Decimal] = mapped_column(Quantity)


class ConsignmentDispatch(Base):
    """It left."""

    __tablename__ = "consignment_dispatch"
    __table_args__ = ({"info": POSTED},)

    consignment_id: Mapped[UUID] = mapped_column(ForeignKey("consignment.id"), primary_key=True)
    dispatched_by: Mapped[str] = mapped_column(String(200))
    dispatched_at: Mapped[datetime] = mapped_column(Instant)


class Receipt(Base):
    """It arrived, in whole or in part, by the receiver's own count: `received_at` by the device's clock."""

    __tablename__ = "receipt"
    __table_args__ = ({"info": POSTED},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    consignment_id: Mapped[UUID] = mapped_column(ForeignKey("consignment.id"), index=True)
    received_at: Mapped[datetime] = mapped_column(Instant)
    received_by: Mapped[str] = mapped_column(String(200))
    signed_by: Mapped[str | None] = mapped_column(String(16))
    posted_at: Mapped[datetime] = mapped_column(Instant)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))

    @property
    def effective_at(self) -> datetime:
        """When it was counted, as far as that can be told: not after the server heard of it."""
        return min(self.received_at, self.posted_at)


class ReceiptLine(Base):
    """What was counted of a lot: good and damaged."""

    __tablename__ = "receipt_line"
    __table_args__ = (
        UniqueConstraint("receipt_id", "sku", "lot", postgresql_nulls_not_distinct=True),
        CheckConstraint("good >= 0 AND damaged >= 0", name="counts"),
        {"info": POSTED},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipt.id"))
    sku: Mapped[str] = mapped_column(String(40))
    lot: Mapped[str | None] = mapped_column(String(40))
    good: Mapped[Decimal] = mapped_column(Quantity)
    damaged: Mapped[Decimal] = mapped_column(Quantity)


class Discrepancy(Base):
    """A line of a handover that has been counted: open = sent − good − damaged − resolved; above nought is missing.

    Kept up to date by whoever dispatches, receives or resolves, all of whom take turns per consignment; it could be
    computed from their facts, but not for every consignment whenever somebody asks what is open.
    """

    __tablename__ = "discrepancy"
    __table_args__ = (
        UniqueConstraint("consignment_id", "sku", "lot", postgresql_nulls_not_distinct=True),
        Index("ix_discrepancy_open", "id", postgresql_where=text("open <> 0")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    consignment_id: Mapped[UUID] = mapped_column(ForeignKey("consignment.id"))
    origin: Mapped[str] = mapped_column(String(60))
    destination: Mapped[str] = mapped_column(String(60))
    sku: Mapped[str] = mapped_column(String(40))
    lot: Mapped[str | None] = mapped_column(String(40))
    sent: Mapped[Decimal] = mapped_column(Total, default=0)
    good: Mapped[Decimal] = mapped_column(Total, default=0)
    damaged: Mapped[Decimal] = mapped_column(Total, default=0)
    resolved: Mapped[Decimal] = mapped_column(Total, default=0)
    open: Mapped[Decimal] = mapped_column(Total, Computed("sent - good - damaged - resolved", persisted=True))
    resolutions: Mapped[int] = mapped_column(default=0)
    since: Mapped[datetime] = mapped_column(Instant)


class DiscrepancyResolution(Base):
    """What a person decided about an open difference. A later receipt may open it again: hence the number."""

    __tablename__ = "discrepancy_resolution"
    __table_args__ = (
        ForeignKeyConstraint(["discrepancy_id"], ["discrepancy.id"]),
        CheckConstraint("quantity <> 0", name="quantity"),
        {"info": POSTED},
    )

    discrepancy_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    quantity: Mapped[Decimal] = mapped_column(Quantity)
    reason_code: Mapped[str] = mapped_column(String(40))
    resolved_by: Mapped[str] = mapped_column(String(200))
    resolved_at: Mapped[datetime] = mapped_column(Instant)
