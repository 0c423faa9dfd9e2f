"""What sales report: goods sold, goods returned, lots assigned after the fact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.inventory.models import stock_move
from services.inventory.models.base import CUSTOMER, SCRAP, outlet_location
from services.inventory.usecases.stock import Move, post_moves
from shared.db import Session
from shared.events.sales import SaleLotAssigned, SaleRecorded, SaleReturned
from shared.messaging import CauseMissing


def move_sold_goods(session: Session, sales: Sequence[SaleRecorded]) -> None:
    """From the outlet's shelf to the customer, line by line, by the lot that the register named (or none)."""
    moves = [
        Move(
            "sale",
            sale.sale_id,
            line.line_id,
            outlet_location(sale.outlet),
            CUSTOMER,
            line.sku,
            line.lot,
            line.quantity,
            sale.sold_at,
        )
        for sale in sales
        for line in sale.lines
        if line.quantity > 0
    ]
    post_moves(session, moves, of_a_batch=True)


def move_returned_goods(session: Session, returned: SaleReturned) -> None:
    """Back from the customer: onto the outlet's shelf, or to scrap when they cannot be sold again.

    One sold line may come back in parts, some whole and some broken: the place of a part in the event tells them apart.
    """
    moves = [
        Move(
            "return",
            returned.return_id,
            line.line_id,
            CUSTOMER,
            outlet_location(returned.outlet) if line.restock else SCRAP,
            line.sku,
            line.lot,
            line.quantity,
            returned.returned_at,
            leg=part,
            reason_code=line.reason_code,
        )
        for part, line in enumerate(returned.lines)
        if line.quantity > 0
    ]
    post_moves(session, moves, of_a_batch=True)


def assign_lot(session: Session, assigned: SaleLotAssigned) -> None:
    """Move a sold line from the bucket it was sold from to the lot that it was.

    Version n undoes what version n - 1 said, so it waits for it: the order of arrival makes no difference.
    Raises CauseMissing.
    """
    before = _sold_line(session, assigned.sale_id, assigned.line_id, leg=2 * (assigned.version - 1))
    if before is None:
        raise CauseMissing(f"sale {assigned.sale_id} or version {assigned.version - 1} of its lot")
    place, sku, lot, quantity, when = before
    line = (assigned.sale_id, assigned.line_id)
    back = 2 * assigned.version - 1
    moves = [
        Move("lot-assigned", *line, CUSTOMER, place, sku, lot, quantity, when, leg=back),
        Move("lot-assigned", *line, place, CUSTOMER, sku, assigned.lot, quantity, when, leg=back + 1),
    ]
    post_moves(session, moves, of_a_batch=True)


def _sold_line(session: Session, sale_id: UUID, line_id: UUID, *, leg: int) -> Any:
    """(source, sku, lot, quantity, moved_at) of the move that last said where a line was sold from; None if unknown."""
    columns = stock_move.c
    return session.execute(
        select(columns.source, columns.sku, columns.lot, columns.quantity, columns.moved_at).where(
            columns.document_id == sale_id,
            columns.line_id == line_id,
            columns.leg == leg,
            columns.document_kind == ("lot-assigned" if leg else "sale"),
        )
    ).first()
