"""Workshops and products."""

from __future__ import annotations

from marshmallow import Schema, fields

from shared.fields import Code, Money, Names, PageArgs, Text, WholeNumber


class WorkshopBody(Schema):
    """What a workshop is called."""

    name = Text(required=True)


class WorkshopAnswer(WorkshopBody):
    """A workshop."""

    code = Code(required=True)
    version = WholeNumber(required=True)


class Words(Schema):
    """A sentence or two for buyers, in Indonesian and English."""

    id = Text(high=500, required=True)
    en = Text(high=500, required=True)


class ProductBody(Schema):
    """What a product is, who may make it, what it costs and how long it keeps; for buyers: materials and care."""

    name = fields.Nested(Names, required=True)
    workshop = Code(required=True)
    category = Text(high=40, required=True)
    unit = Text(high=40, required=True)
    required_skill = Code(required=True)
    list_price = Money(required=True)
    material_cost = Money(required=True)
    shelf_life_days = WholeNumber(low=0, high=36500, required=True, allow_none=True)
    active = fields.Boolean(required=True, truthy={True}, falsy={False})
    materials = fields.Nested(Words, load_default=None, allow_none=True)
    care = fields.Nested(Words, load_default=None, allow_none=True)


class ProductAnswer(ProductBody):
    """A product; terminals see no money."""

    list_price = Money()
    material_cost = Money()
    sku = Code(required=True)
    version = WholeNumber(required=True)


class ProductArgs(PageArgs):
    """Which products."""

    workshop = Code(load_default=None)
    active = fields.Boolean(load_default=None)
