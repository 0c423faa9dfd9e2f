"""Work items and quarantine."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.fields import Code, Instant, PageArgs, Text, Uuid, WholeNumber

_STATE = validate.OneOf(["open", "closed"])


class WorkItemAnswer(Schema):
    """An oddity with who must act and how old it is (seconds)."""

    id = Uuid(required=True)
    code = fields.String(required=True)
    outlet = fields.String(required=True)
    owner = fields.String(required=True)
    sale_id = Uuid(required=True, allow_none=True)
    line_id = Uuid(required=True, allow_none=True)
    return_id = Uuid(required=True, allow_none=True)
    sku = fields.String(required=True, allow_none=True)
    lot = fields.String(required=True, allow_none=True)
    opened_at = Instant(required=True)
    closed_at = Instant(required=True, allow_none=True)
    closed_by = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    age = fields.Integer(required=True)


class WorkItemArgs(PageArgs):
    """Which work items."""

    outlet = Code(load_default=None)
    code = fields.String(load_default=None, validate=validate.Length(max=30))
    state = fields.String(load_default=None, validate=_STATE)


class ResolutionBody(Schema):
    """What a person did about it; `lot` says which lot a sold line was (for lot-missing and unknown-lot)."""

    note = Text(high=500, load_default=None, allow_none=True)
    lot = Code(load_default=None, allow_none=True)


class QuarantineAnswer(Schema):
    """An item that could not be read, as it came, with what was wrong."""

    id = Uuid(required=True)
    kind = fields.String(required=True)
    register = fields.String(required=True)
    outlet = fields.String(required=True)
    item_id = Uuid(required=True, allow_none=True)
    register_no = WholeNumber(high=10**12, required=True, allow_none=True)
    raw = fields.String(required=True)
    raw_hash = fields.Function(lambda row: row.raw_hash.hex(), required=True, metadata={"type": "string"})
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)
    received_at = Instant(required=True)
    resolved_at = Instant(required=True, allow_none=True)
    resolved_by = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)


class QuarantineArgs(PageArgs):
    """Which quarantined items."""

    outlet = Code(load_default=None)
    state = fields.String(load_default=None, validate=_STATE)


class NoteBody(Schema):
    """What a person did about it."""

    note = Text(high=500, required=True)
