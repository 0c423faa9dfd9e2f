"""What needs a person: work items of recorded facts, and items that could not be read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.sales.models.base import Base, Code, Instant
from shared.db import DERIVED


class WorkItem(Base):
    """An oddity, keyed by code and subject. Which are open follows from the facts, never from their order.

    It `stands` while the facts say so. What a person closed (`closed_by`) is closed for as long as it stands.
    """

    __tablename__ = "work_item"
    __table_args__ = (
        UniqueConstraint("code", "subject"),
        CheckConstraint("owner IN ('outlet', 'city')", name="owner"),
        Index("ix_work_item_sale_id", "sale_id"),
        Index("ix_work_item_return_id", "return_id"),
        Index("ix_work_item_standing_sku", "sku", "sale_id", postgresql_where=text("stands")),
        Index("ix_work_item_outlet_id", "outlet", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    code: Mapped[str] = mapped_column(String(30))
    subject: Mapped[str] = mapped_column(String(160))
    outlet: Mapped[str] = mapped_column(Code)
    owner: Mapped[str] = mapped_column(String(10))
    sale_id: Mapped[UUID | None]
    line_id: Mapped[UUID | None]
    return_id: Mapped[UUID | None]
    sku: Mapped[str | None] = mapped_column(Code)
    lot: Mapped[str | None] = mapped_column(Code)
    stands: Mapped[bool] = mapped_column(server_default=true())
    opened_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    closed_by: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(String(500))


class Reconsideration(Base):
    """Recorded sales that are to be judged again, because a lot, a product or a price is known otherwise now.

    `lot`: those that sold it. `sku` alone: those of it that are odd. `sku` and `since`: those of it made from then on
    `until` another price, at other than `price`. `day` and `sale_id`: as far as that is done.
    """

    __tablename__ = "reconsideration"
    __table_args__ = ({"info": DERIVED},)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    lot: Mapped[str | None] = mapped_column(Code)
    sku: Mapped[str | None] = mapped_column(Code)
    outlet: Mapped[str | None] = mapped_column(Code)
    price: Mapped[int | None] = mapped_column(BigInteger)
    since: Mapped[datetime | None] = mapped_column(Instant)
    until: Mapped[datetime | None] = mapped_column(Instant)
    day: Mapped[date | None]
    sale_id: Mapped[UUID | None]
    asked_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())


class Quarantine(Base):
    """An item that could not be read, kept as it came."""

    __tablename__ = "quarantine"
    __table_args__ = (
        UniqueConstraint("register", "kind", "raw_hash"),
        Index("ix_quarantine_item_id", "item_id"),
        Index("ix_quarantine_register_register_no", "register", "register_no"),
        CheckConstraint("kind IN ('sale', 'return')", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    kind: Mapped[str] = mapped_column(String(10))
    register: Mapped[str] = mapped_column(Code)
    outlet: Mapped[str] = mapped_column(Code, index=True)
    item_id: Mapped[UUID | None]
    register_no: Mapped[int | None] = mapped_column(BigInteger)
    raw: Mapped[str] = mapped_column(Text)
    raw_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    errors: Mapped[dict[str, Any]] = mapped_column(JSONB)
    received_at: Mapped[datetime] = mapped_column(Instant, server_default=func.now())
    resolved_at: Mapped[datetime | None] = mapped_column(Instant)
    resolved_by: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(String(500))
