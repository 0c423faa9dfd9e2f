"""Shifts, sales, returns: what registers post and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.sales.schemas.common import DeviceClock, Sending
from services.sales.schemas.quick import reader
from services.sales.schemas.registers import SyncNews, TillReport
from shared.bounds import Beside
from shared.fields import MAX_RUPIAH, Code, Instant, Money, PageArgs, Quantity, Text, Uuid, WholeNumber

MAX_LINES = 200
KINDS = validate.OneOf(["cash", "qris", "card", "transfer"])
_REASON = r"^[a-z0-9-]{2,40}$"


def _check_parts(parts: Sequence[Mapping[str, Any]], field: str) -> None:
    """Each part has an id of its own, and their sum can still be announced as money."""
    if len({part["id"] for part in parts}) != len(parts):
        raise ValidationError("Each id once.", field)
    if sum(part["amount"] for part in parts) > MAX_RUPIAH:
        raise ValidationError("Together more than 10^12.", field)


def check_sale(sale: Mapping[str, Any]) -> None:
    """What must hold of a sale's parts together. Raises ValidationError."""
    _check_parts(sale["lines"], "lines")
    _check_parts(sale["payments"], "payments")


def check_return(one: Mapping[str, Any]) -> None:
    """What must hold of a return's parts together. Raises ValidationError."""
    _check_parts(one["lines"], "lines")


def leave_out_no_clock(fact: dict[str, Any]) -> None:
    """A device without a clock says so by null or by nothing: the same content."""
    if fact.get("device_clock") is None:
        fact.pop("device_clock", None)


