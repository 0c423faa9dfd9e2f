"""How a resident comes by a skill, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert

from services.training.models import Assessment, Attestation, Certificate, Withdrawal
from services.training.usecases import reference, residents
from shared.canonical import content_hash
from shared.clock import now
from shared.db import Session
from shared.errors import Conflict, NotFound
from shared.events.training import SkillGranted, SkillWithdrawn
from shared.facts import record_once
from shared.messaging import publish


class CertificateWithdrawn(Conflict):
    code = "certificate-withdrawn"
    title = "A withdrawn certificate is not changed"


class IssueAnother(Conflict):
    code = "issue-another"
    title = "A certificate stays with its resident and skill; issue another one"


class NumberTaken(Conflict):
    code = "number-taken"
    title = "This issuer has given the number to another certificate"


class AlreadyWithdrawn(Conflict):
    code = "already-withdrawn"
    title = "It was withdrawn otherwise"


def assess(session: Session, *, assessment_id: UUID, assessor: str, **content: Any) -> bool:
    """Record what an assessor found; True when it is new. Raises Conflict, Invalid."""
    residents.require(session, content["worker_ref"])
    reference.mention_skill(session, content["skill"])
    key = {"id": assessment_id}
    return record_once(
        session, Assessment, key=key, **content, assessor=assessor, content_hash=content_hash(key | content)
    )


def certify(session: Session, *, certificate_id: UUID, **content: Any) -> tuple[Certificate, bool]:
    """Issue or correct a certificate and grant its skill; (certificate, whether it is new).

    The same again announces nothing. Raises CertificateWithdrawn, IssueAnother, NumberTaken, Invalid.
    """
    residents.require(session, content["worker_ref"])
    reference.mention_skill(session, content["skill"])
    _check_number(session, certificate_id, content)
    made = insert(Certificate).values(id=certificate_id, version=1, **content).on_conflict_do_nothing()
    new = session.scalars(made.returning(Certificate)).one_or_none()
    if new is not None:
        publish(session, _granted(new))
        return new, True
    known = session.get(Certificate, certificate_id, with_for_update=True)
    if known is None:  # another certificate took the number in this moment
        raise NumberTaken(f"{content['number']} of {content['issuer']}.")
    _correct(session, known, content)
    return known, False


def _correct(session: Session, known: Certificate, content: Mapping[str, Any]) -> None:
    changed = {key: value for key, value in content.items() if getattr(known, key) != value}
    if not changed:
        return
    if session.get(Withdrawal, known.id) is not None:
        raise CertificateWithdrawn
    if {"worker_ref", "skill"} & set(changed):
        raise IssueAnother
    for key, value in changed.items():
        setattr(known, key, value)
    known.version += 1
    publish(session, _granted(known))


def _check_number(session: Session, certificate_id: UUID, content: Mapping[str, Any]) -> None:
    same = {key: content[key] for key in ("kind", "issuer", "number")}
    taken = session.scalar(select(Certificate.id).filter_by(**same))
    if taken is not None and taken != certificate_id:
        raise NumberTaken(f"{content['number']} of {content['issuer']}.")


def attest(session: Session, *, attestation_id: UUID, instructor: str, **content: Any) -> bool:
    """Record an instructor's sign-off and grant the skill; True when it is new. Raises Conflict, Invalid."""
    residents.require(session, content["worker_ref"])
    reference.mention_skill(session, content["skill"])
    key = {"id": attestation_id}
    new = record_once(
        session, Attestation, key=key, **content, instructor=instructor, content_hash=content_hash(key | content)
    )
    if new:
        publish(session, _granted(session.get_one(Attestation, attestation_id)))
    return new


def _granted(row: Certificate | Attestation) -> SkillGranted:
    return SkillGranted(
        worker_ref=row.worker_ref,
        skill=row.skill,
        basis="certificate" if isinstance(row, Certificate) else "attestation",
        reference=str(row.id),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        version=row.version if isinstance(row, Certificate) else 1,
    )


def withdraw(
    session: Session, *, model: type[Certificate | Attestation], row_id: UUID, effective: date, reason: str, by: str
) -> Withdrawal:
    """End what a certificate or attestation grants, from a day on. Repeating it changes nothing.

    Raises NotFound, AlreadyWithdrawn.
    """
    row: Any = session.get(model, row_id)
    if row is None:
        raise NotFound(f"No such {model.__tablename__}.")
    values = {"effective": effective, "reason": reason, "withdrawn_by": by, "withdrawn_at": now()}
    posted = insert(Withdrawal).values(reference=row_id, **values).on_conflict_do_nothing().returning(literal(1))
    new = session.execute(posted).first() is not None
    known = session.get_one(Withdrawal, row_id)
    if (known.effective, known.reason) != (effective, reason):
        raise AlreadyWithdrawn(f"It ends on {known.effective}.")
    if new:
        event = SkillWithdrawn(
            worker_ref=row.worker_ref, skill=row.skill, reference=str(row_id), effective=effective, version=1
        )
        publish(session, event)
    return known
