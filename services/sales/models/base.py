"""The base of sales' tables, and column types that they share."""

from __future__ import annotations

from sqlalchemy import DateTime, MetaData, Numeric, String
from sqlalchemy.orm import DeclarativeBase

from shared.db import NAMING

Code = String(40)
Instant = DateTime(timezone=True)
Quantity = Numeric(14, 3)


class Base(DeclarativeBase):
    """Base class of sales' models."""

    metadata = MetaData(naming_convention=NAMING)
