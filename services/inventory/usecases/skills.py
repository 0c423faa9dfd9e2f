"""Who may make what: skills as training announces them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert

from services.inventory.models import SkillGrant
from services.inventory.queries.skills import holders
from shared.db import Session
from shared.events.training import SkillGranted, SkillWithdrawn


def grant(session: Session, event: SkillGranted) -> None:
    """Keep the grant's highest version; a withdrawal that came before it stays."""
    values = {
        "worker_ref": event.worker_ref,
        "skill": event.skill,
        "basis": event.basis,
        "valid_from": event.valid_from,
        "valid_until": event.valid_until,
        "grant_version": event.version,
    }
    statement = insert(SkillGrant).values(reference=event.reference, **values)
    newer = SkillGrant.grant_version < statement.excluded.grant_version
    session.execute(statement.on_conflict_do_update(index_elements=[SkillGrant.reference], set_=values, where=newer))


def withdraw(session: Session, event: SkillWithdrawn) -> None:
    """Keep the earliest day from which the grant no longer holds."""
    statement = insert(SkillGrant).values(
        reference=event.reference,
        worker_ref=event.worker_ref,
        skill=event.skill,
        grant_version=0,
        withdrawn_from=event.effective,
    )
    # least() passes over NULL: a grant that was not withdrawn yet takes the event's day.
    earliest = func.least(SkillGrant.withdrawn_from, statement.excluded.withdrawn_from)
    session.execute(
        statement.on_conflict_do_update(index_elements=[SkillGrant.reference], set_={"withdrawn_from": earliest})
    )


def lacking(session: Session, *, makers: Iterable[str], skill: str, day: date) -> list[str]:
    """Those of the makers who did not hold the skill on that day, sorted."""
    wanted = set(makers)
    return sorted(wanted - holders(session, skill=skill, day=day, among=wanted))
