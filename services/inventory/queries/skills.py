"""Who holds a skill."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, distinct, func, or_, select

from services.inventory.models import SkillGrant
from shared.db import Session


def valid_on(day: Any) -> ColumnElement[bool]:
    """The condition that a grant holds on a day: from its first to its last, unless withdrawn by then."""
    return and_(
        SkillGrant.grant_version > 0,
        SkillGrant.valid_from <= day,
        or_(SkillGrant.valid_until.is_(None), SkillGrant.valid_until >= day),
        or_(SkillGrant.withdrawn_from.is_(None), SkillGrant.withdrawn_from > day),
    )


def holders(session: Session, *, skill: str, day: date, among: Collection[str]) -> set[str]:
    """Those among the makers who held the skill on that day, by any reference."""
    rows = select(SkillGrant.worker_ref).where(
        SkillGrant.skill == skill, SkillGrant.worker_ref.in_(among), valid_on(day)
    )
    return set(session.scalars(rows))


def count_possible_makers(session: Session, *, skill: str, day: date) -> int:
    """How many people could have made something on that day (for the rule of five)."""
    statement = select(func.count(distinct(SkillGrant.worker_ref))).where(SkillGrant.skill == skill, valid_on(day))
    return session.scalar(statement) or 0
