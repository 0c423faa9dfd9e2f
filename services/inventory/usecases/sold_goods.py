"""What sales report: goods sold, goods returned, lots assigned after the fact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from services.inventory.models import returned_line, stock_move
from services.inventory.models.base import CUSTOMER, SCRAP, outlet_location
from services.inventory.usecases.stock import Move, post_moves
from shared.db import Session
from shared.events.sales import SaleLotAssigned, SaleRecorded, SaleReturned
from shared.messaging import CauseMissing

# What came back without a lot, or with the one on the receipt, is whatever the sold line is.
_FOLLOWING = text("""
    WITH said AS (
        SELECT line_id, lot, leg / 2 AS version FROM stock_move
         WHERE document_id = :sale AND document_kind = 'lot-assigned' AND leg % 2 = 0
    ), back AS (
        SELECT r.return_id, r.line_id, r.place, r.sku, r.lot, sum(r.quantity) AS quantity,
               min(r.returned_at) AS returned_at
          FROM returned_line r
          JOIN stock_move s ON s.document_id = r.sale_id AND s.line_id = r.line_id AND s.document_kind = 'sale'
         WHERE r.sale_id = :sale AND (r.lot IS NULL OR r.lot = s.lot)
         GROUP BY r.return_id, r.line_id, r.place, r.sku, r.lot
    )
    SELECT b.return_id, b.line_id, b.place, b.sku, b.quantity, b.returned_at, n.version, n.lot,
           CASE WHEN n.version = 1 THEN b.lot ELSE before.lot END AS before,
           CAST(b.lot IS NULL AS int) AS unnamed, CAST(b.place = :scrap AS int) AS scrapped
      FROM back b JOIN said n ON n.line_id = b.line_id
      LEFT JOIN said before ON before.line_id = b.line_id AND before.version = n.version - 1
""")


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
            sale.effective_at or sale.sold_at,
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
            returned.effective_at or returned.returned_at,
            leg=part,
            reason_code=line.reason_code,
        )
        for part, line in enumerate(returned.lines)
        if line.quantity > 0
    ]
    post_moves(session, moves, of_a_batch=True)
    _keep_told(session, returned, moves)
    _follow_lots(session, returned.sale_id)


def _keep_told(session: Session, returned: SaleReturned, moves: Sequence[Move]) -> None:
    rows = [
        {
            "return_id": returned.return_id,
            "part": move.leg,
            "sale_id": returned.sale_id,
            "line_id": move.line_id,
            "place": move.target,
            "sku": move.sku,
            "lot": move.lot,
            "quantity": move.quantity,
            "returned_at": move.moved_at,
        }
        for move in moves
    ]
    if rows:
        session.execute(insert(returned_line).values(rows).on_conflict_do_nothing())


def _follow_lots(session: Session, sale_id: UUID) -> None:
    """Have what came back of a sale's lines be the lots that a person has said that the lines were.

    One pair of moves for each version of a line's lot and each place, whatever came first: the return, or what was
    said. (A batch posts alone: whichever of the two comes second sees the other.)
    """
    moves = []
    for row in session.execute(_FOLLOWING, {"sale": sale_id, "scrap": SCRAP}):
        document = ("return-lot", row.return_id, row.line_id)
        how_much = (row.quantity, row.returned_at)
        leg = 8 * (row.version - 1) + 4 * row.unnamed + 2 * row.scrapped
        moves += [
            Move(*document, row.place, CUSTOMER, row.sku, row.before, *how_much, leg=leg + 1),
            Move(*document, CUSTOMER, row.place, row.sku, row.lot, *how_much, leg=leg + 2),
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
    _follow_lots(session, assigned.sale_id)


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
