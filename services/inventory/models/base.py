"""The base of inventory's tables, and where goods can be."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from shared.db import NAMING

#: Locations that are no place: where goods come from and go to, so that every move has two ends.
PRODUCTION, TRANSIT, CUSTOMER, SCRAP, ADJUSTMENT = "production", "transit", "customer", "scrap", "adjustment"
VIRTUAL = frozenset({PRODUCTION, TRANSIT, CUSTOMER, SCRAP, ADJUSTMENT})


class Base(DeclarativeBase):
    """Base class of inventory's models."""

    metadata = MetaData(naming_convention=NAMING)


def workshop_location(code: str) -> str:
    """The location of a workshop's shelf."""
    return f"workshop/{code}"


def outlet_location(code: str) -> str:
    """The location of an outlet's shelf."""
    return f"outlet/{code}"


def code_of(location: str) -> str:
    """What the API calls a location: the workshop's or outlet's code, or the virtual name."""
    return location.partition("/")[2] or location
