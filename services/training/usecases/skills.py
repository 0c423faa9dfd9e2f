"""How a resident comes by a skill, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

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


class ReferenceTaken(Conflict):
    code = "reference-taken"
    title = "The id belongs to a certificate or attestation already; what grants a skill has an id of its own"


def assess(session: Session, *, assessment_id: UUID, assessor: str, **content: Any) -> bool:
    """Record what an assessor found; True when it is new. Raises Conflict, Invalid."""
    residents.require(session, content["worker_ref"])
    reference.mention_skill(session, content["skill"])
    key = {"id": assessment_id}
    return record_once(
        session, Assessment, key=key, **content, assessor=assessor, content_hash=content_hash(key | content)
    )


def certify(session: Session, *, certificate_id: UUID, **content: Any) -> bool:
    """Issue or correct a certificate and grant its skill; True when it is new. The same again announces nothing.

    Raises CertificateWithdrawn, IssueAnother, NumberTaken, ReferenceTaken, Invalid.
    """
    residents.require(session, content["worker_ref"])
    reference.mention_skill(session, content["skill"])
    _take_reference(session, certificate_id, not_of=Attestation)
    _take_number(session, certificate_id, content)
    known = session.get(Certificate, certificate_id)
    if known is not None:
        _correct(session, known, content)
        return False
    new = Certificate(id=certificate_id, version=1, **content)
    session.add(new)
    session.flush()
    publish(session, _granted(new))
    return True


def _alone(session: Session, *key: str) -> None:
    """Wait until no other transaction works on this key, and keep others waiting until this one ends."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("\n".join(key), 0))))


def _take_reference(session: Session, row_id: UUID, *, not_of: type[Certificate | Attestation]) -> None:
    """A reference names one thing for whoever hears of it, so a certificate and an attestation never share an id."""
    _alone(session, "reference", str(row_id))
    if session.get(not_of, row_id) is not None:
        raise ReferenceTaken


def _take_number(session: Session, certificate_id: UUID, content: Mapping[str, Any]) -> None:
    same = {key: content[key] for key in ("kind", "issuer", "number")}
    _alone(session, "number", *same.values())
    taken = session.scalar(select(Certificate.id).filter_by(**same))
    if taken is not None and taken != certificate_id:
        raise NumberTaken(f"{content['number']} of {content['issuer']}.")


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


def attest(session: Session, *, attestation_id: UUID, instructor: str, **content: Any) -> bool:
    """Record an instructor's sign-off and grant the skill; True when it is new.

    Raises Conflict, ReferenceTaken, Invalid.
    """
    residents.require(session, content["worker_ref"])
    reference.mention_skill(session, content["skill"])
    _take_reference(session, attestation_id, not_of=Certificate)
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
    _alone(session, "reference", str(row_id))
    row: Any = session.get(model, row_id)
    if row is None:
        raise NotFound(f"No such {model.__tablename__}.")
    known = session.get(Withdrawal, row_id)
    if known is None:
        known = Withdrawal(reference=row_id, effective=effective, reason=reason, withdrawn_by=by, withdrawn_at=now())
        session.add(known)
        publish(session, _withdrawn(row, effective))
    elif (known.effective, known.reason) != (effective, reason):
        raise AlreadyWithdrawn(f"It ends on {known.effective}.")
    return known


def _withdrawn(row: Certificate | Attestation, effective: date) -> SkillWithdrawn:
    """The last change of what granted the skill. An attestation is posted: its grant was 1, its end is 2."""
    if isinstance(row, Certificate):
        row.version += 1
    return SkillWithdrawn(
        worker_ref=row.worker_ref,
        skill=row.skill,
        reference=str(row.id),
        effective=effective,
        version=row.version if isinstance(row, Certificate) else 2,
    )
