"""Differences between sent and counted, as they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, cast, func, or_, select

from services.inventory.models import Discrepancy, DiscrepancyResolution
from shared.db import Session
from shared.paging import Page, paged


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
    statement = _touching(_touching(statement, "outlet", outlet), "workshop", workshop)
    return paged(session, statement, [Discrepancy.id], after=after, limit=limit)


def owner(row: Any) -> str:
    """The location that must act: the sender for what is missing, the receiver for what is too much."""
    difference = row.open or row.sent - row.good - row.damaged
    return str(row.origin if difference > 0 else row.destination)


def _touching(statement: Select[*tuple[Any, ...]], kind: str, code: str | None) -> Select[*tuple[Any, ...]]:
    """Only what comes from or goes to a place; None: everything."""
    place = f"{kind}/{code}"
    return statement.where(or_(Discrepancy.origin == place, Discrepancy.destination == place)) if code else statement


def longest_open(session: Session, *, outlet: str | None, after: str | None, limit: int) -> Page:
    """Open differences, the oldest first; with `outlet` only those of its deliveries."""
    statement = _touching(_rows().where(Discrepancy.open != 0), "outlet", outlet)
    return paged(session, statement, [Discrepancy.since, Discrepancy.id], after=after, limit=limit)


def lately_settled(session: Session, *, outlet: str | None, limit: int) -> Sequence[Any]:
    """What people decided about differences, the latest first; with `outlet` only those of its deliveries."""
    statement = select(
        Discrepancy.consignment_id,
        Discrepancy.origin,
        Discrepancy.destination,
        Discrepancy.sku,
        Discrepancy.lot,
        DiscrepancyResolution.quantity,
        DiscrepancyResolution.reason_code,
        DiscrepancyResolution.resolved_by,
        DiscrepancyResolution.resolved_at,
    ).join(DiscrepancyResolution, DiscrepancyResolution.discrepancy_id == Discrepancy.id)
    statement = _touching(statement, "outlet", outlet)
    return session.execute(statement.order_by(DiscrepancyResolution.resolved_at.desc()).limit(limit)).all()


def one(session: Session, discrepancy_id: UUID) -> Any:
    """One difference, or None."""
    return session.execute(_rows().where(Discrepancy.id == discrepancy_id)).first()
