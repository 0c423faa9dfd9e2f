"""Certificates, attestations and assessments, with their withdrawals."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.training.models import Assessment, Attestation, Certificate, Withdrawal
from shared.db import Session
from shared.paging import Page, paged

Granting = type[Certificate | Attestation]


def one(session: Session, model: Granting, row_id: UUID) -> dict[str, Any] | None:
    """A certificate or attestation as the API shows it, or None."""
    row = session.get(model, row_id)
    return _shown(session, model, [row])[0] if row else None


def _shown(session: Session, model: Granting, rows: list[Any]) -> list[dict[str, Any]]:
    wanted = select(Withdrawal).where(Withdrawal.reference.in_([row.id for row in rows]))
    ends = {found.reference: found for found in session.scalars(wanted)}
    keys = [column.key for column in model.__table__.columns]
    return [{key: getattr(row, key) for key in keys} | {"withdrawal": ends.get(row.id)} for row in rows]


def listed(
    session: Session,
    model: Granting,
    *,
    worker_ref: str | None,
    skill: str | None,
    after: str | None,
    limit: int,
    expiring_before: date | None = None,
) -> Page:
    """Certificates or attestations by id, of a resident, for a skill, or ending before a day."""
    statement = select(model).filter_by(**_wanted(worker_ref, skill))
    if expiring_before is not None:
        statement = statement.where(model.valid_until < expiring_before)
    page = paged(session, statement, [model.id], after=after, limit=limit)
    return Page(_shown(session, model, page.items), page.next)


def assessments(session: Session, *, worker_ref: str | None, skill: str | None, after: str | None, limit: int) -> Page:
    """Assessments by id."""
    statement = select(Assessment).filter_by(**_wanted(worker_ref, skill))
    return paged(session, statement, [Assessment.id], after=after, limit=limit)


def _wanted(worker_ref: str | None, skill: str | None) -> dict[str, str]:
    return {key: value for key, value in (("worker_ref", worker_ref), ("skill", skill)) if value is not None}
