"""The ledger: the one way in which stock changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.inventory.models import stock_balance
from services.inventory.models.base import code_of
from shared.db import Session
from shared.errors import Conflict
from shared.jsontext import number


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
# order, so that two transactions on the same goods wait for each other and never dead-lock.
_POST = text("""
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(CAST(:moves AS jsonb)) AS m(
            document_kind text, document_id uuid, line_id uuid, lot text, leg smallint, source text, target text,
            sku text, quantity numeric, moved_at timestamptz, reason_code text)
    ), posted AS (
        INSERT INTO stock_move (document_kind, document_id, line_id, lot, leg, source, target, sku, quantity, moved_at,
                                reason_code)
        SELECT document_kind, document_id, line_id, lot, leg, source, target, sku, quantity, moved_at, reason_code
          FROM given ORDER BY document_id, line_id, lot, leg
        ON CONFLICT DO NOTHING RETURNING source, target, sku, lot, quantity
    ), change AS (
        SELECT location, sku, lot, sum(delta) AS delta
          FROM (SELECT source AS location, sku, lot, -quantity AS delta FROM posted
                UNION ALL SELECT target, sku, lot, quantity FROM posted) AS ends
         GROUP BY location, sku, lot
    )
    INSERT INTO stock_balance (location, sku, lot, on_hand)
    SELECT location, sku, lot, delta FROM change ORDER BY location, sku, lot
    ON CONFLICT (location, sku, lot) DO UPDATE SET on_hand = stock_balance.on_hand + excluded.on_hand
""")


def post_moves(session: Session, moves: Sequence[Move]) -> None:
    """Post moves and their balances. Posting the same again changes nothing.

    Raises InsufficientStock, naming the lines, when a workshop's shelf would become negative; nothing is posted then.
    """
    if not moves:
        return
    try:
        with session.begin_nested():
            session.execute(_POST, {"moves": msgspec.json.encode(moves).decode()})
    except DBAPIError as error:
        diagnosis = getattr(error.orig, "diag", None)
        if getattr(diagnosis, "constraint_name", None) != "never_negative_at_a_workshop":
            raise
        raise _insufficient(session, moves) from None


def _insufficient(session: Session, moves: Sequence[Move]) -> InsufficientStock:
    lacking = []
    for move in moves:
        if not move.source.startswith("workshop/"):
            continue
        found = session.scalar(
            select(stock_balance.c.on_hand).where(
                stock_balance.c.location == move.source,
                stock_balance.c.sku == move.sku,
                stock_balance.c.lot.is_not_distinct_from(move.lot),
            )
        )
        on_hand = found or Decimal(0)
        if on_hand < move.quantity:
            line = {"location": code_of(move.source), "sku": move.sku, "lot": move.lot}
            lacking.append(line | {"wanted": number(move.quantity), "on_hand": number(on_hand)})
    return InsufficientStock("Some lines ask for more than there is.", lines=lacking)
