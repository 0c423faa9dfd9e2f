"""Outlets, registers, prices, the catalogue, reports, revocations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.sales.queries.reports import GROUPS
from shared.fields import Code, Instant, Money, Names, PageArgs, Quantity, Text, WholeNumber


class OutletBody(Schema):
    """What an outlet is; a temporary one opens and closes."""

    name = Text(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["permanent", "temporary"]))
    opens_on = fields.Date(load_default=None, allow_none=True)
    closes_on = fields.Date(load_default=None, allow_none=True)

    @validates_schema
    def _forward(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["opens_on"] and data["closes_on"] and data["closes_on"] < data["opens_on"]:
            raise ValidationError("Must not be before opens_on.", "closes_on")


class OutletAnswer(OutletBody):
    """An outlet; a placeholder was named before it was described."""

    code = Code(required=True)
    placeholder = fields.Boolean(required=True)
    version = WholeNumber(required=True)


class RegisterBody(Schema):
    """In which outlet a register stands; `since` when, if it was moved before now: entered late, or after a restore."""

    outlet = Code(required=True)
    name = Text(required=True)
    since = Instant(load_default=None, allow_none=True, load_only=True)


class RegisterAnswer(RegisterBody):
    """A register."""

    code = Code(required=True)
    placeholder = fields.Boolean(required=True)
    version = WholeNumber(required=True)


class RegisterArgs(PageArgs):
    """Which registers."""

    outlet = Code(load_default=None)


class PriceBody(Schema):
    """A price from a moment on, at one outlet or (without) everywhere."""

    outlet = Code(load_default=None, allow_none=True)
    price = Money(required=True)
    valid_from = Instant(required=True)


class PriceAnswer(PriceBody):
    """A price."""

    sku = Code(required=True)
    version = WholeNumber(required=True)


class PriceArgs(PageArgs):
    """Which prices."""

    sku = Code(load_default=None)
    outlet = Code(load_default=None)


class CatalogueArgs(Schema):
    """Of which outlet."""

    outlet = Code(required=True)


class CatalogueLot(Schema):
    """A lot on the shelf; `blocked`: expired or recalled."""

    lot = fields.String(required=True)
    expires_on = fields.Date(required=True, allow_none=True)
    available = Quantity(required=True)
    blocked = fields.String(required=True, allow_none=True)


class CatalogueItem(Schema):
    """A product with its price here and its lots, first expired first."""

    sku = fields.String(required=True)
    name = fields.Nested(Names, required=True)
    unit = fields.String(required=True)
    category = fields.String(required=True)
    price = Money(required=True)
    lots = fields.List(fields.Nested(CatalogueLot), required=True)


class Catalogue(Schema):
    """All that an outlet can sell."""

    outlet = fields.String(required=True)
    items = fields.List(fields.Nested(CatalogueItem), required=True)


class ReportArgs(Schema):
    """From and to which business day (both included), grouped by what, at one outlet or all."""

    first = fields.Date(required=True, data_key="from")
    last = fields.Date(required=True, data_key="to")
    group = fields.String(load_default="day", validate=validate.OneOf(GROUPS))
    outlet = Code(load_default=None)

    @validates_schema
    def _forward(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["last"] < data["first"]:
            raise ValidationError("Must not be before from.", "to")
        if data["last"] - data["first"] > timedelta(days=3660):
            raise ValidationError("At most ten years.", "to")


class ReportRow(Schema):
    """What was sold under one key; quantity is net of returns."""

    key = fields.String(required=True)
    sales = WholeNumber(required=True)
    quantity = fields.Decimal(required=True, metadata={"type": "number"})
    gross = Money(signed=True, required=True)
    refunds = Money(required=True)
    net = Money(signed=True, required=True)


class Report(Schema):
    """The rows of a report."""

    group = fields.String(required=True)
    items = fields.List(fields.Nested(ReportRow), required=True)


class RevocationBody(Schema):
    """Which token is refused from now on, and until when it would have been valid."""

    jti = Text(high=64, required=True)
    expires_at = Instant(required=True)
