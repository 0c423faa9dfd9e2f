"""What a register has sent, and what it says of itself."""

from __future__ import annotations

from marshmallow import Schema, fields

from shared.fields import Instant, Text, Uuid, WholeNumber


class StateBody(Schema):
    """What a register says of itself: facts that it could not send yet, since when, and its clock."""

    unsent = WholeNumber(high=10**9, required=True)
    oldest_at = Instant(load_default=None, allow_none=True)
    sent_at = Instant(required=True)
    version = Text(high=40, load_default=None, allow_none=True)


class StateAnswer(StateBody):
    """The same, when it was heard, and by how many seconds its clock is behind the server's."""

    register = fields.String(required=True)
    seen_at = Instant(required=True)
    drift = fields.Integer(required=True)


class HeldNumber(Schema):
    """An unreadable item of a register."""

    id = Uuid(required=True)
    item_id = Uuid(required=True, allow_none=True)
    register_no = WholeNumber(high=10**12, required=True, allow_none=True)
    received_at = Instant(required=True)


class SyncAnswer(Schema):
    """The highest number seen, the gaps below it (at most 1000), what is unreadable, and how many sales there are."""

    last_no = WholeNumber(high=10**12, required=True)
    missing = fields.List(WholeNumber(high=10**12), required=True)
    quarantined = fields.List(fields.Nested(HeldNumber), required=True)
    received = WholeNumber(high=10**12, required=True)
