"""Consignments: drafted, dispatched, received by own count. Three facts by different people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert

from services.inventory.models import (
    Consignment,
    ConsignmentDispatch,
    ConsignmentLine,
    Discrepancy,
    Lot,
    Receipt,
    ReceiptLine,
    Workshop,
)
from services.inventory.models.base import SCRAP, TRANSIT, outlet_location, workshop_location
from services.inventory.usecases.outputs import RecorderIsApprover
from services.inventory.usecases.stock import Move, post_moves
from shared.canonical import content_hash
from shared.clock import now
from shared.db import Session
from shared.errors import Invalid, NotFound
from shared.events.inventory import ConsignmentReceived, ReceivedLine, StockMoved
from shared.facts import record_once
from shared.fields import invalid
from shared.messaging import publish


def draft(session: Session, *, item: Mapping[str, Any], drafted_by: str) -> tuple[Consignment, bool]:
    """Write a delivery note; (consignment, whether it is new). Raises Conflict, Invalid."""
    origin, destination = _ends(session, item["source"], item["outlet"])
    if origin.startswith("workshop/"):
        _check_lots(session, item["lines"])
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
        lines = [
            line | {"id": line_id(item["id"], line["sku"], line["lot"]), "consignment_id": item["id"]}
            for line in item["lines"]
        ]
        session.execute(insert(ConsignmentLine), lines)
    return session.get_one(Consignment, item["id"]), new


def line_id(document: UUID, sku: str, lot: str | None) -> UUID:
    """The id of a document's line for a lot: always the same, so that a line can be posted once only."""
    return uuid5(document, f"{sku}/{lot or ''}")


def _ends(session: Session, source: str, target: str) -> tuple[str, str]:
    known = set(session.scalars(select(Workshop.code).where(Workshop.code.in_([source, target]))))
    if source in known and target not in known:
        return workshop_location(source), outlet_location(target)
    if target in known and source not in known:
        return outlet_location(source), workshop_location(target)
    message = "One of `from` and `outlet` is a workshop, the other an outlet."
    raise Invalid({"from": [message], "outlet": [message]})


def _check_lots(session: Session, lines: Sequence[Mapping[str, Any]]) -> None:
    wanted = [line["lot"] for line in lines if line["lot"]]
    skus = {lot.code: lot.sku for lot in session.scalars(select(Lot).where(Lot.code.in_(wanted)))}
    for index, line in enumerate(lines):
        if line["lot"] is None or skus.get(line["lot"]) != line["sku"]:
            raise invalid(f"lines.{index}.lot", "No such lot of this product.")


def dispatch(session: Session, *, consignment_id: UUID, dispatched_by: str) -> Consignment:
    """Send the goods off: from the shelf into transit. Repeating it changes nothing.

    Raises InsufficientStock when the workshop's shelf does not hold them, NotFound, RecorderIsApprover.
    """
    consignment = find(session, consignment_id)
    received_by = select(Receipt.received_by).filter_by(consignment_id=consignment_id)
    if dispatched_by in session.scalars(received_by).all():
        raise RecorderIsApprover("Who received the goods cannot have dispatched them.")
    moment = now()
    values = {"dispatched_by": dispatched_by, "dispatched_at": moment}
    posted = insert(ConsignmentDispatch).values(consignment_id=consignment_id, **values).on_conflict_do_nothing()
    if session.execute(posted.returning(literal(1))).first() is None:
        return consignment
    lines = session.scalars(select(ConsignmentLine).filter_by(consignment_id=consignment_id)).all()
    moves = [
        Move(
            "dispatch", consignment_id, line.id, consignment.origin, TRANSIT, line.sku, line.lot, line.quantity, moment
        )
        for line in lines
    ]
    post_moves(session, moves)
    if consignment.from_outlet:
        publish(session, *(_sent_back(consignment.from_outlet, move) for move in moves))
    return consignment


def _sent_back(outlet: str, move: Move) -> StockMoved:
    return StockMoved(
        move_id=uuid5(move.line_id, "dispatch"),
        outlet=outlet,
        sku=move.sku,
        lot=move.lot,
        delta=-move.quantity,
        reason_code="sent-back",
    )


def find(session: Session, consignment_id: UUID) -> Consignment:
    """The consignment. Raises NotFound."""
    consignment = session.get(Consignment, consignment_id)
    if consignment is None:
        raise NotFound("No such consignment.")
    return consignment


def receive(session: Session, *, consignment: Consignment, item: Mapping[str, Any], received_by: str) -> bool:
    """Record what the receiver counted: good onto the shelf, damaged to scrap; True when it is new.

    It need not match what was sent, and may come before the dispatch. Raises Conflict, RecorderIsApprover.
    """
    sent = session.get(ConsignmentDispatch, consignment.id)
    if sent is not None and sent.dispatched_by == received_by:
        raise RecorderIsApprover("Who dispatched the goods cannot receive them.")
    content = content_hash({**item, "consignment_id": consignment.id})
    new = record_once(
        session,
        Receipt,
        key={"id": item["id"]},
        consignment_id=consignment.id,
        received_at=item["received_at"],
        received_by=received_by,
        posted_at=now(),
        content_hash=content,
    )
    if new:
        _post_receipt(session, consignment, item)
    return new


def _post_receipt(session: Session, consignment: Consignment, item: Mapping[str, Any]) -> None:
    receipt, when = item["id"], item["received_at"]
    lines = [line | {"id": line_id(receipt, line["sku"], line["lot"]), "receipt_id": receipt} for line in item["lines"]]
    session.execute(insert(ReceiptLine), lines)
    _anchor_discrepancies(session, consignment.id, item["lines"])
    moves = [
        Move("receipt", receipt, line["id"], TRANSIT, target, line["sku"], line["lot"], line[kind], when, leg=leg)
        for line in lines
        for leg, (kind, target) in enumerate((("good", consignment.destination), ("damaged", SCRAP)))
        if line[kind]
    ]
    post_moves(session, moves)
    if consignment.to_outlet:
        publish(session, _received(consignment.to_outlet, consignment.id, receipt, when, lines))


def _received(
    outlet: str, consignment_id: UUID, receipt: UUID, when: datetime, lines: Sequence[Mapping[str, Any]]
) -> ConsignmentReceived:
    return ConsignmentReceived(
        receipt_id=receipt,
        consignment_id=consignment_id,
        outlet=outlet,
        lines=tuple(
            ReceivedLine(sku=line["sku"], lot=line["lot"], good=line["good"]) for line in lines if line["good"]
        ),
        received_at=when,
    )


def _anchor_discrepancies(session: Session, consignment_id: UUID, counted: Sequence[Mapping[str, Any]]) -> None:
    """From the first receipt on, each line sent or counted has an id under which its difference can be resolved."""
    noted = session.scalars(select(ConsignmentLine).filter_by(consignment_id=consignment_id)).all()
    keys = {(line.sku, line.lot) for line in noted} | {(line["sku"], line["lot"]) for line in counted}
    rows = [
        {"id": line_id(consignment_id, sku, lot), "consignment_id": consignment_id, "sku": sku, "lot": lot}
        for sku, lot in sorted(keys, key=lambda key: (key[0], key[1] or ""))
    ]
    session.execute(insert(Discrepancy).on_conflict_do_nothing(), rows)
