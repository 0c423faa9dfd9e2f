"""Workshops and products, and what other services told about outlets and skills."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from services.inventory.models.base import Base


class Workshop(Base):
    """Where goods are made."""

    __tablename__ = "workshop"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(default=1)


class Product(Base):
    """What can be made; `version` counts its changes."""

    __tablename__ = "product"

    sku: Mapped[str] = mapped_column(String(40), primary_key=True)
    name_id: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    workshop: Mapped[str] = mapped_column(String(40))
    category: Mapped[str] = mapped_column(String(40))
    unit: Mapped[str] = mapped_column(String(40))
    required_skill: Mapped[str] = mapped_column(String(40))
    list_price: Mapped[int] = mapped_column(BigInteger)
    material_cost: Mapped[int] = mapped_column(BigInteger)
    shelf_life_days: Mapped[int | None]
    active: Mapped[bool]
    #: What it is made of and how to treat it, for buyers; unknown where nobody has written it.
    materials_id: Mapped[str | None] = mapped_column(String(500))
    materials_en: Mapped[str | None] = mapped_column(String(500))
    care_id: Mapped[str | None] = mapped_column(String(500))
    care_en: Mapped[str | None] = mapped_column(String(500))
    version: Mapped[int] = mapped_column(default=1)

    @property
    def name(self) -> dict[str, str]:
        """Both names, as the API shows them."""
        return {"id": self.name_id, "en": self.name_en}

    @property
    def materials(self) -> dict[str, str | None] | None:
        """What it is made of, in both languages, or None."""
        return {"id": self.materials_id, "en": self.materials_en} if self.materials_id else None

    @property
    def care(self) -> dict[str, str | None] | None:
        """How to treat it, in both languages, or None."""
        return {"id": self.care_id, "en": self.care_en} if self.care_id else None


class Outlet(Base):
    """Projection of OutletOpened: the newest version heard of."""

    __tablename__ = "outlet"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    version: Mapped[int]


class SkillGrant(Base):
    """Projection of SkillGranted and SkillWithdrawn, one row per reference.

    Grant fields (highest version) and withdrawal (earliest day) merge independently: either may come first.
    """

    __tablename__ = "skill_grant"

    reference: Mapped[str] = mapped_column(String(100), primary_key=True)
    worker_ref: Mapped[str] = mapped_column(String(40), index=True)
    skill: Mapped[str] = mapped_column(String(40), index=True)
    basis: Mapped[str | None] = mapped_column(String(20))
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    grant_version: Mapped[int] = mapped_column(default=0)
    withdrawn_from: Mapped[date | None]
