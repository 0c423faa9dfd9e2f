"""What every event has in common: a past-tense fact, frozen, its version in its name, CloudEvents on the wire."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID

import msgspec
from msgspec import Meta

Rupiah = Annotated[int, Meta(ge=-(10**12), le=10**12, description="Integer rupiah.")]
Quantity = Annotated[Decimal, Meta(description="Exact, at most 3 decimals.")]
Code = Annotated[str, Meta(min_length=1, max_length=40, description="Reference code.")]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with offset.")]
Day = Annotated[date, Meta(description="A day in Makassar.")]
Version = Annotated[int, Meta(ge=1, description="Counts the changes of the row; the highest wins.")]
ReasonCode = Annotated[
    str, Meta(pattern=r"^[a-z0-9-]{2,40}$", description="A code: free text does not cross the wall.")
]
LotCode = Annotated[str, Meta(min_length=1, max_length=40, description="Lot number.")]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an event, e.g. one line."""


class BilingualName(Part, frozen=True):
    """A name in Indonesian and English."""

    id: str
    en: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One fact. `SOURCE` announces it; `SUBJECT` names the field that says what it is about.

    Readers are tolerant: fields that they do not know are ignored. Writers are strict: exactly these fields.
    """

    SOURCE: ClassVar[str]
    SUBJECT: ClassVar[str]
    VERSION: ClassVar[int] = 1

    @classmethod
    def type_name(cls) -> str:
        """The CloudEvents type, e.g. `lapak.sales.SaleRecorded.v1`."""
        return f"lapak.{cls.SOURCE}.{cls.__name__}.v{cls.VERSION}"

    @property
    def subject(self) -> str:
        """What the event is about: the value of its subject field, as text."""
        return str(getattr(self, self.SUBJECT))

    def to_data(self) -> dict[str, Any]:
        """The `data` member: plain values, with Decimal, UUID, date and datetime left for the JSON writer."""
        plain = msgspec.to_builtins(self, builtin_types=(Decimal, UUID, datetime, date))
        assert isinstance(plain, dict)
        return plain

    @classmethod
    def of(cls, data: dict[str, Any]) -> Self:
        """The event behind a `data` member. Raises msgspec.ValidationError naming the field that is wrong."""
        return msgspec.convert(data, cls)


class Revocation(Event, frozen=True):
    """A token that a service has revoked; each service announces its own."""

    SUBJECT = "jti"

    jti: str
    expires_at: Instant


def json_schema(event: type[Event]) -> dict[str, Any]:
    """JSON Schema (2020-12) of an event's `data`."""
    schema: dict[str, Any] = _numbers(msgspec.json.schema(event))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": event.type_name(), **schema}


def _numbers(node: Any) -> Any:
    """msgspec writes decimals as text by default and says so; ours travel as JSON numbers."""
    if isinstance(node, dict):
        if node.get("format") == "decimal":
            return {key: value for key, value in node.items() if key != "format"} | {"type": "number"}
        return {key: _numbers(value) for key, value in node.items()}
    return [_numbers(value) for value in node] if isinstance(node, list) else node
