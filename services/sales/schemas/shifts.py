"""Shifts: opened with a float, closed by a blind count."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.sales.schemas.common import DeviceClock, Sending
from shared.fields import Code, Instant, Money, PageArgs, Uuid

_CASHIER = r"^[a-z0-9-]{3,16}$"


class ShiftContent(Schema):
    """A cashier (a code, never a name) takes a register over, with a float."""

    register = Code(required=True)
    opened_at = Instant(required=True)
    opening_float = Money(required=True)
    cashier = fields.String(
        required=True, validate=validate.Regexp(_CASHIER.replace("$", r"\Z")), metadata={"pattern": _CASHIER}
    )
    device_clock = fields.Nested(DeviceClock, allow_none=True)


class ShiftBody(ShiftContent, Sending):
    """The opening as a register sends it."""


class Counted(Schema):
    """What was counted, blind."""

    cash = Money(required=True)


class CloseBody(Sending):
    """When the shift ended, and what was in the drawer."""

    closed_at = Instant(required=True)
    device_clock = fields.Nested(DeviceClock, allow_none=True)
    counted = fields.Nested(Counted, required=True)


class CloseAnswer(Schema):
    """The snapshot of a close: cash expected, counted, and the variance (counted − expected)."""

    shift_id = Uuid(required=True)
    closed_at = Instant(required=True)
    expected = Money(signed=True, required=True)
    counted = Money(required=True)
    variance = Money(signed=True, required=True)


class Amendment(Schema):
    """A sale or return of the shift that came after its count; `cash` is what it adds to the expected cash.

    `return-moved`: a refund that named no shift was another's after all, which came to be known at `received_at`.
    """

    kind = fields.String(required=True)
    id = Uuid(required=True)
    at = Instant(required=True)
    received_at = Instant(required=True)
    cash = Money(signed=True, required=True)


class ShiftAnswer(ShiftContent):
    """A shift; `close` is the snapshot, `expected_now` allows for what came late.

    A register counts blind: it is not told `expected_now` before the close.
    """

    id = Uuid(required=True)
    outlet = fields.String(required=True)
    effective_at = Instant(required=True)
    status = fields.String(required=True)
    expected_now = Money(signed=True, required=True, allow_none=True)
    close = fields.Nested(CloseAnswer, required=True, allow_none=True)
    amendments = fields.List(fields.Nested(Amendment), required=True)


class ShiftArgs(PageArgs):
    """Which shifts."""

    register = Code(load_default=None)
    outlet = Code(load_default=None)
