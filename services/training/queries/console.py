"""What instructors look at first: certificates that end, and people with what they may do and have made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, String, and_, cast, exists, func, literal, null, or_, select, union_all

from services.training.models import Attestation, Certificate, Practice, Resident, Skill, Withdrawal
from services.training.queries.people import holds_on
from shared.db import Session
from shared.paging import Page, paged

#: So long before a certificate ends somebody should see to the next one; and so long afterwards it is still shown.
AHEAD, BEHIND = timedelta(days=60), timedelta(days=365)


def _references(model: Any, kind: Any, number: Any) -> Select[Any]:
    columns = (model.id.label("reference"), model.worker_ref, model.skill, model.valid_from, model.valid_until)
    statement = select(
        *columns, kind.label("kind"), number.label("number"), Withdrawal.effective.label("withdrawn_from")
    )
    return statement.outerjoin(Withdrawal, Withdrawal.reference == model.id)


def _all() -> Any:
    certificates = _references(Certificate, Certificate.kind, Certificate.number)
    attestations = _references(Attestation, literal("attestation"), cast(null(), String))
    return union_all(certificates, attestations)


def ending(session: Session, *, today: date) -> list[Any]:
    """Certificates and attestations that have ended or soon will, where nothing that lasts longer stands in for them.

    Rows `{reference, worker_ref, skill, kind, number, valid_from, valid_until}`; the ended ones first.
    """
    one, other = _all().subquery(), _all().subquery()
    lasts = exists().where(
        other.c.worker_ref == one.c.worker_ref,
        other.c.skill == one.c.skill,
        other.c.reference != one.c.reference,
        or_(other.c.valid_until.is_(None), other.c.valid_until > one.c.valid_until),
        or_(other.c.withdrawn_from.is_(None), other.c.withdrawn_from > today),
    )
    soon = and_(one.c.valid_until >= today - BEHIND, one.c.valid_until <= today + AHEAD)
    stands = or_(one.c.withdrawn_from.is_(None), one.c.withdrawn_from > today)
    statement = select(one).where(soon, stands, ~lasts)
    return list(session.execute(statement.order_by(one.c.valid_until, one.c.worker_ref, one.c.skill)))


def people(session: Session, *, after: str | None, limit: int) -> Page:
    """References of residents, page by page."""
    page = paged(session, select(Resident), [Resident.worker_ref], after=after, limit=limit)
    return Page([one.worker_ref for one in page.items], page.next)


def found(session: Session, words: str) -> set[str]:
    """References of those whose reference or skill holds these words."""
    like = "%" + words.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
    skills = select(Skill.code).where(
        or_(
            func.lower(Skill.code).like(like),
            func.lower(Skill.name_id).like(like),
            func.lower(Skill.name_en).like(like),
        )
    )
    one = _all().subquery()
    holders = select(one.c.worker_ref).where(one.c.skill.in_(skills))
    wanted = select(Resident.worker_ref).where(or_(Resident.worker_ref.like(like), Resident.worker_ref.in_(holders)))
    return set(session.scalars(wanted))


def with_skills(session: Session, refs: Sequence[str], *, today: date) -> list[dict[str, Any]]:
    """These people as `{worker_ref, skills: [{skill, valid_until, valid, kind}], outputs, good, last_on}`."""
    one = _all().subquery()
    held: dict[str, list[dict[str, Any]]] = {}
    for row in session.execute(select(one).where(one.c.worker_ref.in_(refs)).order_by(one.c.skill, one.c.valid_until)):
        held.setdefault(row.worker_ref, []).append(dict(row._mapping) | {"valid": holds_on(row, today)})
    made = (
        select(
            Practice.worker_ref,
            func.count().label("outputs"),
            func.sum(Practice.good).label("good"),
            func.max(Practice.made_on).label("last_on"),
        )
        .where(Practice.worker_ref.in_(refs))
        .group_by(Practice.worker_ref)
    )
    practice = {row.worker_ref: row for row in session.execute(made)}
    return [{"worker_ref": ref, "skills": held.get(ref, []), "practice": practice.get(ref)} for ref in refs]


def skill_names(session: Session) -> dict[str, dict[str, str]]:
    """Code → both names, of all skills."""
    return {skill.code: skill.name for skill in session.scalars(select(Skill))}
