"""Outlets, registers, prices."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE
from sqlalchemy.orm import Mapped, mapped_column

from services.sales.models.base import Base, Code, Instant
from shared.db import DERIVED, POSTED


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


class RegisterPlacement(Base):
    """From when on a register stands in an outlet. Written by triggers on `register`, whoever writes that."""

    __tablename__ = "register_placement"
    __table_args__ = ({"info": POSTED},)

    register: Mapped[str] = mapped_column(Code, primary_key=True)
    since: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    outlet: Mapped[str] = mapped_column(Code)


class RegisterRun(Base):
    """The first time in a run of a register's page at which its clock was seen right."""

    __tablename__ = "register_run"

    register: Mapped[str] = mapped_column(Code, primary_key=True)
    run: Mapped[UUID] = mapped_column(primary_key=True)
    right_ms: Mapped[int] = mapped_column(BigInteger)
    right_at: Mapped[datetime] = mapped_column(Instant)


class RegisterNumbers(Base):
    """The receipt numbers of a register that have arrived, and those that nobody waits for any more, as ranges.

    Kept in the transaction that records a sale or holds an unreadable one, so that nobody has to count.
    """

    __tablename__ = "register_numbers"
    __table_args__ = ({"info": DERIVED},)

    register: Mapped[str] = mapped_column(Code, primary_key=True)
    seen: Mapped[Any] = mapped_column(INT8MULTIRANGE, server_default=text("'{}'"))
    closed: Mapped[Any] = mapped_column(INT8MULTIRANGE, server_default=text("'{}'"))
    received: Mapped[int] = mapped_column(BigInteger)


class ClosedNumber(Base):
    """The city does not wait for these numbers any more, and says why. It stays, also when the sale should come."""

    __tablename__ = "closed_number"
    __table_args__ = (CheckConstraint("lo BETWEEN 1 AND hi", name="span"), {"info": POSTED})

    register: Mapped[str] = mapped_column(Code, primary_key=True)
    lo: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hi: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(500))
    closed_by: Mapped[str] = mapped_column(String(200))
    closed_at: Mapped[datetime] = mapped_column(Instant)


class RegisterState(Base):
    """What a register said of itself when it was last heard: unsent facts, the oldest of them, its clock's lag in s."""

    __tablename__ = "register_state"
    __table_args__ = ({"info": DERIVED},)

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
