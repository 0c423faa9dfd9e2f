"""Outlets, registers, prices."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from services.sales.models.base import Base, Code, Instant


class Outlet(Base):
    """A shop run by the city. A placeholder was named by a register or a price before it was described."""

    __tablename__ = "outlet"
    __table_args__ = (CheckConstraint("kind IN ('permanent', 'temporary')", name="kind"),)

    code: Mapped[str] = mapped_column(Code, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    placeholder: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)


class Register(Base):
    """A till of an outlet."""

    __tablename__ = "register"

    code: Mapped[str] = mapped_column(Code, primary_key=True)
    outlet: Mapped[str] = mapped_column(Code, index=True)
    name: Mapped[str] = mapped_column(String(200))
    placeholder: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)


class RegisterState(Base):
    """What a register said of itself when it was last heard: unsent facts, the oldest of them, its clock's lag in s."""

    __tablename__ = "register_state"

    register: Mapped[str] = mapped_column(Code, primary_key=True)
    outlet: Mapped[str] = mapped_column(Code, index=True)
    unsent: Mapped[int]
    oldest_at: Mapped[datetime | None] = mapped_column(Instant)
    sent_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[str | None] = mapped_column(Code)

    @property
    def drift(self) -> int:
        return int((self.seen_at - self.sent_at).total_seconds())


class Price(Base):
    """A price from a moment on, at one outlet or everywhere. History is kept: what was in force then can be told."""

    __tablename__ = "price"
    __table_args__ = (UniqueConstraint("sku", "outlet", "valid_from", postgresql_nulls_not_distinct=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    sku: Mapped[str] = mapped_column(Code)
    outlet: Mapped[str | None] = mapped_column(Code)
    price: Mapped[int] = mapped_column(BigInteger)
    valid_from: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)
