"""The base of sales' tables, and column types that they share."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, MetaData, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import NAMING

Code = String(40)
Instant = DateTime(timezone=True)
Quantity = Numeric(14, 3)


class Base(DeclarativeBase):
    """Base class of sales' models."""

    metadata = MetaData(naming_convention=NAMING)


class Timed:
    """When a fact of a register happened.

    `run`, `run_ms`: the device's monotonic stamp. `effective_at`: when it happened, by `timed_by` (its device's clock,
    with its lag when it `sending`, its run, or only bounds), and whether that is sure. `drift`: by how many seconds the
    device's clock was behind at the fact, where that was over 2 minutes. What older code wrote has no `timed_by`.
    """

    run: Mapped[UUID | None]
    run_ms: Mapped[int | None] = mapped_column(BigInteger)
    effective_at: Mapped[datetime] = mapped_column(Instant)
    drift: Mapped[int | None] = mapped_column(BigInteger)
    timed_by: Mapped[str | None] = mapped_column(String(10))
    time_sure: Mapped[bool | None]

    @property
    def clock(self) -> dict[str, Any] | None:
        """The monotonic stamp as the device told it."""
        return None if self.run is None else {"run": self.run, "ms": self.run_ms}
