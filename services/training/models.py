"""Training's tables, and the rules that always hold."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db import NAMING, POSTED

Code = String(40)
Instant = DateTime(timezone=True)


class Base(DeclarativeBase):
    """Base class of training's models."""

    metadata = MetaData(naming_convention=NAMING)


class Resident(Base):
    """A person inside, known to the system by a random reference that is derived from nothing."""

    __tablename__ = "resident"
    __table_args__ = (CheckConstraint("worker_ref ~ '^w[0-9a-z]{7,15}$'", name="worker_ref"),)

    worker_ref: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    registered_at: Mapped[datetime] = mapped_column(Instant)


class ResidentIdentity(Base):
    """The only place where a name is: encrypted, apart from everything that is computed with."""

    __tablename__ = "resident_identity"

    worker_ref: Mapped[str] = mapped_column(ForeignKey("resident.worker_ref"), primary_key=True)
    name_encrypted: Mapped[bytes] = mapped_column(LargeBinary)


class IdentityAccess(Base):
    """Somebody read names: who, in which role, by which route or command, when, and whose.

    `searched`: all names were looked through; `refs` are those that matched, or none. For an auditor: never a name.
    """

    __tablename__ = "identity_access"
    __table_args__ = (Index(None, "refs", postgresql_using="gin"), {"info": POSTED})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    sub: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    route: Mapped[str] = mapped_column(String(200))
    searched: Mapped[bool]
    refs: Mapped[list[str]] = mapped_column(ARRAY(String(16)))


class Skill(Base):
    """What a product may ask for. A placeholder was named by somebody before it was described."""

    __tablename__ = "skill"

    code: Mapped[str] = mapped_column(Code, primary_key=True)
    name_id: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    placeholder: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)

    @property
    def name(self) -> dict[str, str]:
        """Both names, as the API shows them."""
        return {"id": self.name_id, "en": self.name_en}


class Programme(Base):
    """What teaches a skill, in lesson hours (JP)."""

    __tablename__ = "programme"
    __table_args__ = (CheckConstraint("lesson_hours > 0", name="lesson_hours"),)

    code: Mapped[str] = mapped_column(Code, primary_key=True)
    name_id: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    skill: Mapped[str] = mapped_column(Code)
    workshop: Mapped[str | None] = mapped_column(Code)
    lesson_hours: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)

    @property
    def name(self) -> dict[str, str]:
        """Both names, as the API shows them."""
        return {"id": self.name_id, "en": self.name_en}


class Assessment(Base):
    """What an assessor found: COMPETENT or NOT_YET_COMPETENT."""

    __tablename__ = "assessment"
    __table_args__ = (
        CheckConstraint("result IN ('COMPETENT', 'NOT_YET_COMPETENT')", name="result"),
        {"info": POSTED},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    worker_ref: Mapped[str] = mapped_column(ForeignKey("resident.worker_ref"), index=True)
    skill: Mapped[str] = mapped_column(Code)
    programme: Mapped[str | None] = mapped_column(Code)
    result: Mapped[str] = mapped_column(String(20))
    assessed_on: Mapped[date]
    assessor: Mapped[str] = mapped_column(String(200))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class Certificate(Base):
    """A training certificate (attended) or a competency certificate (able): two things. Either grants its skill."""

    __tablename__ = "certificate"
    __table_args__ = (
        CheckConstraint("kind IN ('training', 'competency')", name="kind"),
        CheckConstraint("valid_until >= valid_from", name="span"),
        UniqueConstraint("kind", "issuer", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    worker_ref: Mapped[str] = mapped_column(ForeignKey("resident.worker_ref"), index=True)
    skill: Mapped[str] = mapped_column(Code)
    kind: Mapped[str] = mapped_column(String(20))
    number: Mapped[str] = mapped_column(String(100))
    issuer: Mapped[str] = mapped_column(String(200))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)


class Attestation(Base):
    """An instructor signs that a resident has a skill."""

    __tablename__ = "attestation"
    __table_args__ = (CheckConstraint("valid_until >= valid_from", name="span"), {"info": POSTED})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    worker_ref: Mapped[str] = mapped_column(ForeignKey("resident.worker_ref"), index=True)
    skill: Mapped[str] = mapped_column(Code)
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    instructor: Mapped[str] = mapped_column(String(200))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class Withdrawal(Base):
    """A certificate or attestation no longer grants its skill. The reason is free text and stays here."""

    __tablename__ = "withdrawal"
    __table_args__ = ({"info": POSTED},)

    reference: Mapped[UUID] = mapped_column(primary_key=True)
    effective: Mapped[date]
    reason: Mapped[str] = mapped_column(String(500))
    withdrawn_by: Mapped[str] = mapped_column(String(200))
    withdrawn_at: Mapped[datetime] = mapped_column(Instant)


class Practice(Base):
    """What a resident has made: one row per accepted output and maker. Projection of OutputAccepted."""

    __tablename__ = "practice"
    __table_args__ = ({"info": POSTED},)

    output_id: Mapped[UUID] = mapped_column(primary_key=True)
    worker_ref: Mapped[str] = mapped_column(String(40), primary_key=True, index=True)
    sku: Mapped[str] = mapped_column(Code)
    workshop: Mapped[str] = mapped_column(Code)
    lot: Mapped[str] = mapped_column(Code, index=True)
    made_on: Mapped[date]
    good: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    share_bp: Mapped[int]


class MarketReturn(Base):
    """What came back from the market of a lot: line `number` of a return. Projection of SaleReturned.

    A return may name one sold line twice (a part stale, a part broken), so `line_id` tells its lines not apart.
    """

    __tablename__ = "market_return"
    __table_args__ = ({"info": POSTED},)

    return_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[UUID]
    sku: Mapped[str] = mapped_column(Code)
    lot: Mapped[str | None] = mapped_column(Code, index=True)
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    reason_code: Mapped[str] = mapped_column(String(40))
