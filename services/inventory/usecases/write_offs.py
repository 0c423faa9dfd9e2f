"""Write-offs: goods taken out of stock, proposed by one person and approved by another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert

from services.inventory.models import Workshop, WriteOff, WriteOffApproval, WriteOffLine
from services.inventory.models.base import SCRAP, VIRTUAL, outlet_location, workshop_location
from services.inventory.usecases.documents import RecorderIsApprover, check_lots, with_ids
from services.inventory.usecases.stock import Move, post_moves, tell_outlets
from shared.canonical import content_hash
from shared.clock import now
from shared.db import Session
from shared.errors import NotFound
from shared.facts import record_once
from shared.fields import invalid


def propose(session: Session, *, item: Mapping[str, Any], proposed_by: str) -> bool:
    """Propose to take goods out of stock at a workshop or an outlet; True when it is new. Raises Conflict, Invalid."""
    code = item["location"]
    if code in VIRTUAL:
        raise invalid("location", "A workshop or an outlet; what is missing in transit is a discrepancy.")
    location = workshop_location(code) if session.get(Workshop, code) else outlet_location(code)
    check_lots(session, item["lines"], must_be_ours=location.startswith("workshop/"))
    new = record_once(
        session,
        WriteOff,
        key={"id": item["id"]},
        location=location,
        reason_code=item["reason_code"],
        proposed_by=proposed_by,
        proposed_at=now(),
        content_hash=content_hash(item),
    )
    if new:
        session.execute(insert(WriteOffLine), with_ids(item["id"], item["lines"], write_off_id=item["id"]))
    return new


def approve(session: Session, *, write_off_id: UUID, approved_by: str) -> WriteOff:
    """Take the goods out of stock. Repeating it changes nothing.

    Raises RecorderIsApprover, InsufficientStock (at a workshop), NotFound.
    """
    found = session.get(WriteOff, write_off_id)
    if found is None:
        raise NotFound("No such write-off.")
    if found.proposed_by == approved_by:
        raise RecorderIsApprover("Another person must approve this write-off.")
    moment, place, reason = now(), found.location, found.reason_code
    values = {"proposed_by": found.proposed_by, "approved_by": approved_by, "approved_at": moment}
    posted = insert(WriteOffApproval).values(write_off_id=write_off_id, **values).on_conflict_do_nothing()
    if session.execute(posted.returning(literal(1))).first() is None:
        return found
    lines = session.scalars(select(WriteOffLine).filter_by(write_off_id=write_off_id)).all()
    moves = [
        Move(
            "write-off", found.id, line.id, place, SCRAP, line.sku, line.lot, line.quantity, moment, reason_code=reason
        )
        for line in lines
    ]
    post_moves(session, moves)
    tell_outlets(session, moves, reason_code="write-off")
    return found
