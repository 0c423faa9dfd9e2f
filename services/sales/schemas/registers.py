"""What a register has sent, and what it says of itself."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

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


class TillReport(Schema):
    """What a register says of itself beside its facts; `catalogue` is the ETag of the one that it holds."""

    unsent = WholeNumber(high=10**9, required=True)
    oldest_at = Instant(load_default=None, allow_none=True)
    version = Text(high=40, load_default=None, allow_none=True)
    catalogue = Text(high=100, load_default=None, allow_none=True)


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


class SyncNews(Schema):
    """The answer to a report: as `sync`, and whether the catalogue is another than the device's but for quantities."""

    last_no = WholeNumber(high=10**12, required=True)
    missing = fields.List(WholeNumber(high=10**12), required=True)
    quarantined = fields.List(fields.Nested(HeldNumber), required=True)
    catalogue_changed = fields.Boolean(required=True)


class ClosingBody(Schema):
    """Why a number will not come; `to`: and all that are missing up to that one."""

    note = Text(high=500, required=True)
    to = WholeNumber(low=1, high=10**12, load_default=None, allow_none=True)


class ClosingForm(Schema):
    """The same, of a page."""

    lo = fields.Integer(required=True, validate=validate.Range(min=1, max=10**12))
    hi = fields.Integer(required=True, validate=validate.Range(min=1, max=10**12))
    note = Text(high=500, required=True)


class ClosedSpan(Schema):
    """Numbers that nobody waits for any more."""

    lo = WholeNumber(low=1, high=10**12, required=True)
    hi = WholeNumber(low=1, high=10**12, required=True)
    note = fields.String(required=True)
    closed_by = fields.String(required=True)
    closed_at = Instant(required=True)


class ClosingAnswer(Schema):
    """What is closed now among the numbers that were named."""

    register = fields.String(required=True)
    closed = fields.List(fields.Nested(ClosedSpan), required=True)
