"""Request and response shapes of the operator's console."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shared.fields import Code, Instant, PageArgs, Text, Uuid, WholeNumber
from shared.messaging.batch import MAX_SEQUENCE
from shared.messaging.failures import checked_summary
from shared.messaging.redaction import redact, redact_cause

_STATES = validate.OneOf(["open", "replayed", "discarded"])


def _error() -> fields.Field[str]:
    return fields.Function(
        lambda row: checked_summary(row.summary),
        required=True,
        metadata={"type": "string", "description": "Class, field or constraint, where in the code; never a message."},
    )


class GroupArgs(PageArgs):
    """Which groups."""

    state = fields.String(load_default=None, validate=_STATES)


class LetterArgs(GroupArgs):
    """Which letters."""

    fingerprint = Code(load_default=None)


class GroupAnswer(Schema):
    """Dead letters of one failure: alike in fingerprint, type and state."""

    fingerprint = fields.String(required=True)
    type = fields.String(required=True)
    state = fields.String(required=True, validate=_STATES)
    count = fields.Integer(required=True)
    error = _error()
    first_seen = Instant(required=True)
    last_seen = Instant(required=True)


class LetterAnswer(Schema):
    """One dead letter; `id` is its event's, `age` in seconds, `note` says why it was discarded."""

    id = Uuid(required=True)
    source = fields.String(required=True)
    epoch = Uuid(required=True)
    sequence = WholeNumber(high=MAX_SEQUENCE, required=True, attribute="seq")
    type = fields.String(required=True)
    fingerprint = fields.String(required=True)
    state = fields.String(required=True, validate=_STATES)
    error = _error()
    attempts = fields.Integer(required=True)
    died_at = Instant(required=True)
    age = fields.Integer(required=True)
    resolved_by = fields.String(required=True, allow_none=True)
    resolved_at = Instant(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)


class WholeLetterAnswer(LetterAnswer):
    """One dead letter with its event: ids, codes and counters only; `event.hidden` counts what was left out."""

    event = fields.Function(lambda row: redact(row.event), required=True, metadata={"type": "object"})


class ReplayedAnswer(Schema):
    """What the replay came to: `failed` leaves the letter open, `parked` waits for a cause."""

    outcome = fields.String(required=True, validate=validate.OneOf(["replayed", "parked", "failed"]))
    letter = fields.Nested(LetterAnswer(), required=True)


class ReplayGroupBody(Schema):
    """How many at most; those tried least come first."""

    limit = WholeNumber(low=1, high=500, load_default=100)


class GroupReplayedAnswer(Schema):
    """How many came to what, and how many of the fingerprint are open now."""

    replayed = fields.Integer(required=True)
    parked = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    left = fields.Integer(required=True)


class DiscardBody(Schema):
    """Why it is given up."""

    note = Text(high=500, required=True)


class DiscardGroupBody(DiscardBody, ReplayGroupBody):
    """Why they are given up, and how many at most."""


class GroupDiscardedAnswer(Schema):
    """How many were given up, and how many of the fingerprint are open now."""

    discarded = fields.Integer(required=True)
    left = fields.Integer(required=True)


class ParkedAnswer(Schema):
    """One parked event, `age` in seconds; `waiting_for` in our own words, with ids only."""

    id = Uuid(required=True)
    source = fields.String(required=True)
    epoch = Uuid(required=True)
    sequence = WholeNumber(high=MAX_SEQUENCE, required=True, attribute="seq")
    type = fields.String(required=True)
    waiting_for = fields.Function(lambda row: redact_cause(row.waiting_for), required=True, metadata={"type": "string"})
    parked_at = Instant(required=True)
    age = fields.Integer(required=True)
    tried_at = Instant(required=True)
    tries = fields.Integer(required=True)
    event = fields.Function(lambda row: redact(row.event), required=True, metadata={"type": "object"})


class SourceAnswer(Schema):
    """How this service stands with one source; null where the source was never heard of."""

    source = fields.String(required=True)
    head = fields.Integer(required=True, allow_none=True)
    position = fields.Integer(required=True, allow_none=True)
    lag_events = fields.Integer(required=True, allow_none=True)
    lag_seconds = fields.Float(required=True, allow_none=True)
    unseen_seconds = fields.Float(required=True, allow_none=True)
    holes = fields.Integer(required=True, allow_none=True)
    repairs = fields.Integer(required=True, allow_none=True)
    redelivered = fields.Integer(required=True, allow_none=True)
    duplicates = fields.Integer(required=True, allow_none=True)
    halted = fields.Boolean(required=True, allow_none=True)
    halted_because = fields.String(required=True, allow_none=True)
    refused = fields.Integer(required=True, allow_none=True)
    refused_because = fields.String(required=True, allow_none=True)
    refused_seconds = fields.Float(required=True, allow_none=True)
    dead = fields.Integer(required=True)
    parked = fields.Integer(required=True)
    parked_seconds = fields.Float(required=True)


class ProcessAnswer(Schema):
    """A process that is connected to the service's database; `leads`: its relay does.

    `quiet_seconds`: since it last spoke to the database; one that lives does so every 3 s.
    """

    kind = fields.String(required=True, validate=validate.OneOf(["web", "worker", "courier"]))
    host = fields.String(required=True)
    pid = fields.Integer(required=True)
    since = Instant(required=True)
    leads = fields.Boolean(required=True)
    quiet_seconds = fields.Float(required=True)


class StatusAnswer(Schema):
    """What the event plane looks like from this service; `queue` counts its batches in Redis, null when it is away."""

    service = fields.String(required=True)
    log_head = fields.Integer(required=True)
    outbox_depth = fields.Integer(required=True)
    outbox_seconds = fields.Float(required=True)
    relay_leads = fields.Boolean(required=True)
    queue = fields.Integer(required=True, allow_none=True)
    sources = fields.List(fields.Nested(SourceAnswer()), required=True)
    processes = fields.List(fields.Nested(ProcessAnswer()), required=True)
