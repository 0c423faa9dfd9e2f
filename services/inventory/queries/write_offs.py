"""Write-offs with their lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.inventory.models import WriteOff, WriteOffApproval, WriteOffLine
from services.inventory.models.base import latest_first
from shared.db import Session
from shared.paging import Page, paged


def _shown(session: Session, found: Sequence[WriteOff]) -> list[dict[str, Any]]:
    ids = [one.id for one in found]
    approvals = select(WriteOffApproval).where(WriteOffApproval.write_off_id.in_(ids))
    approved = {approval.write_off_id: approval for approval in session.scalars(approvals)}
    lines: dict[UUID, list[WriteOffLine]] = {}
    wanted = select(WriteOffLine).where(WriteOffLine.write_off_id.in_(ids))
    for line in session.scalars(wanted.order_by(WriteOffLine.sku, WriteOffLine.lot)):
        lines.setdefault(line.write_off_id, []).append(line)
    return [_show(one, approved.get(one.id), lines.get(one.id, [])) for one in found]


def _show(one: WriteOff, approval: WriteOffApproval | None, lines: Sequence[WriteOffLine]) -> dict[str, Any]:
    return {
        "id": one.id,
        "location": one.location,
        "status": "approved" if approval else "proposed",
        "reason_code": one.reason_code,
        "proposed_by": one.proposed_by,
        "proposed_at": one.proposed_at,
        "approved_by": approval.approved_by if approval else None,
        "approved_at": approval.approved_at if approval else None,
        "lines": lines,
    }


def listed(session: Session, *, location: str | None, after: str | None, limit: int) -> Page:
    """Write-offs by id, at a place."""
    statement = select(WriteOff)
    if location is not None:
        statement = statement.where(WriteOff.location.in_([f"workshop/{location}", f"outlet/{location}"]))
    page = paged(session, statement, [WriteOff.id], after=after, limit=limit)
    return Page(_shown(session, page.items), page.next)


def newest(session: Session, *, after: str | None, limit: int) -> Page:
    """Write-offs, the latest first."""
    latest = latest_first("write_off.proposed_at")
    page = paged(
        session, select(WriteOff, latest, WriteOff.id.label("id")), [latest, WriteOff.id], after=after, limit=limit
    )
    return Page(_shown(session, [row.WriteOff for row in page.items]), page.next)


def one(session: Session, write_off_id: UUID) -> dict[str, Any] | None:
    """One write-off, or None."""
    found = session.get(WriteOff, write_off_id)
    return _shown(session, [found])[0] if found else None
