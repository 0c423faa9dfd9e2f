"""Stock, moves, traces."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.inventory.schemas.common import Place
from shared.fields import Code, Instant, PageArgs, Quantity, Uuid, WholeNumber


class StockArgs(PageArgs):
    """Which stock: by place, product, lot."""

    location = Code(load_default=None)
    sku = Code(load_default=None)
    lot = Code(load_default=None)


class StockAnswer(Schema):
    """What is on hand of a lot at a place; an outlet's may be negative until a late receipt or count."""

    location = Place(required=True)
    sku = fields.String(required=True)
    lot = fields.String(required=True, allow_none=True)
    on_hand = fields.Decimal(required=True, metadata={"type": "number"})


class MoveAnswer(Schema):
    """One posting of the ledger."""

    id = WholeNumber(required=True)
    document_kind = fields.String(required=True)
    document_id = Uuid(required=True)
    line_id = Uuid(required=True)
    source = Place(required=True, data_key="from")
    target = Place(required=True, data_key="to")
    sku = fields.String(required=True)
    lot = fields.String(required=True, allow_none=True)
    quantity = Quantity(required=True)
    moved_at = Instant(required=True)
    posted_at = Instant(required=True)
    reason_code = fields.String(required=True, allow_none=True)


class TraceStep(Schema):
    """What one document did with the lot."""

    kind = fields.String(required=True, attribute="document_kind")
    document_id = Uuid(required=True)
    source = Place(required=True, data_key="from")
    target = Place(required=True, data_key="to")
    quantity = Quantity(required=True)
    moved_at = Instant(required=True)


class TraceArgs(PageArgs):
    """Which steps of a lot."""

    limit = fields.Integer(load_default=1000, validate=validate.Range(min=1, max=1000))


class WherePart(Schema):
    """How much of the lot is at a place."""

    location = Place(required=True)
    on_hand = fields.Decimal(required=True, metadata={"type": "number"})


class TraceAnswer(Schema):
    """A lot from its output to its buyers; `made` equals `accounted`, always."""

    lot = fields.String(required=True)
    sku = fields.String(required=True)
    workshop = fields.String(required=True)
    output_id = Uuid(required=True)
    made_on = fields.Date(required=True)
    expires_on = fields.Date(required=True, allow_none=True)
    recalled_at = Instant(required=True, allow_none=True)
    made = Quantity(zero=True, required=True)
    accounted = fields.Decimal(required=True, metadata={"type": "number"})
    where = fields.List(fields.Nested(WherePart), required=True)
    steps = fields.List(fields.Nested(TraceStep), required=True)
    next = fields.String(
        required=True, allow_none=True, metadata={"description": "The cursor of the steps after these."}
    )
