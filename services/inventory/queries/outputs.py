"""Outputs with their makers and what was decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from services.inventory.models import Output, OutputDecision, OutputMaker, Product, open_output
from services.inventory.models.base import clock_ahead
from services.inventory.queries.skills import holders
from shared.clock import business_day
from shared.db import Session
from shared.paging import Page, paged


def _rows() -> Select[*tuple[Any, ...]]:
    return select(
        Output.id,
        Output.workshop,
        Output.sku,
        Output.good,
        Output.rejected,
        Output.made_at,
        Output.recorded_at,
        Output.received_at,
        Output.effective_at.label("effective_at"),
        Output.proposed_by,
        OutputDecision.decision,
        OutputDecision.good.label("accepted_good"),
        OutputDecision.rejected.label("accepted_rejected"),
        OutputDecision.reason,
        OutputDecision.lot,
    ).outerjoin(OutputDecision, OutputDecision.output_id == Output.id)


def _open(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Only those that nobody has decided about."""
    return statement.join(open_output, open_output.c.output_id == Output.id)


def _with_makers(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    makers: dict[UUID, list[OutputMaker]] = {}
    wanted = select(OutputMaker).where(OutputMaker.output_id.in_([row.id for row in rows]))
    for maker in session.scalars(wanted.order_by(OutputMaker.worker_ref)):
        makers.setdefault(maker.output_id, []).append(maker)
    return [
        dict(row._mapping) | {"status": row.decision or "proposed", "makers": makers.get(row.id, [])} for row in rows
    ]


def listed(
    session: Session,
    *,
    workshop: str | None,
    status: str | None,
    proposed_by: str | None,
    recorded_from: datetime | None,
    after: str | None,
    limit: int,
) -> Page:
    """Outputs by id, by workshop, status or terminal; or those recorded at some time or later, by that time.

    The time is the terminal's on both sides: it asks by its own clock for what it recorded by it. The order is that of
    an index: a terminal asks all day long, and must not be answered out of all that its workshop ever made.
    """
    statement = _rows()
    if workshop is not None:
        statement = statement.where(Output.workshop == workshop)
    if proposed_by is not None:
        statement = statement.where(Output.proposed_by == proposed_by)
    if recorded_from is not None:
        statement = statement.where(Output.recorded_at >= recorded_from)
    if status is not None:
        proposed = status == "proposed"
        statement = _open(statement) if proposed else statement.where(OutputDecision.decision == status)
    keys = [Output.id] if recorded_from is None else [Output.recorded_at, Output.id]
    page = paged(session, statement, keys, after=after, limit=limit)
    return Page(_with_makers(session, page.items), page.next)


def one(session: Session, output_id: UUID) -> dict[str, Any] | None:
    """One output, or None."""
    row = session.execute(_rows().where(Output.id == output_id)).first()
    return _with_makers(session, [row])[0] if row else None


def _for_staff() -> Select[*tuple[Any, ...]]:
    columns = (OutputDecision.decided_at, Product.required_skill)
    return _rows().add_columns(*columns).join(Product, Product.sku == Output.sku)


def _judged(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Each with `ahead`, whether its clock was, and `lacking`: the makers for whose sake it would be refused now."""
    found = _with_makers(session, rows)
    groups: dict[tuple[str, Any], set[str]] = {}
    for one in found:
        one["day"] = business_day(one["effective_at"])
        one["ahead"] = clock_ahead(one["made_at"], one["received_at"])
        refs = {maker.worker_ref for maker in one["makers"]}
        groups.setdefault((one["required_skill"], one["day"]), set()).update(refs)
    able = {key: holders(session, skill=key[0], day=key[1], among=refs) for key, refs in groups.items()}
    for one in found:
        held = able[one["required_skill"], one["day"]]
        one["lacking"] = [maker.worker_ref for maker in one["makers"] if maker.worker_ref not in held]
    return found


def waiting(session: Session, *, workshop: str | None, after: str | None, limit: int) -> Page:
    """Proposed outputs, oldest first, with `lacking` makers."""
    statement = _open(_for_staff())
    if workshop is not None:
        statement = statement.where(Output.workshop == workshop)
    page = paged(session, statement, [Output.received_at, Output.id], after=after, limit=limit)
    return Page(_judged(session, page.items), page.next)


def decided(session: Session, *, workshop: str | None, limit: int) -> Sequence[Any]:
    """The outputs that were decided last, the latest first."""
    statement = _for_staff().where(OutputDecision.decision.is_not(None))
    if workshop is not None:
        statement = statement.where(Output.workshop == workshop)
    return session.execute(statement.order_by(OutputDecision.decided_at.desc(), Output.id).limit(limit)).all()


def for_staff(session: Session, output_id: UUID) -> dict[str, Any] | None:
    """One output with `lacking` makers, or None."""
    row = session.execute(_for_staff().where(Output.id == output_id)).first()
    return _judged(session, [row])[0] if row else None
