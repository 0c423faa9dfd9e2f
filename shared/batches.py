"""A batch as a device sends it: each item is read by itself, so that a bad one harms no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError

from shared import bounds


@dataclass(frozen=True, slots=True)
class Item:
    """One item: as it came, and either loaded or with its errors by field path."""

    raw: Any
    loaded: dict[str, Any] | None
    errors: dict[str, list[str]]

    @property
    def id(self) -> str | None:
        """The id that it claims, when that is text; for the result."""
        claimed = self.raw.get("id") if isinstance(self.raw, dict) else None
        return claimed[:100] if isinstance(claimed, str) else None


def read_each(schema: Schema, raw_items: Sequence[Any]) -> list[Item]:
    """Load each item by a schema; nothing is raised for a bad one."""
    items = []
    for raw in raw_items:
        try:
            items.append(Item(raw, bounds.load(schema, raw), {}))
        except ValidationError as error:
            items.append(Item(raw, None, bounds.told(error)))
    return items
