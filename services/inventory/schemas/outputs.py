"""Outputs and lots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates, validates_schema

from services.inventory.schemas.common import ReasonCode
from shared.clock import now
from shared.fields import Code, Instant, PageArgs, Quantity, Text, Uuid, WholeNumber, WorkerRef

FULL_SHARE = 10_000


class Maker(Schema):
    """One maker, by a random reference, with the share of this output in basis points."""

    worker_ref = WorkerRef(required=True)
    share_bp = WholeNumber(low=1, high=FULL_SHARE, required=True)


class OutputItem(Schema):
    """What a terminal says was made."""

    id = Uuid(required=True)
    workshop = Code(required=True)
    sku = Code(required=True)
    good = Quantity(zero=True, required=True)
    rejected = Quantity(zero=True, required=True)
    made_at = Instant(required=True)
    recorded_at = Instant(required=True)
    makers = fields.List(fields.Nested(Maker), required=True, validate=validate.Length(min=1, max=200))

    @validates("makers")
    def _whole(self, makers: Sequence[Mapping[str, Any]], data_key: str) -> None:
        if sum(maker["share_bp"] for maker in makers) != FULL_SHARE:
            raise ValidationError("Shares must total 10,000.")
        if len({maker["worker_ref"] for maker in makers}) != len(makers):
            raise ValidationError("Each maker once.")

    @validates("made_at")
    def _not_ahead(self, made_at: Any, data_key: str) -> None:
        if made_at > now() + timedelta(days=2):
            raise ValidationError("Lies in the future.")

    @validates_schema
    def _something(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["good"] + data["rejected"] == Decimal(0):
            raise ValidationError("Nothing was made.", "good")


output_item = OutputItem()


class OutputBatch(Schema):
    """1..500 outputs, each checked by itself."""

    outputs = fields.List(fields.Raw(allow_none=True), required=True, validate=validate.Length(min=1, max=500))


class OutputResult(Schema):
    """What became of one item."""

    id = fields.String(required=True, allow_none=True)
    status = fields.String(required=True, validate=validate.OneOf(["proposed", "duplicate", "conflict", "invalid"]))
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


class OutputResults(Schema):
    """One result per item, in order."""

    results = fields.List(fields.Nested(OutputResult), required=True)


class AcceptanceBody(Schema):
    """What staff found: at least one good piece."""

    good = Quantity(required=True)
    rejected = Quantity(zero=True, required=True)


class RejectionBody(Schema):
    """Why nothing of it is taken."""

    reason = Text(high=500, required=True)


class AcceptedAnswer(Schema):
    """An accepted output; `lot` is what it became."""

    id = Uuid(required=True, attribute="output_id")
    status = fields.String(required=True, attribute="decision", validate=validate.Equal("accepted"))
    good = Quantity(required=True)
    rejected = Quantity(zero=True, required=True)
    lot = fields.String(required=True)


class RejectedAnswer(Schema):
    """An output that was turned down."""

    id = Uuid(required=True, attribute="output_id")
    status = fields.String(required=True, attribute="decision", validate=validate.Equal("rejected"))
    reason = fields.String(required=True)


class OutputAnswer(Schema):
    """An output with its makers and what was decided; it was made at `effective_at`, as far as that can be told."""

    id = Uuid(required=True)
    workshop = fields.String(required=True)
    sku = fields.String(required=True)
    good = Quantity(zero=True, required=True)
    rejected = Quantity(zero=True, required=True)
    made_at = Instant(required=True)
    recorded_at = Instant(required=True)
    effective_at = Instant(required=True)
    status = fields.String(required=True)
    makers = fields.List(fields.Nested(Maker), required=True)
    accepted_good = Quantity(zero=True, required=True, allow_none=True)
    accepted_rejected = Quantity(zero=True, required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    lot = fields.String(required=True, allow_none=True)


class OutputArgs(PageArgs):
    """Which outputs; `recorded_from`: those recorded at or after that time, by their terminal's clock."""

    workshop = Code(load_default=None)
    status = fields.String(load_default=None, validate=validate.OneOf(["proposed", "accepted", "rejected"]))
    recorded_from = Instant(load_default=None)


class EligibilityArgs(Schema):
    """Who is about to be named as a maker of what, on the day of `made_at` (default: today)."""

    sku = Code(required=True)
    worker_ref = WorkerRef(required=True)
    made_at = Instant(load_default=None)


class EligibilityAnswer(Schema):
    """Whether acceptance would find that this maker may make it; who is unknown may not."""

    eligible = fields.Boolean(required=True)


class LotAnswer(Schema):
    """A lot; `flags`: recalled, skill-withdrawn."""

    lot = fields.String(required=True, attribute="code")
    sku = fields.String(required=True)
    workshop = fields.String(required=True)
    output_id = Uuid(required=True)
    made_on = fields.Date(required=True)
    expires_on = fields.Date(required=True, allow_none=True)
    recalled_at = Instant(required=True, allow_none=True)
    reason_code = fields.String(required=True, allow_none=True)
    flags = fields.List(fields.String(), required=True)


class LotArgs(PageArgs):
    """Which lots."""

    sku = Code(load_default=None)
    workshop = Code(load_default=None)
    flag = fields.String(load_default=None, validate=validate.OneOf(["recalled", "skill-withdrawn"]))


class RecallBody(Schema):
    """Why."""

    reason_code = ReasonCode(required=True)


class RecallAnswer(Schema):
    """A recalled lot."""

    lot = fields.String(required=True)
    reason_code = fields.String(required=True)
    recalled_at = Instant(required=True)
