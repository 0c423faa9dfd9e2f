"""Receipts: the receiver's own count, entered before seeing what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.inventory.models import Consignment, ConsignmentDispatch, Receipt, ReceiptLine
from services.inventory.models.base import SCRAP, TRANSIT
from services.inventory.usecases import discrepancies
from services.inventory.usecases.documents import RecorderIsApprover, check_lots, take_turn, with_ids
from services.inventory.usecases.stock import Move, post_moves
from shared.canonical import content_hash
from shared.clock import now
from shared.db import Session
from shared.events.inventory import ConsignmentReceived, ReceivedLine
from shared.facts import record_once
from shared.messaging import publish


def receive(
    session: Session, *, consignment: Consignment, item: Mapping[str, Any], received_by: str
) -> tuple[Receipt, bool]:
    """Record what was counted: good onto the shelf, damaged to scrap; (receipt, whether it is new).

    It need not match what was sent, and may come before the dispatch. Raises Conflict, Invalid, RecorderIsApprover.
    """
    check_lots(session, item["lines"], must_be_ours=False)
    take_turn(session, consignment.id)
    sent = session.get(ConsignmentDispatch, consignment.id)
    if sent is not None and sent.dispatched_by == received_by:
        raise RecorderIsApprover("Who dispatched the goods cannot receive them.")
    new = record_once(
        session,
        Receipt,
        key={"id": item["id"]},
        consignment_id=consignment.id,
        received_at=item["received_at"],
        received_by=received_by,
        signed_by=item.get("signed_by"),
        posted_at=now(),
        content_hash=content_hash({**item, "consignment_id": consignment.id}),
    )
    posted = session.get_one(Receipt, item["id"])
    if new:
        _post(session, consignment, item, when=posted.effective_at)
    return posted, new


def _post(session: Session, consignment: Consignment, item: Mapping[str, Any], *, when: datetime) -> None:
    receipt = item["id"]
    lines = with_ids(receipt, item["lines"], receipt_id=receipt)
    session.execute(insert(ReceiptLine), lines)
    moves = [
        Move("receipt", receipt, line["id"], TRANSIT, target, line["sku"], line["lot"], line[kind], when, leg=leg)
        for line in lines
        for leg, (kind, target) in enumerate((("good", consignment.destination), ("damaged", SCRAP)))
        if line[kind]
    ]
    post_moves(session, moves)
    discrepancies.recount(session, consignment)
    good = tuple(ReceivedLine(sku=line["sku"], lot=line["lot"], good=line["good"]) for line in lines if line["good"])
    if consignment.to_outlet and good:
        event = ConsignmentReceived(
            receipt_id=receipt,
            consignment_id=consignment.id,
            outlet=consignment.to_outlet,
            lines=good,
            received_at=when,
        )
        publish(session, event)
