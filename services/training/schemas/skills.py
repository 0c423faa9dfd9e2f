"""Skills, programmes, assessments, certificates, attestations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from shared.fields import Code, Instant, Names, PageArgs, Text, Uuid, WholeNumber, WorkerRef


class SkillBody(Schema):
    """What a skill is called."""

    name = fields.Nested(Names, required=True)


class SkillAnswer(SkillBody):
    """A skill; a placeholder was named before it was described."""

    code = Code(required=True)
    placeholder = fields.Boolean(required=True)
    version = WholeNumber(required=True)


class ProgrammeBody(Schema):
    """What a programme teaches, where, in how many lesson hours (JP)."""

    name = fields.Nested(Names, required=True)
    skill = Code(required=True)
    workshop = Code(load_default=None, allow_none=True)
    lesson_hours = WholeNumber(low=1, high=10_000, required=True)


class ProgrammeAnswer(ProgrammeBody):
    """A programme."""

    code = Code(required=True)
    version = WholeNumber(required=True)


class AssessmentBody(Schema):
    """What an assessor found."""

    worker_ref = WorkerRef(required=True)
    skill = Code(required=True)
    programme = Code(load_default=None, allow_none=True)
    result = fields.String(required=True, validate=validate.OneOf(["COMPETENT", "NOT_YET_COMPETENT"]))
    assessed_on = fields.Date(required=True)


class AssessmentAnswer(AssessmentBody):
    """An assessment; `assessor` is the subject of the token that recorded it."""

    id = Uuid(required=True)
    assessor = fields.String(required=True)


class Span(Schema):
    """From a first to a last day; no last day: until withdrawn."""

    valid_from = fields.Date(required=True)
    valid_until = fields.Date(required=True, allow_none=True)

    @validates_schema
    def _forward(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["valid_until"] is not None and data["valid_until"] < data["valid_from"]:
            raise ValidationError("Must not be before valid_from.", "valid_until")


class CertificateBody(Span):
    """A training or a competency certificate."""

    worker_ref = WorkerRef(required=True)
    skill = Code(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["training", "competency"]))
    number = Text(high=100, required=True)
    issuer = Text(required=True)


class WithdrawalBody(Schema):
    """From which day it no longer holds, and why (the reason stays in this service)."""

    effective = fields.Date(required=True)
    reason = Text(high=500, required=True)


class WithdrawalAnswer(WithdrawalBody):
    """A withdrawal, and who withdrew when."""

    reference = Uuid(required=True)
    withdrawn_by = fields.String(required=True)
    withdrawn_at = Instant(required=True)


class CertificateAnswer(CertificateBody):
    """A certificate, and its withdrawal if there is one."""

    id = Uuid(required=True)
    version = WholeNumber(required=True)
    withdrawal = fields.Nested(WithdrawalAnswer, required=True, allow_none=True)


class AttestationBody(Span):
    """An instructor's sign-off of a skill."""

    worker_ref = WorkerRef(required=True)
    skill = Code(required=True)
    valid_until = fields.Date(load_default=None, allow_none=True)


class AttestationAnswer(AttestationBody):
    """An attestation, and its withdrawal if there is one; `instructor` is the subject of the token that signed it."""

    id = Uuid(required=True)
    instructor = fields.String(required=True)
    withdrawal = fields.Nested(WithdrawalAnswer, required=True, allow_none=True)


class OfResidentArgs(PageArgs):
    """Whose, and for which skill."""

    worker_ref = WorkerRef(load_default=None)
    skill = Code(load_default=None)


class CertificateArgs(OfResidentArgs):
    """Also those that expire before a day."""

    expiring_before = fields.Date(load_default=None)
