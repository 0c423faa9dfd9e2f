"""Consignments: a delivery note is drafted, then dispatched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert

from services.inventory.models import (
    Consignment,
    ConsignmentDispatch,
    ConsignmentLine,
    Discrepancy,
    DiscrepancyResolution,
    Receipt,
    Workshop,
)
from services.inventory.models.base import TRANSIT, outlet_location, workshop_location
from services.inventory.usecases import discrepancies
from services.inventory.usecases.documents import RecorderIsApprover, check_lots, take_turn, with_ids
from services.inventory.usecases.stock import Move, post_moves, require_on_hand, tell_outlets
from shared.canonical import content_hash
from shared.clock import now
from shared.db import Session
from shared.errors import Forbidden, Invalid, NotFound
from shared.facts import record_once


def check_outlet(consignment: Consignment, own: str | None) -> None:
    """Raise Forbidden when somebody of an outlet (`own`; None: not bound to one) asks for what is not its business."""
    if own is not None and own not in {consignment.from_outlet, consignment.to_outlet}:
        raise Forbidden("The token belongs to another outlet.")


def draft(session: Session, *, item: Mapping[str, Any], drafted_by: str) -> tuple[Consignment, bool]:
    """Write a delivery note; (consignment, whether it is new). Raises Conflict, Invalid."""
    origin, destination = _ends(session, item["source"], item["outlet"])
    check_lots(session, item["lines"], must_be_ours=origin.startswith("workshop/"))
    new = record_once(
        session,
        Consignment,
        key={"id": item["id"]},
        origin=origin,
        destination=destination,
        drafted_by=drafted_by,
        drafted_at=now(),
        content_hash=content_hash(item),
    )
    if new:
        lines = with_ids(item["id"], item["lines"], consignment_id=item["id"])
        session.execute(insert(ConsignmentLine), lines)
    return session.get_one(Consignment, item["id"]), new


def draft_from_shelf(session: Session, *, item: Mapping[str, Any], drafted_by: str) -> tuple[Consignment, bool]:
    """The same, by somebody who has the workshop's shelf before their eyes: never for more than lies there.

    Goods that an outlet sends back are not weighed against its balance, which a late receipt or count may still
    correct. Raises InsufficientStock too.
    """
    consignment, new = draft(session, item=item, drafted_by=drafted_by)
    if new and consignment.from_outlet is None:
        require_on_hand(session, consignment.origin, item["lines"])
    return consignment, new


def _ends(session: Session, source: str, target: str) -> tuple[str, str]:
    known = set(session.scalars(select(Workshop.code).where(Workshop.code.in_([source, target]))))
    if source in known and target not in known:
        return workshop_location(source), outlet_location(target)
    if target in known and source not in known:
        return outlet_location(source), workshop_location(target)
    message = "One of `from` and `outlet` is a workshop, the other an outlet."
    raise Invalid({"from": [message], "outlet": [message]})


def find(session: Session, consignment_id: UUID) -> Consignment:
    """The consignment. Raises NotFound."""
    consignment = session.get(Consignment, consignment_id)
    if consignment is None:
        raise NotFound("No such consignment.")
    return consignment


def dispatch(session: Session, *, consignment_id: UUID, dispatched_by: str) -> Consignment:
    """Send the goods off: from the shelf into transit. Repeating it changes nothing.

    Raises InsufficientStock when the workshop's shelf does not hold them, NotFound, RecorderIsApprover.
    """
    consignment = find(session, consignment_id)
    take_turn(session, consignment_id)
    received_by = select(Receipt.received_by).filter_by(consignment_id=consignment_id)
    if dispatched_by in session.scalars(received_by).all():
        raise RecorderIsApprover("Who received the goods cannot have dispatched them.")
    settled_by = select(DiscrepancyResolution.resolved_by).join(Discrepancy).filter_by(consignment_id=consignment_id)
    if dispatched_by in session.scalars(settled_by).all():
        raise RecorderIsApprover("Who settled a difference of these goods cannot have dispatched them.")
    moment = now()
    values = {"dispatched_by": dispatched_by, "dispatched_at": moment}
    posted = insert(ConsignmentDispatch).values(consignment_id=consignment_id, **values).on_conflict_do_nothing()
    if session.execute(posted.returning(literal(1))).first() is None:
        return consignment
    lines = session.scalars(select(ConsignmentLine).filter_by(consignment_id=consignment_id)).all()
    source = consignment.origin
    moves = [
        Move("dispatch", consignment_id, line.id, source, TRANSIT, line.sku, line.lot, line.quantity, moment)
        for line in lines
    ]
    post_moves(session, moves)
    tell_outlets(session, moves, reason_code="sent-back")
    discrepancies.recount(session, consignment)
    return consignment
