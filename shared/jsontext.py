"""JSON without floats: quantities are read as Decimal and written as numbers with the very same digits."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

_QUICK_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_QUICK_ENCODER = msgspec.json.Encoder(decimal_format="number")


def number(value: Decimal) -> int | float:
    """A quantity as a JSON number.

    Quantities are NUMERIC(14,3): at most 14 significant digits. A double keeps 15, and Python prints the
    shortest digits that read back the same, so what is written are exactly the decimal's digits.
    """
    return int(value) if value == value.to_integral_value() else float(value)


def instant(value: datetime) -> str:
    """RFC 3339 in UTC with `Z`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_rfc3339(text: str) -> datetime:
    """The time that is written; naive where there is no offset. Raises ValueError for all that is not RFC 3339.

    Not by `datetime.fromisoformat`: from Python 3.11 on it takes 13.05, as people in Indonesia write the time, for 13
    hours and a twentieth of a second (findings/babel-time-read-by-marshmallow.sh).
    """
    return msgspec.convert(text, datetime)


class Unreadable:
    """A JSON number that no number here can hold (five thousand digits, an exponent of twenty): it fits no field."""

    def __init__(self, text: str) -> None:
        self.text = text


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Unreadable):
        return value.text
    raise TypeError(f"{type(value).__name__} is not JSON")


def dumps(value: Any, *, default: Callable[[Any], Any] = _plain, sort_keys: bool = False, **options: Any) -> str:
    """Compact JSON text; Decimal, datetime, date and UUID are written plainly."""
    options.setdefault("separators", (",", ":"))
    return json.dumps(value, default=default, sort_keys=sort_keys, ensure_ascii=False, **options)


def quick_dumps(value: Any) -> str:
    """Compact JSON of text, numbers, lists and objects, ten times faster: decimals with all the digits that they have.

    Raises TypeError or ValueError where there is anything else.
    """
    return _QUICK_ENCODER.encode(value).decode()


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _whole(text: str) -> int | Unreadable:
    try:
        return int(text)
    except ValueError:
        return Unreadable(text)


def _fraction(text: str) -> Decimal | Unreadable:
    try:
        return Decimal(text)
    except ArithmeticError:
        return Unreadable(text)


def loads(text: str | bytes) -> Any:
    """Parse JSON; numbers with a fraction or exponent become Decimal; NaN and Infinity are refused.

    What is JSON can be parsed: a number beyond all bounds becomes `Unreadable`, so that only its own item is at fault.
    Raises ValueError (or RecursionError, at about a thousand levels).
    """
    try:
        return _QUICK_DECODER.decode(text)
    except (ValueError, ArithmeticError):  # wrong, or only unusual: half a surrogate pair, a number beyond all bounds
        return json.loads(text, parse_int=_whole, parse_float=_fraction, parse_constant=_no_constant)
