"""What "the same content" means: the loaded item, not its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="number")
_SELVES = {str, int, bool, UUID, type(None)}  # written alike already


def canonical(value: Any) -> Any:
    """A value in the one form that equal values share: decimals without idle zeros, times in UTC, lists sorted."""
    if type(value) in _SELVES:
        return value
    if isinstance(value, dict):
        return {key: inner if type(inner) in _SELVES else canonical(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        # Lines are a set: each carries its own id, and a client that sorts them otherwise says the same.
        found = [canonical(inner) for inner in value]
        return sorted(found, key=_ENCODER.encode) if len(found) > 1 else found
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return value


def content_hash(loaded: Mapping[str, Any]) -> bytes:
    """SHA-256 (32 bytes) of a loaded item: decimals normalised, times in UTC, the order of lines ignored."""
    return hashlib.sha256(_ENCODER.encode(canonical(loaded))).digest()
