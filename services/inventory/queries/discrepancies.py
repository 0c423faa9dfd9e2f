"""Differences between sent and counted, as they are kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, cast, func, or_, select

from services.inventory.models import Discrepancy
from shared.db import Page, Session, paged


def _rows() -> Select[Any]:
    age = func.greatest(func.extract("epoch", func.now() - Discrepancy.since), 0)
    columns = [column for column in Discrepancy.__table__.columns if column.name != "resolutions"]
    # Lines that agreed from the start are no discrepancy, and nobody has to see them.
    return select(*columns, cast(age, Integer).label("age")).where(
        or_(Discrepancy.open != 0, Discrepancy.resolutions > 0)
    )


def listed(
    session: Session, *, outlet: str | None, workshop: str | None, state: str | None, after: str | None, limit: int
) -> Page:
    """Differences by id, by place and state: open, or resolved by a person."""
    statement = _rows()
    if state is not None:
        statement = statement.where(Discrepancy.open != 0 if state == "open" else Discrepancy.open == 0)
    for kind, code in (("outlet", outlet), ("workshop", workshop)):
        if code is not None:
            place = f"{kind}/{code}"
            statement = statement.where(or_(Discrepancy.origin == place, Discrepancy.destination == place))
    return paged(session, statement, [Discrepancy.id], after=after, limit=limit)


def one(session: Session, discrepancy_id: UUID) -> Any:
    """One difference, or None."""
    return session.execute(_rows().where(Discrepancy.id == discrepancy_id)).first()
