"""What "the same content" means: the loaded item, not its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from types import NoneType
from typing import Any
from uuid import UUID

from shared import jsontext


def canonical(value: Any) -> Any:
    """A value in the one form that equal values share: plain decimals, times in UTC, lists sorted."""
    if isinstance(value, Mapping):
        return {key: canonical(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        # Lines are a set: each carries its own id, and a client that sorts them otherwise says the same.
        return sorted((canonical(inner) for inner in value), key=lambda inner: jsontext.dumps(inner, sort_keys=True))
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value


def _object_text(value: dict[str, Any]) -> str:
    return "{" + ",".join([f"{encode_basestring(key)}:{canonical_text(value[key])}" for key in sorted(value)]) + "}"


def _list_text(value: list[Any]) -> str:
    return "[" + ",".join(sorted([canonical_text(inner) for inner in value])) + "]"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: lambda value: f'"{value}"',
    UUID: lambda value: f'"{value}"',
    Decimal: lambda value: f'"{value.normalize():f}"',
    datetime: lambda value: f'"{value.astimezone(UTC).isoformat()}"',
    NoneType: lambda value: "null",
    dict: _object_text,
    list: _list_text,
}


def canonical_text(value: Any) -> str:
    """`canonical(value)` as compact JSON with sorted keys, in one pass: each posted sale is hashed."""
    write = _WRITERS.get(type(value))
    return jsontext.dumps(canonical(value), sort_keys=True) if write is None else write(value)


def content_hash(loaded: Mapping[str, Any]) -> bytes:
    """SHA-256 (32 bytes) of a loaded item: decimals normalised, times in UTC, the order of lines ignored."""
    return hashlib.sha256(canonical_text(loaded).encode()).digest()
