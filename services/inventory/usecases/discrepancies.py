"""Differences between what was sent and what was counted, until a person resolves them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, text

from services.inventory.models import Consignment, Discrepancy, DiscrepancyResolution
from services.inventory.models.base import ADJUSTMENT, SCRAP, TRANSIT
from services.inventory.queries.discrepancies import open_quantity
from services.inventory.usecases.stock import Move, post_moves
from shared.clock import now
from shared.db import Session
from shared.errors import Conflict, NotFound
from shared.fields import invalid

#: What may be said of goods that are missing, and of goods that are too many.
SHORTAGE = ("lost", "not-sent")
SURPLUS = ("sent-uncounted", "surplus")


class NothingOpen(Conflict):
    code = "nothing-open"
    title = "There is no open difference here"


def find(session: Session, discrepancy_id: UUID) -> tuple[Discrepancy, Consignment]:
    """The line and its consignment. Raises NotFound."""
    found = session.get(Discrepancy, discrepancy_id)
    if found is None:
        raise NotFound("No such discrepancy.")
    return found, session.get_one(Consignment, found.consignment_id)


def resolve(session: Session, *, discrepancy_id: UUID, reason_code: str, resolved_by: str) -> None:
    """Move what is left out of transit: lost or never sent, sent uncounted or simply too much.

    Repeating the last resolution changes nothing. Raises NothingOpen, Invalid, InsufficientStock, NotFound.
    """
    found, consignment = find(session, discrepancy_id)
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:id, 0))"), {"id": str(discrepancy_id)})
    rest = open_quantity(session, found)
    number, last_reason = _last(session, discrepancy_id)
    if rest == 0:
        if last_reason == reason_code:
            return
        raise NothingOpen("Sent, received and resolved add up.")
    allowed = SHORTAGE if rest > 0 else SURPLUS
    if reason_code not in allowed:
        raise invalid("reason_code", f"One of {', '.join(allowed)}.")
    moment = now()
    session.add(
        DiscrepancyResolution(
            discrepancy_id=discrepancy_id,
            number=number + 1,
            quantity=rest,
            reason_code=reason_code,
            resolved_by=resolved_by,
            resolved_at=moment,
        )
    )
    source, target = _ways(consignment)[reason_code]
    move = Move(
        "discrepancy",
        found.consignment_id,
        found.id,
        source,
        target,
        found.sku,
        found.lot,
        abs(rest),
        moment,
        leg=number + 1,
        reason_code=reason_code,
    )
    post_moves(session, [move])


def _ways(consignment: Consignment) -> dict[str, tuple[str, str]]:
    return {
        "lost": (TRANSIT, SCRAP),
        "not-sent": (TRANSIT, consignment.origin),
        "sent-uncounted": (consignment.origin, TRANSIT),
        "surplus": (ADJUSTMENT, TRANSIT),
    }


def _last(session: Session, discrepancy_id: UUID) -> tuple[int, str | None]:
    last = session.scalars(
        select(DiscrepancyResolution)
        .filter_by(discrepancy_id=discrepancy_id)
        .order_by(DiscrepancyResolution.number.desc())
        .limit(1)
    ).first()
    return (last.number, last.reason_code) if last else (0, None)
