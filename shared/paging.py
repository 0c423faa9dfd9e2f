"""Lists in pages, by keyset: the cursor of a page says after which row the next one begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, tuple_

from shared import jsontext
from shared.db import Session
from shared.fields import invalid


class Page(NamedTuple):
    """One page of a list; `next` is the cursor of the page after it, or None."""

    items: list[Any]
    next: str | None


def _encode_cursor(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(jsontext.dumps(list(values)).encode()).decode().rstrip("=")


_READERS: dict[type, Callable[[Any], Any]] = {
    int: int,
    str: str,
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Decimal: Decimal,
}


def _decode_cursor(cursor: str, keys: Sequence[Any]) -> list[Any]:
    try:
        values = jsontext.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(keys):
            raise ValueError
        decoded = [_READERS[key.type.python_type](value) for key, value in zip(keys, values, strict=True)]
        if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in decoded):
            raise ValueError
        if any(isinstance(value, str) and "\x00" in value for value in decoded):
            raise ValueError
    except (ValueError, TypeError, ArithmeticError, binascii.Error):
        raise invalid("after", "Not a cursor of this list.") from None
    return decoded


def paged(
    session: Session, statement: Select[*tuple[Any, ...]], keys: Sequence[Any], *, after: str | None, limit: int
) -> Page:
    """One page of `statement` in the order of `keys` (columns that are unique together and among those selected).

    Keyset paging: a page costs the same at row 1 and at row 1,000,000. Raises Invalid for a foreign cursor.
    """
    if after is not None:
        statement = statement.where(tuple_(*keys) > tuple_(*_decode_cursor(after, keys)))
    rows = list(session.execute(statement.order_by(*keys).limit(limit + 1)).all())
    items = [row[0] if len(row) == 1 else row for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items, None)
    return Page(items, _encode_cursor([getattr(items[-1], key.key) for key in keys]))
