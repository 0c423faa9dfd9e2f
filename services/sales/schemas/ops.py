"""What the operator's pages are asked for, as it stands in their addresses and forms."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.fields import Uuid

STATES = ("open", "replayed", "discarded")


class FailureArgs(Schema):
    """Which letters of a failure; how many of them just came to what (None: nothing was done)."""

    state = fields.String(load_default="open", validate=validate.OneOf(STATES))
    after = fields.String(load_default=None, validate=validate.Length(max=500))
    replayed = fields.Integer(load_default=None)
    parked = fields.Integer(load_default=0)
    failed = fields.Integer(load_default=0)
    discarded = fields.Integer(load_default=None)
    left = fields.Integer(load_default=0)


class LetterForm(Schema):
    """One letter; None: all open ones of the failure."""

    letter = Uuid(load_default=None)
