"""Residents, their skills and their practice."""

from __future__ import annotations

from marshmallow import Schema, fields

from shared.fields import Instant, PageArgs, Quantity, Text, Uuid, WholeNumber, WorkerRef


class ResidentBody(Schema):
    """A resident's name; it is encrypted and never leaves this service."""

    name = Text(required=True)


class ResidentCreated(Schema):
    """The random reference under which the resident is known from now on."""

    worker_ref = WorkerRef(required=True)


class ResidentAnswer(Schema):
    """A resident; the name only for those who may see it."""

    worker_ref = WorkerRef(required=True)
    name = fields.String()
    version = WholeNumber(required=True)


class IdentityAccessArgs(PageArgs):
    """Whose names, or read by whom; all, when neither is given."""

    worker_ref = WorkerRef(load_default=None)
    sub = Text(load_default=None)


class IdentityAccessAnswer(Schema):
    """Somebody read names. `searched`: all were looked through; `refs` are those that matched, or were shown."""

    id = Uuid(required=True)
    at = Instant(required=True)
    sub = fields.String(required=True)
    role = fields.String(required=True)
    route = fields.String(required=True)
    searched = fields.Boolean(required=True)
    refs = fields.List(WorkerRef(), required=True)


class SkillsArgs(Schema):
    """On which day (default: today in Makassar)."""

    on = fields.Date(load_default=None)


class HeldSkill(Schema):
    """A certificate or attestation, and whether it grants its skill on the day asked for."""

    reference = Uuid(required=True)
    basis = fields.String(required=True)
    kind = fields.String(required=True, allow_none=True)
    skill = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)
    withdrawn_from = fields.Date(required=True, allow_none=True)
    valid = fields.Boolean(required=True)


class HeldSkills(Schema):
    """All of a resident's skills."""

    items = fields.List(fields.Nested(HeldSkill), required=True)


class PracticeRow(Schema):
    """What a resident made of a lot, and what came back of that lot from the market."""

    output_id = Uuid(required=True)
    sku = fields.String(required=True)
    workshop = fields.String(required=True)
    lot = fields.String(required=True)
    made_on = fields.Date(required=True)
    good = Quantity(zero=True, required=True)
    share_bp = WholeNumber(required=True)
    returned = Quantity(zero=True, required=True)


class ProductTotal(Schema):
    """How many outputs of a product a resident has worked on, and their good pieces (all makers' together)."""

    sku = fields.String(required=True)
    outputs = WholeNumber(required=True)
    good = Quantity(zero=True, required=True)


class LotReturns(Schema):
    """What came back of a lot, by reason."""

    lot = fields.String(required=True)
    sku = fields.String(required=True)
    reason_code = fields.String(required=True)
    quantity = Quantity(zero=True, required=True)


class PracticeLog(Schema):
    """A page of what a resident made, what came back of the lots on it, and the totals of all pages by product."""

    items = fields.List(fields.Nested(PracticeRow), required=True)
    next = fields.String(required=True, allow_none=True)
    totals = fields.List(fields.Nested(ProductTotal), required=True)
    returns = fields.List(fields.Nested(LotReturns), required=True)
