"""Where a lot went: what flowed from place to place, by what kind of document, and where it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from services.inventory.models import Consignment, ConsignmentLine, Lot, stock_balance, stock_move
from services.inventory.models.base import PRODUCTION
from shared.db import Session


@dataclass(frozen=True, slots=True)
class Flow:
    """So much went from one location to another, by one kind of document (and reason, where goods were lost)."""

    source: str
    target: str
    kind: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Course:
    """A lot's flows in the order in which they began, and what is where. Made = the sum of what is where."""

    flows: Sequence[Flow]
    where: dict[str, Decimal]

    @property
    def made(self) -> Decimal:
        """What left production, good and rejected."""
        return sum((flow.quantity for flow in self.flows if flow.source == PRODUCTION), Decimal(0))


def course(session: Session, lot: Lot) -> Course:
    """The whole course of a lot; never its makers."""
    columns = stock_move.c
    flows = session.execute(
        select(columns.source, columns.target, columns.document_kind, func.sum(columns.quantity))
        .where(columns.lot == lot.code)
        .group_by(columns.source, columns.target, columns.document_kind)
        .order_by(func.min(columns.id))
    )
    balances = session.execute(
        select(stock_balance.c.location, stock_balance.c.on_hand)
        .where(stock_balance.c.lot == lot.code, stock_balance.c.location != PRODUCTION, stock_balance.c.on_hand != 0)
        .order_by(stock_balance.c.location)
    )
    return Course([Flow(*row) for row in flows], {row.location: row.on_hand for row in balances})


def consignments_with(session: Session, lot: Lot, *, limit: int) -> Sequence[Any]:
    """The delivery notes that name the lot, the latest first."""
    statement = (
        select(Consignment.id, Consignment.origin, Consignment.destination, Consignment.drafted_at)
        .add_columns(ConsignmentLine.quantity)
        .join(ConsignmentLine, ConsignmentLine.consignment_id == Consignment.id)
        .where(ConsignmentLine.sku == lot.sku, ConsignmentLine.lot == lot.code)
    )
    return session.execute(statement.order_by(Consignment.drafted_at.desc(), Consignment.id).limit(limit)).all()
