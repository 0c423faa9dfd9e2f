"""marshmallow fields that every service's schemas share: money, quantity, code, instant."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from shared import jsontext
from shared.errors import Invalid

MAX_RUPIAH = 10**12
MAX_QUANTITY = Decimal(100_000)  # what a line may hold; columns are NUMERIC(14,3), so that no sum of lines overflows
_MOST_DIGITS = 14
_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
WORKER_REF_PATTERN = r"^w[0-9a-z]{7,15}$"


def _described(kwargs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """Field arguments with metadata for OpenAPI, which the caller's own metadata overrides."""
    return {**kwargs, "metadata": {**metadata, **kwargs.get("metadata", {})}}


class Uuid(fields.UUID):
    """A UUID in hexadecimal digits. (Python's own reader also takes spaces, underscores and braces for some.)"""

    def _validated(self, value: Any) -> Any:
        if not isinstance(value, UUID) and (not isinstance(value, str) or _UUID.fullmatch(value) is None):
            raise self.make_error("invalid_uuid")
        return super()._validated(value)


class Money(fields.Integer):
    """Integer rupiah, 0 .. 10^12; `signed=True` allows what is owed the other way."""

    def __init__(self, *, signed: bool = False, **kwargs: Any) -> None:
        low = -MAX_RUPIAH if signed else 0
        super().__init__(strict=True, validate=validate.Range(min=low, max=MAX_RUPIAH), **kwargs)

    def _validated(self, value: Any) -> Any:
        if isinstance(value, (str, bool)):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class WholeNumber(fields.Integer):
    """A JSON integer between `low` and `high`; neither text nor true/false."""

    def __init__(self, *, low: int = 0, high: int = 2**31 - 1, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(min=low, max=high), **kwargs)

    def _validated(self, value: Any) -> Any:
        if isinstance(value, (str, bool)):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Quantity(fields.Field[Decimal]):
    """A JSON number with at most 3 decimals, exact; > 0, or >= 0 with `zero=True`. A line holds at most 100,000."""

    def __init__(self, *, zero: bool = False, **kwargs: Any) -> None:
        bound: dict[str, Any] = {"minimum" if zero else "exclusiveMinimum": 0, "exclusiveMaximum": 10**11}
        messages: dict[str, str | list[Any] | dict[Any, Any]] = {
            "invalid": "Not a number.",
            "decimals": "At most 3 decimals.",
            "range": "Must be {bound} and at most 100,000.",
        }
        bound["description"] = "As input at most 100,000."
        super().__init__(error_messages=messages, **_described(kwargs, type="number", multipleOf=0.001, **bound))
        self.zero = zero

    def _serialize(self, value: Decimal | None, attr: str | None, obj: Any, **kwargs: Any) -> int | float | None:
        return None if value is None else jsontext.number(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise self.make_error("invalid")
        exact = Decimal(value)
        if not (0 <= exact <= MAX_QUANTITY) or (exact == 0 and not self.zero):
            raise self.make_error("range", bound="at least 0" if self.zero else "more than 0")
        whole = exact.quantize(Decimal("0.001"))
        if exact != whole:
            raise self.make_error("decimals")
        return exact if len(exact.as_tuple().digits) <= _MOST_DIGITS else whole  # 1.000… has more than can be stored


class Text(fields.String):
    """Text of 1 .. `high` characters without control characters (PostgreSQL cannot store NUL)."""

    def __init__(self, *, high: int = 200, low: int = 1, **kwargs: Any) -> None:
        rules = [validate.Length(min=low, max=high), validate.Regexp(r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]*\Z")]
        super().__init__(validate=rules, **kwargs)


class Code(fields.String):
    """A reference code such as `WS-GRM`: 1..40 of letters, digits, `.`, `_`, `-`."""

    def __init__(self, **kwargs: Any) -> None:
        rule = validate.Regexp(CODE_PATTERN.replace("$", r"\Z"))
        super().__init__(validate=rule, **_described(kwargs, pattern=CODE_PATTERN))


class WorkerRef(fields.String):
    """The random reference of a resident, inside the wall only."""

    def __init__(self, **kwargs: Any) -> None:
        rule = validate.Regexp(WORKER_REF_PATTERN.replace("$", r"\Z"))
        super().__init__(validate=rule, **_described(kwargs, pattern=WORKER_REF_PATTERN))


class Instant(fields.AwareDateTime):
    """RFC 3339 with offset; loaded as UTC, dumped with `Z`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **_described(kwargs, format="date-time"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        try:
            loaded = jsontext.from_rfc3339(value)
            if loaded.tzinfo is None:
                raise self.make_error("invalid_awareness", awareness=self.AWARENESS, obj_type=self.OBJ_TYPE)
            return loaded.astimezone(UTC)
        except (OverflowError, ValueError):  # or year 1 or 9999 with an offset that leaves the calendar
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from None

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else jsontext.instant(value)


class Names(Schema):
    """A name in Indonesian and English."""

    id = Text(required=True)
    en = Text(required=True)


class PageArgs(Schema):
    """`?after=<cursor>&limit=` of every list."""

    after = fields.String(load_default=None, validate=validate.Length(max=500))
    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=1000))


def page_of(item: Schema) -> Schema:
    """The schema of one page of a list: `{"items": […], "next": cursor|null}`."""
    return _page_of(type(item))


@cache
def _page_of(item: type[Schema]) -> Schema:
    # One schema per kind of item: the OpenAPI document names each once.
    name = f"{item.__name__}Page"
    return Schema.from_dict(
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next": fields.String(required=True, allow_none=True),
        },
        name=name,
    )()


def invalid(path: str, message: str) -> Invalid:
    """One wrong field that only a use case can find."""
    return Invalid({path: [message]})


def check_code(code: str, name: str = "code") -> str:
    """A code taken from a path. Raises Invalid when it is not one (the same rule as in bodies)."""
    if re.fullmatch(CODE_PATTERN, code) is None or code.endswith("\n"):
        raise invalid(name, "String does not match expected pattern.")
    return code


def check_worker_ref(reference: str) -> str:
    """A resident's reference taken from a path. Raises Invalid when it cannot be one."""
    if re.fullmatch(WORKER_REF_PATTERN, reference) is None or reference.endswith("\n"):
        raise invalid("worker_ref", "String does not match expected pattern.")
    return reference
