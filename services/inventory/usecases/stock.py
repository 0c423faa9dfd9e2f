"""Posting to the ledger: moves and balances, in one statement, each move once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import or_, select, text

from services.inventory.models import stock_balance
from services.inventory.models.base import code_of
from shared.db import Session
from shared.errors import Conflict
from shared.events.inventory import StockMoved
from shared.jsontext import number
from shared.messaging import publish


class InsufficientStock(Conflict):
    code = "insufficient-stock"
    title = "There is not that much on the workshop's shelf"


@dataclass(frozen=True, slots=True)
class Move:
    """One posting: `quantity` (> 0) of a lot from one location to another, for a line of a document."""

    document_kind: str
    document_id: UUID
    line_id: UUID
    source: str
    target: str
    sku: str
    lot: str | None
    quantity: Decimal
    moved_at: datetime
    leg: int = 0
    reason_code: str | None = None


# Moves that are posted already are passed over; balances change by what was truly posted. Both are written in key
# order, so that two transactions of one statement each wait for each other and never dead-lock.
_POST = text("""
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(CAST(:moves AS jsonb)) AS m(
            document_kind text, document_id uuid, line_id uuid, lot text, leg smallint, source text, target text,
            sku text, quantity numeric, moved_at timestamptz, reason_code text)
    ), posted AS (
        INSERT INTO stock_move (document_kind, document_id, line_id, lot, leg, source, target, sku, quantity, moved_at,
                                reason_code)
        SELECT document_kind, document_id, line_id, lot, leg, source, target, sku, quantity, moved_at, reason_code
          FROM given ORDER BY document_id, line_id, lot, leg, document_kind
        ON CONFLICT DO NOTHING RETURNING source, target, sku, lot, quantity
    ), change AS (
        SELECT location, sku, lot, sum(delta) AS delta
          FROM (SELECT source AS location, sku, lot, -quantity AS delta FROM posted
                UNION ALL SELECT target, sku, lot, quantity FROM posted) AS ends
         GROUP BY location, sku, lot
    ), balance AS (
        INSERT INTO stock_balance (location, sku, lot, on_hand)
        SELECT location, sku, lot, delta FROM change ORDER BY location, sku, lot
        ON CONFLICT (location, sku, lot) DO UPDATE SET on_hand = stock_balance.on_hand + excluded.on_hand
        RETURNING location, sku, lot, on_hand
    )
    SELECT location, sku, lot, on_hand FROM balance WHERE on_hand < 0 AND location LIKE 'workshop/%'
     ORDER BY location, sku, lot
""")

# A batch of events posts several times in one transaction (sales, then returns …), so key order within a statement does
# not save it from a deadlock. It posts alone; whoever posts once shares. The products that sell are the same in every
# batch: their rows would make batches wait for each other anyway.
_LEDGER = 7261647
_SHARED = text(f"SELECT pg_advisory_xact_lock_shared({_LEDGER})")
_ALONE = text(f"SELECT pg_advisory_xact_lock({_LEDGER})")


def post_moves(session: Session, moves: Sequence[Move], *, of_a_batch: bool = False) -> None:
    """Post moves and their balances. Posting the same again changes nothing.

    A transaction calls it once, with all its moves, or says `of_a_batch`. Raises InsufficientStock, naming the lines,
    when a workshop's shelf would become negative; the transaction must then be given up.
    """
    if not moves:
        return
    session.execute(_ALONE if of_a_batch else _SHARED)
    owing = session.execute(_POST, {"moves": msgspec.json.encode(moves).decode()}).all()
    if owing:
        raise InsufficientStock("Some lines ask for more than there is.", lines=[_lacking(moves, row) for row in owing])


def _lacking(moves: Sequence[Move], row: Any) -> dict[str, Any]:
    key = (row.location, row.sku, row.lot)
    wanted = sum((move.quantity for move in moves if (move.source, move.sku, move.lot) == key), Decimal(0))
    line = {"location": code_of(row.location), "sku": row.sku, "lot": row.lot}
    return line | {"wanted": number(wanted), "on_hand": number(row.on_hand + wanted)}


def require_on_hand(session: Session, location: str, lines: Sequence[Mapping[str, Any]]) -> None:
    """Raise InsufficientStock, naming the lines, where a place holds less at this moment than they ask for."""
    held = stock_balance.c
    lots = {line["lot"] for line in lines}
    # Not all that the place ever held: that is each lot that it had, also those of which nothing is left.
    wanted = select(held.sku, held.lot, held.on_hand).where(
        held.location == location, held.sku.in_({line["sku"] for line in lines})
    )
    rows = session.execute(wanted.where(or_(held.lot.in_(lots - {None}), held.lot.is_(None))))
    there = {(sku, lot): on_hand for sku, lot, on_hand in rows}
    lacking = [
        {"location": code_of(location), "sku": line["sku"], "lot": line["lot"]}
        | {"wanted": number(line["quantity"]), "on_hand": number(there.get((line["sku"], line["lot"]), Decimal(0)))}
        for line in lines
        if line["quantity"] > there.get((line["sku"], line["lot"]), Decimal(0))
    ]
    if lacking:
        raise InsufficientStock("Some lines ask for more than there is.", lines=lacking)


def tell_outlets(session: Session, moves: Sequence[Move], *, reason_code: str) -> None:
    """Announce to sales those of the moves that take from, or give to, an outlet's shelf."""
    ends = [(move, place, sign) for move in moves for place, sign in ((move.source, -1), (move.target, 1))]
    publish(
        session,
        *(
            StockMoved(
                move_id=uuid5(move.line_id, f"{move.document_kind}/{move.leg}"),
                outlet=code_of(place),
                sku=move.sku,
                lot=move.lot,
                delta=sign * move.quantity,
                reason_code=reason_code,
            )
            for move, place, sign in ends
            if place.startswith("outlet/")
        ),
    )
