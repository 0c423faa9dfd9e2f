"""Differences between what was sent and what was counted, until a person resolves them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from services.inventory.models import (
    Consignment,
    ConsignmentDispatch,
    ConsignmentLine,
    Discrepancy,
    DiscrepancyResolution,
    Receipt,
    ReceiptLine,
)
from services.inventory.models.base import ADJUSTMENT, SCRAP, TRANSIT
from services.inventory.usecases.documents import RecorderIsApprover, line_id, take_turn
from services.inventory.usecases.stock import Move, post_moves, tell_outlets
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


# What stands on the note counts as sent only once it was dispatched: goods that arrived without are a difference too.
_RECOUNT = text("""
    UPDATE discrepancy AS d SET sent = f.sent, good = f.good, damaged = f.damaged, since = f.since
      FROM (SELECT sku, coalesce(lot, '') AS lot, sum(sent) AS sent, sum(good) AS good, sum(damaged) AS damaged,
                   (SELECT max(posted_at) FROM receipt WHERE consignment_id = :id) AS since
              FROM (SELECT l.sku, l.lot, CASE WHEN s.consignment_id IS NULL THEN 0 ELSE l.quantity END AS sent,
                           0 AS good, 0 AS damaged
                      FROM consignment_line l LEFT JOIN consignment_dispatch s USING (consignment_id)
                     WHERE l.consignment_id = :id
                    UNION ALL
                    SELECT l.sku, l.lot, 0, l.good, l.damaged
                      FROM receipt_line l JOIN receipt r ON r.id = l.receipt_id WHERE r.consignment_id = :id) AS facts
             GROUP BY 1, 2) AS f
     WHERE d.consignment_id = :id AND d.sku = f.sku AND coalesce(d.lot, '') = f.lot
""")


def recount(session: Session, consignment: Consignment) -> None:
    """Bring the differences of a consignment up to date, from its first receipt on. Whoever calls it has the turn."""
    counted = select(ReceiptLine.sku, ReceiptLine.lot).join(Receipt).where(Receipt.consignment_id == consignment.id)
    keys = {(sku, lot) for sku, lot in session.execute(counted)}
    if not keys:
        return
    noted = select(ConsignmentLine.sku, ConsignmentLine.lot).where(ConsignmentLine.consignment_id == consignment.id)
    keys |= {(sku, lot) for sku, lot in session.execute(noted)}
    place = {"consignment_id": consignment.id, "origin": consignment.origin, "destination": consignment.destination}
    rows = [
        {"id": line_id(consignment.id, sku, lot), "sku": sku, "lot": lot, "since": now()} | place for sku, lot in keys
    ]
    session.execute(insert(Discrepancy).on_conflict_do_nothing(), rows)
    session.execute(_RECOUNT, {"id": consignment.id})


def find(session: Session, discrepancy_id: UUID) -> tuple[Discrepancy, Consignment]:
    """The line and its consignment. Raises NotFound."""
    found = session.get(Discrepancy, discrepancy_id)
    if found is None:
        raise NotFound("No such discrepancy.")
    return found, session.get_one(Consignment, found.consignment_id)


def resolve(session: Session, *, discrepancy_id: UUID, reason_code: str, resolved_by: str) -> None:
    """Move what is left out of transit: lost or never sent, sent uncounted or simply too much.

    Repeating the last resolution changes nothing. Raises NothingOpen, RecorderIsApprover, Invalid, InsufficientStock,
    NotFound.
    """
    found, consignment = find(session, discrepancy_id)
    take_turn(session, consignment.id)
    session.refresh(found)
    if found.open == 0:
        if _last_reason(session, found) == reason_code:
            return
        raise NothingOpen("Sent, received and resolved add up.")
    allowed = SHORTAGE if found.open > 0 else SURPLUS
    if reason_code not in allowed:
        raise invalid("reason_code", f"One of {', '.join(allowed)}.")
    sent_by = select(ConsignmentDispatch.dispatched_by).filter_by(consignment_id=consignment.id)
    if session.scalar(sent_by) == resolved_by:
        raise RecorderIsApprover("Who dispatched the goods cannot settle what is missing.")
    _settle(session, found, consignment, reason_code, resolved_by)


def _settle(session: Session, found: Discrepancy, consignment: Consignment, reason_code: str, resolved_by: str) -> None:
    # A later receipt may open it again: hence the number.
    number, rest, moment = found.resolutions + 1, found.open, now()
    decided = {"quantity": rest, "reason_code": reason_code, "resolved_by": resolved_by, "resolved_at": moment}
    session.execute(insert(DiscrepancyResolution).values(discrepancy_id=found.id, number=number, **decided))
    found.resolved, found.resolutions = found.resolved + rest, number
    session.flush()
    source, target = _ways(consignment)[reason_code]
    document = ("discrepancy", found.consignment_id, found.id, source, target)
    goods = (found.sku, found.lot, abs(rest), moment)
    moves = [Move(*document, *goods, leg=number, reason_code=reason_code)]
    post_moves(session, moves)
    tell_outlets(session, moves, reason_code="sent-back")


def _ways(consignment: Consignment) -> dict[str, tuple[str, str]]:
    return {
        "lost": (TRANSIT, SCRAP),
        "not-sent": (TRANSIT, consignment.origin),
        "sent-uncounted": (consignment.origin, TRANSIT),
        "surplus": (ADJUSTMENT, TRANSIT),
    }


def _last_reason(session: Session, found: Discrepancy) -> str | None:
    last = session.get(DiscrepancyResolution, (found.id, found.resolutions))
    return last.reason_code if last else None
