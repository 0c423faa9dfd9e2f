"""Time: instants are UTC, business days are Makassar's (WITA, UTC+8, no daylight saving)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

MAKASSAR = timezone(timedelta(hours=8), "Asia/Makassar")


def now() -> datetime:
    """The server's time, UTC, aware."""
    return datetime.now(UTC)


def business_day(instant: datetime) -> date:
    """The calendar day in Makassar on which an (aware) instant falls."""
    return instant.astimezone(MAKASSAR).date()
