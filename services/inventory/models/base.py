"""The base of inventory's tables, and where goods can be."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Label, MetaData, Numeric, literal_column
from sqlalchemy.orm import DeclarativeBase

from shared.db import NAMING

#: Locations that are no place: where goods come from and go to, so that every move has two ends.
PRODUCTION, TRANSIT, CUSTOMER, SCRAP, ADJUSTMENT = "production", "transit", "customer", "scrap", "adjustment"
VIRTUAL = frozenset({PRODUCTION, TRANSIT, CUSTOMER, SCRAP, ADJUSTMENT})

#: By so much clocks differ, and requests take their time; a device that is further ahead is shown to people.
_IMPRECISE = timedelta(minutes=2)


class Base(DeclarativeBase):
    """Base class of inventory's models."""

    metadata = MetaData(naming_convention=NAMING)


def workshop_location(code: str) -> str:
    """The location of a workshop's shelf."""
    return f"workshop/{code}"


def outlet_location(code: str) -> str:
    """The location of an outlet's shelf."""
    return f"outlet/{code}"


def latest_sql(column: str) -> str:
    """The key of a list whose latest row comes first. Keyset paging goes upwards only: the seconds count backwards.

    The time of UTC, since only what follows from the row alone can have an index.
    """
    return f"CAST(-extract(epoch FROM timezone('UTC', {column})) AS numeric(20, 6))"


def latest_first(column: str) -> Label[Decimal]:
    """The same as a column to select and to order by, `latest`."""
    return literal_column(latest_sql(column), Numeric(20, 6)).label("latest")


def clock_ahead(told: datetime, received: datetime) -> bool:
    """Whether a device says that something happened after the server heard of it."""
    return told - received > _IMPRECISE


def code_of(location: str) -> str:
    """What the API calls a location: the workshop's or outlet's code, or the virtual name."""
    return location.partition("/")[2] or location
