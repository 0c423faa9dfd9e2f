"""Consignments, receipts, discrepancies and write-offs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates

from services.inventory.models.base import code_of
from services.inventory.queries.discrepancies import owner
from services.inventory.schemas.common import CashierCode, Place, ReasonCode, each_lot_once
from shared.clock import now
from shared.fields import Code, Instant, PageArgs, Quantity, Uuid

_LINES = validate.Length(min=1, max=500)


class Line(Schema):
    """So many of a lot; `lot` is null where nobody knows it."""

    sku = Code(required=True)
    lot = Code(required=True, allow_none=True)
    quantity = Quantity(required=True)


class ShownLine(Line):
    """A line as it is shown: the receiver sees no quantity before counting."""

    quantity = Quantity()


class ConsignmentBody(Schema):
    """A delivery note: from a workshop to an outlet, or back."""

    id = Uuid(required=True)
    source = Code(required=True, data_key="from")
    outlet = Code(required=True)
    lines = fields.List(fields.Nested(Line), required=True, validate=_LINES)

    @validates("lines")
    def _once(self, lines: Sequence[Mapping[str, Any]], data_key: str) -> None:
        each_lot_once(lines)


class ConsignmentAnswer(Schema):
    """A consignment: draft, dispatched or received (at least in part)."""

    id = Uuid(required=True)
    source = fields.String(required=True, data_key="from")
    outlet = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(["draft", "dispatched", "received"]))
    drafted_at = Instant(required=True)
    dispatched_at = Instant(required=True, allow_none=True)
    drafted_by = fields.String(metadata={"description": "Inside the wall only."})
    dispatched_by = fields.String(allow_none=True, metadata={"description": "Inside the wall only."})
    lines = fields.List(fields.Nested(ShownLine), required=True)


class ConsignmentArgs(PageArgs):
    """Which consignments: from or to a place; drafted only, dispatched and not received, or received."""

    location = Code(load_default=None)
    status = fields.String(load_default=None, validate=validate.OneOf(["draft", "dispatched", "received"]))


class CountedLine(Schema):
    """What the receiver counted of a lot."""

    sku = Code(required=True)
    lot = Code(required=True, allow_none=True)
    good = Quantity(zero=True, required=True)
    damaged = Quantity(zero=True, required=True)


class ReceiptBody(Schema):
    """A count. It need not match what was sent. `signed_by`: the code of the cashier who counted, never a name."""

    id = Uuid(required=True)
    received_at = Instant(required=True)
    signed_by = CashierCode(load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(CountedLine), required=True, validate=_LINES)

    @validates("lines")
    def _counted(self, lines: Sequence[Mapping[str, Any]], data_key: str) -> None:
        each_lot_once(lines)

    @validates("received_at")
    def _not_ahead(self, received_at: Any, data_key: str) -> None:
        if received_at > now() + timedelta(days=2):
            raise ValidationError("Lies in the future.")


class ReceiptAnswer(Schema):
    """A receipt; counted at `effective_at`, as far as that can be told."""

    id = Uuid(required=True)
    consignment_id = Uuid(required=True)
    received_at = Instant(required=True)
    effective_at = Instant(required=True)
    signed_by = fields.String(required=True, allow_none=True)
    received_by = fields.String(metadata={"description": "Inside the wall only."})
    lines = fields.List(fields.Nested(CountedLine), required=True)


class DiscrepancyAnswer(Schema):
    """sent = good + damaged + short − surplus; `open` is what is not resolved of short − surplus, `age` in seconds."""

    id = Uuid(required=True)
    consignment_id = Uuid(required=True)
    source = Place(required=True, data_key="from", attribute="origin")
    outlet = Place(required=True, attribute="destination")
    sku = fields.String(required=True)
    lot = fields.String(required=True, allow_none=True)
    sent = Quantity(zero=True, required=True)
    good = Quantity(zero=True, required=True)
    damaged = Quantity(zero=True, required=True)
    short = fields.Method("_short", required=True, metadata={"type": "number"})
    surplus = fields.Method("_surplus", required=True, metadata={"type": "number"})
    open = fields.Decimal(required=True, metadata={"type": "number"})
    owner = fields.Method("_owner", required=True, metadata={"type": "string"})
    since = Instant(required=True)
    age = fields.Integer(required=True)

    def _difference(self, row: Any) -> Decimal:
        return Decimal(row.sent - row.good - row.damaged)

    def _short(self, row: Any) -> Decimal:
        return max(self._difference(row), Decimal(0))

    def _surplus(self, row: Any) -> Decimal:
        return max(-self._difference(row), Decimal(0))

    def _owner(self, row: Any) -> str:
        return code_of(owner(row))


class DiscrepancyArgs(PageArgs):
    """Which differences."""

    outlet = Code(load_default=None)
    workshop = Code(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf(["open", "resolved"]))


class ResolutionBody(Schema):
    """lost, not-sent (missing goods); sent-uncounted, surplus (goods too many)."""

    reason_code = ReasonCode(required=True)


class WriteOffBody(Schema):
    """Goods to be taken out of stock at a workshop or an outlet."""

    id = Uuid(required=True)
    location = Code(required=True)
    lines = fields.List(fields.Nested(Line), required=True, validate=_LINES)
    reason_code = ReasonCode(required=True)

    @validates("lines")
    def _once(self, lines: Sequence[Mapping[str, Any]], data_key: str) -> None:
        each_lot_once(lines)


class WriteOffAnswer(Schema):
    """A write-off: proposed or approved."""

    id = Uuid(required=True)
    location = Place(required=True)
    status = fields.String(required=True, validate=validate.OneOf(["proposed", "approved"]))
    reason_code = fields.String(required=True)
    proposed_by = fields.String(required=True)
    proposed_at = Instant(required=True)
    approved_by = fields.String(required=True, allow_none=True)
    approved_at = Instant(required=True, allow_none=True)
    lines = fields.List(fields.Nested(Line), required=True)


class WriteOffArgs(PageArgs):
    """Which write-offs."""

    location = Code(load_default=None)


class Nothing(Schema):
    """An empty body."""
