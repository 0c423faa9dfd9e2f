"""Shifts: opened with a float, closed by a blind count. The count is never rewritten."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, func
from sqlalchemy.orm import Mapped, mapped_column

from services.sales.models.base import Base, Code, Instant, Timed
from shared.db import POSTED


class Shift(Timed, Base):
    """A cashier (a code) takes a register over."""

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint("opening_float >= 0", name="opening_float"),
        Index("ix_shift_register_effective_at", "register", "effective_at"),
        {"info": POSTED},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    register: Mapped[str] = mapped_column(Code)
    outlet: Mapped[str] = mapped_column(Code, index=True)
    opened_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime | None] = mapped_column(Instant, server_default=func.clock_timestamp())
    opening_float: Mapped[int] = mapped_column(BigInteger)
    cashier: Mapped[str] = mapped_column(String(16))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class ShiftClose(Timed, Base):
    """What was expected and what was counted at the moment of closing: a snapshot."""

    __tablename__ = "shift_close"
    __table_args__ = ({"info": POSTED},)

    shift_id: Mapped[UUID] = mapped_column(ForeignKey("shift.id"), primary_key=True)
    closed_at: Mapped[datetime] = mapped_column(Instant)
    expected: Mapped[int] = mapped_column(BigInteger)
    counted: Mapped[int] = mapped_column(BigInteger)
    posted_at: Mapped[datetime] = mapped_column(Instant)

    @property
    def variance(self) -> int:
        """What is too much (above nought) or missing; recorded, never forced to nil."""
        return self.counted - self.expected