class _ReasonCode(fields.String):
    """Why, as a code: free text might name somebody."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(_REASON.replace("$", r"\Z")), metadata={"pattern": _REASON}, **kwargs)


class Line(Schema):
    """One sold line; amount = half-up(quantity × unit_price) − discount, and why there is one."""

    id = Uuid(required=True)
    sku = Code(required=True)
    lot = Code(load_default=None, allow_none=True)
    quantity = Quantity(required=True)
    unit_price = Money(required=True)
    discount = Money(required=True)
    discount_reason = _ReasonCode(allow_none=True)  # absent when not given: the hash of what was stored stays
    amount = Money(required=True)


class PaymentPart(Schema):
    """Money taken."""

    id = Uuid(required=True)
    kind = fields.String(required=True, validate=KINDS)
    amount = Money(required=True)
    reference = Text(high=100, load_default=None, allow_none=True)


class SaleItem(Schema):
    """One sale as it happened."""

    id = Uuid(required=True)
    register_no = WholeNumber(low=1, high=10**12, required=True)
    shift_id = Uuid(required=True)
    sold_at = Instant(required=True)
    device_clock = fields.Nested(DeviceClock, allow_none=True)
    lines = fields.List(fields.Nested(Line), required=True, validate=validate.Length(min=1, max=MAX_LINES))
    payments = fields.List(fields.Nested(PaymentPart), required=True, validate=validate.Length(max=MAX_LINES))
    total = Money(required=True)

    @validates_schema
    def _check(self, data: Mapping[str, Any], **_: Any) -> None:
        check_sale(data)

    @post_load
    def _plain(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        leave_out_no_clock(data)
        return data


class BackLine(Schema):
    """One line that comes back; `line_id` is the sold line."""

    id = Uuid(required=True)
    line_id = Uuid(required=True)
    sku = Code(required=True)
    lot = Code(load_default=None, allow_none=True)
    quantity = Quantity(required=True)
    amount = Money(required=True)
    reason_code = _ReasonCode(required=True)
    restock = fields.Boolean(required=True, truthy={True}, falsy={False})


class Refund(Schema):
    """Money given back."""

    kind = fields.String(required=True, validate=KINDS)
    amount = Money(required=True)


class ReturnItem(Schema):
    """One return as it happened. Default shift: the register's open one."""

    id = Uuid(required=True)
    sale_id = Uuid(required=True)
    shift_id = Uuid(load_default=None, allow_none=True)
    returned_at = Instant(required=True)
    device_clock = fields.Nested(DeviceClock, allow_none=True)
    lines = fields.List(fields.Nested(BackLine), required=True, validate=validate.Length(min=1, max=MAX_LINES))
    refund = fields.Nested(Refund, required=True)

    @validates_schema
    def _check(self, data: Mapping[str, Any], **_: Any) -> None:
        check_return(data)

    @post_load
    def _plain(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        leave_out_no_clock(data)
        return data


read_sales = reader(SaleItem(), check_sale, leave_out_no_clock)
read_returns = reader(ReturnItem(), check_return, leave_out_no_clock)


class _Envelope(Sending):
    """What comes with a batch: the device's clocks when it sends, and what it would else say by itself."""

    report = Beside(TillReport, load_default=None, allow_none=True)


class SaleBatch(_Envelope):
    """1..500 sales, each checked by itself."""

    sales = fields.List(fields.Raw(allow_none=True), required=True, validate=validate.Length(min=1, max=500))


class ReturnBatch(_Envelope):
    """1..500 returns, each checked by itself."""

    returns = fields.List(fields.Raw(allow_none=True), required=True, validate=validate.Length(min=1, max=500))


class ReturnResult(Schema):
    """What became of one item; `errors` when it could not be read."""

    id = fields.String(required=True, allow_none=True)
    status = fields.String(required=True)
    work_items = fields.List(fields.String(), required=True)
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


class SaleResult(ReturnResult):
    """What became of one sale: recorded, duplicate, conflict or quarantined."""

    register_no = WholeNumber(high=10**12, required=True, allow_none=True)


class SaleResults(Schema):
    """One result per item, in order."""

    results = fields.List(fields.Nested(SaleResult), required=True)
    sync = fields.Nested(SyncNews, metadata={"description": "Where the batch carried a report."})


class ReturnResults(Schema):
    """One result per item, in order: recorded, duplicate, conflict, waiting, exceeds or quarantined."""

    results = fields.List(fields.Nested(ReturnResult), required=True)
    sync = fields.Nested(SyncNews, metadata={"description": "Where the batch carried a report."})


class SaleAnswer(SaleItem):
    """A recorded sale; `drift`: seconds by which the device's clock was behind, where that mattered."""

    lines = fields.List(fields.Nested(Line), required=True)
    payments = fields.List(fields.Nested(PaymentPart), required=True)
    register = fields.String(required=True)
    outlet = fields.String(required=True)
    received_at = Instant(required=True)
    effective_at = Instant(required=True)
    business_day = fields.Date(required=True)
    drift = fields.Integer(required=True, allow_none=True)


class ReceiptAnswer(SaleAnswer):
    """A sale by the number on its receipt; `returned`: what has come back of each line, whoever took it.

    Another outlet's: without its shift, and without what payments refer to.
    """

    shift_id = Uuid(required=True, allow_none=True)

    class Returned(Schema):
        """So many of a line, for so much."""

        line_id = Uuid(required=True)
        quantity = Quantity(required=True)
        amount = Money(required=True)

    returned = fields.List(fields.Nested(Returned), required=True)


class ReturnAnswer(ReturnItem):
    """A return, and what the server thinks of it: recorded, exceeds, or waiting for its sale."""

    shift_id = Uuid(required=True, allow_none=True)
    register = fields.String(required=True)
    outlet = fields.String(required=True)
    received_at = Instant(required=True)
    effective_at = Instant(required=True)
    business_day = fields.Date(required=True)
    drift = fields.Integer(required=True, allow_none=True)
    status = fields.String(required=True)


class SaleArgs(PageArgs):
    """Which sales."""

    register = Code(load_default=None)
    outlet = Code(load_default=None)
    shift_id = Uuid(load_default=None)


class ReturnArgs(PageArgs):
    """Which returns."""

    register = Code(load_default=None)
    outlet = Code(load_default=None)
    sale_id = Uuid(load_default=None)
    status = fields.String(load_default=None, validate=validate.OneOf(["recorded", "exceeds", "waiting"]))
