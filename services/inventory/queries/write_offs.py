"""Write-offs with their lines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.inventory.models import WriteOff, WriteOffApproval, WriteOffLine
from shared.db import Page, Session, paged


def _shown(session: Session, found: WriteOff) -> dict[str, Any]:
    approval = session.get(WriteOffApproval, found.id)
    lines = session.scalars(select(WriteOffLine).filter_by(write_off_id=found.id).order_by(WriteOffLine.sku)).all()
    return {
        "id": found.id,
        "location": found.location,
        "status": "approved" if approval else "proposed",
        "reason_code": found.reason_code,
        "proposed_at": found.proposed_at,
        "approved_at": approval.approved_at if approval else None,
        "lines": lines,
    }


def listed(session: Session, *, location: str | None, after: str | None, limit: int) -> Page:
    """Write-offs by id, at a place."""
    statement = select(WriteOff)
    if location is not None:
        statement = statement.where(WriteOff.location.in_([f"workshop/{location}", f"outlet/{location}"]))
    page = paged(session, statement, [WriteOff.id], after=after, limit=limit)
    return Page([_shown(session, found) for found in page.items], page.next)


def one(session: Session, write_off_id: UUID) -> dict[str, Any] | None:
    """One write-off, or None."""
    found = session.get(WriteOff, write_off_id)
    return _shown(session, found) if found else None
