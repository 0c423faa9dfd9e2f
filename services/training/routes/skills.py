"""Assessments, certificates, attestations, and how they end."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.training.models import Assessment, Attestation, Certificate
from services.training.queries import skills as read
from services.training.schemas import skills as shapes
from services.training.usecases import skills
from shared.errors import NotFound
from shared.fields import page_of
from shared.http import Blueprint, current_token, requires, transaction

bp = Blueprint("skills", __name__, description="Assessments, certificates, attestations")


@bp.put("/assessments/<uuid:assessment_id>")
@requires("instructor")
@bp.arguments(shapes.AssessmentBody())
@bp.response(200, shapes.AssessmentAnswer())
@bp.alt_response(201, schema=shapes.AssessmentAnswer())
def put_assessment(body: dict[str, Any], assessment_id: UUID) -> Any:
    """Record what an assessor found."""
    with transaction() as session:
        new = skills.assess(session, assessment_id=assessment_id, assessor=current_token().sub, **body)
        return session.get(Assessment, assessment_id), 201 if new else 200


@bp.get("/assessments")
@requires("instructor", "auditor")
@bp.arguments(shapes.OfResidentArgs(), location="query")
@bp.response(200, page_of(shapes.AssessmentAnswer()))
def list_assessments(args: dict[str, Any]) -> Any:
    """List assessments."""
    with transaction() as session:
        return read.assessments(session, **args)


@bp.get("/assessments/<uuid:assessment_id>")
@requires("instructor", "auditor")
@bp.response(200, shapes.AssessmentAnswer())
def get_assessment(assessment_id: UUID) -> Any:
    """One assessment."""
    with transaction() as session:
        found = session.get(Assessment, assessment_id)
    if found is None:
        raise NotFound("No such assessment.")
    return found


@bp.put("/certificates/<uuid:certificate_id>")
@requires("instructor")
@bp.arguments(shapes.CertificateBody())
@bp.response(200, shapes.CertificateAnswer())
@bp.alt_response(201, schema=shapes.CertificateAnswer())
def put_certificate(body: dict[str, Any], certificate_id: UUID) -> Any:
    """Issue or correct a certificate: it grants its skill."""
    with transaction() as session:
        new = skills.certify(session, certificate_id=certificate_id, **body)
        return read.one(session, Certificate, certificate_id), 201 if new else 200


@bp.get("/certificates")
@requires("instructor", "auditor")
@bp.arguments(shapes.CertificateArgs(), location="query")
@bp.response(200, page_of(shapes.CertificateAnswer()))
def list_certificates(args: dict[str, Any]) -> Any:
    """List certificates, also those that expire before a day."""
    with transaction() as session:
        return read.listed(session, Certificate, **args)


@bp.get("/certificates/<uuid:certificate_id>")
@requires("instructor", "auditor")
@bp.response(200, shapes.CertificateAnswer())
def get_certificate(certificate_id: UUID) -> Any:
    """One certificate."""
    with transaction() as session:
        found = read.one(session, Certificate, certificate_id)
    if found is None:
        raise NotFound("No such certificate.")
    return found


@bp.post("/certificates/<uuid:certificate_id>/withdrawal")
@requires("instructor")
@bp.arguments(shapes.WithdrawalBody())
@bp.response(200, shapes.WithdrawalAnswer())
def withdraw_certificate(body: dict[str, Any], certificate_id: UUID) -> Any:
    """End what a certificate grants, from a day on."""
    with transaction() as session:
        return skills.withdraw(session, model=Certificate, row_id=certificate_id, by=current_token().sub, **body)


@bp.put("/attestations/<uuid:attestation_id>")
@requires("instructor")
@bp.arguments(shapes.AttestationBody())
@bp.response(200, shapes.AttestationAnswer())
@bp.alt_response(201, schema=shapes.AttestationAnswer())
def put_attestation(body: dict[str, Any], attestation_id: UUID) -> Any:
    """Sign that a resident has a skill."""
    with transaction() as session:
        new = skills.attest(session, attestation_id=attestation_id, instructor=current_token().sub, **body)
        return read.one(session, Attestation, attestation_id), 201 if new else 200


@bp.get("/attestations")
@requires("instructor", "auditor")
@bp.arguments(shapes.OfResidentArgs(), location="query")
@bp.response(200, page_of(shapes.AttestationAnswer()))
def list_attestations(args: dict[str, Any]) -> Any:
    """List attestations."""
    with transaction() as session:
        return read.listed(session, Attestation, **args)


@bp.get("/attestations/<uuid:attestation_id>")
@requires("instructor", "auditor")
@bp.response(200, shapes.AttestationAnswer())
def get_attestation(attestation_id: UUID) -> Any:
    """One attestation."""
    with transaction() as session:
        found = read.one(session, Attestation, attestation_id)
    if found is None:
        raise NotFound("No such attestation.")
    return found


@bp.post("/attestations/<uuid:attestation_id>/withdrawal")
@requires("instructor")
@bp.arguments(shapes.WithdrawalBody())
@bp.response(200, shapes.WithdrawalAnswer())
def withdraw_attestation(body: dict[str, Any], attestation_id: UUID) -> Any:
    """End what an attestation grants, from a day on."""
    with transaction() as session:
        return skills.withdraw(session, model=Attestation, row_id=attestation_id, by=current_token().sub, **body)
