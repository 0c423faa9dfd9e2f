"""Outputs with their makers and what was decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from services.inventory.models import Output, OutputDecision, OutputMaker
from shared.db import Page, Session, paged


def _rows() -> Select[*tuple[Any, ...]]:
    return select(
        Output.id,
        Output.workshop,
        Output.sku,
        Output.good,
        Output.rejected,
        Output.made_at,
        Output.recorded_at,
        Output.proposed_by,
        OutputDecision.decision,
        OutputDecision.good.label("accepted_good"),
        OutputDecision.rejected.label("accepted_rejected"),
        OutputDecision.reason,
        OutputDecision.lot,
    ).outerjoin(OutputDecision, OutputDecision.output_id == Output.id)


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
    after: str | None,
    limit: int,
) -> Page:
    """Outputs by id, by workshop, status or terminal."""
    statement = _rows()
    if workshop is not None:
        statement = statement.where(Output.workshop == workshop)
    if proposed_by is not None:
        statement = statement.where(Output.proposed_by == proposed_by)
    if status is not None:
        decided = OutputDecision.decision
        statement = statement.where(decided.is_(None) if status == "proposed" else decided == status)
    page = paged(session, statement, [Output.id], after=after, limit=limit)
    return Page(_with_makers(session, page.items), page.next)


def one(session: Session, output_id: UUID) -> dict[str, Any] | None:
    """One output, or None."""
    row = session.execute(_rows().where(Output.id == output_id)).first()
    return _with_makers(session, [row])[0] if row else None
