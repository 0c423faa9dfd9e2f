"""Outputs and the lots that are born of them. A decision is a fact of its own: what was proposed is never changed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Numeric,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from services.inventory.models.base import Base
from shared.db import POSTED

Quantity = Numeric(14, 3)
Instant = DateTime(timezone=True)


class Output(Base):
    """What a terminal says was made: `made_at` and `recorded_at` by its clock, `received_at` by the server's."""

    __tablename__ = "output"
    __table_args__ = (
        UniqueConstraint("id", "proposed_by"),
        CheckConstraint("good >= 0 AND rejected >= 0 AND good + rejected > 0", name="something_was_made"),
        Index("ix_output_workshop_id", "workshop", "id"),
        Index("ix_output_workshop_recorded_at_id", "workshop", "recorded_at", "id"),
        {"info": POSTED},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    workshop: Mapped[str] = mapped_column(String(40))
    sku: Mapped[str] = mapped_column(String(40))
    good: Mapped[Decimal] = mapped_column(Quantity)
    rejected: Mapped[Decimal] = mapped_column(Quantity)
    made_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    proposed_by: Mapped[str] = mapped_column(String(200))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))

    @hybrid_property
    def effective_at(self) -> datetime:
        """When it was made, as far as that can be told: not after the server heard of it. Its day follows from this."""
        return min(self.made_at, self.received_at)

    @effective_at.inplace.expression
    @classmethod
    def _effective_at(cls) -> ColumnElement[datetime]:
        return func.least(cls.made_at, cls.received_at)


class OutputMaker(Base):
    """One maker's share of an output, in basis points."""

    __tablename__ = "output_maker"
    __table_args__ = (CheckConstraint("share_bp BETWEEN 1 AND 10000", name="share"), {"info": POSTED})

    output_id: Mapped[UUID] = mapped_column(ForeignKey("output.id"), primary_key=True)
    worker_ref: Mapped[str] = mapped_column(String(40), primary_key=True)
    share_bp: Mapped[int]


class OutputDecision(Base):
    """Accepted or rejected, by somebody other than who proposed it."""

    __tablename__ = "output_decision"
    __table_args__ = (
        ForeignKeyConstraint(["output_id", "proposed_by"], ["output.id", "output.proposed_by"]),
        CheckConstraint("decided_by <> proposed_by", name="recorder_is_not_approver"),
        CheckConstraint("decision IN ('accepted', 'rejected')", name="decision"),
        Index("ix_output_decision_decided_at", "decided_at"),
        {"info": POSTED},
    )

    output_id: Mapped[UUID] = mapped_column(primary_key=True)
    proposed_by: Mapped[str] = mapped_column(String(200))
    decision: Mapped[str] = mapped_column(String(10))
    good: Mapped[Decimal | None] = mapped_column(Quantity)
    rejected: Mapped[Decimal | None] = mapped_column(Quantity)
    reason: Mapped[str | None] = mapped_column(String(500))
    lot: Mapped[str | None] = mapped_column(String(40))
    decided_by: Mapped[str] = mapped_column(String(200))
    decided_at: Mapped[datetime] = mapped_column(Instant)


class Lot(Base):
    """What one accepted output became."""

    __tablename__ = "lot"
    __table_args__ = (Index("ix_lot_newest", text("('9999-01-01'::date - made_on)"), "code"), {"info": POSTED})

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    output_id: Mapped[UUID] = mapped_column(ForeignKey("output.id"), unique=True)
    sku: Mapped[str] = mapped_column(String(40), index=True)
    workshop: Mapped[str] = mapped_column(String(40))
    made_on: Mapped[date]
    expires_on: Mapped[date | None]
    #: The skill that was asked for when it was accepted: what the product asks for later does not judge this lot.
    required_skill: Mapped[str] = mapped_column(String(40))


class LotRecall(Base):
    """The lot may no longer be sold."""

    __tablename__ = "lot_recall"
    __table_args__ = ({"info": POSTED},)

    lot: Mapped[str] = mapped_column(ForeignKey("lot.code"), primary_key=True)
    reason_code: Mapped[str] = mapped_column(String(40))
    recalled_at: Mapped[datetime] = mapped_column(Instant)
    recalled_by: Mapped[str] = mapped_column(String(200))
