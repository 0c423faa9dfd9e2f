"""Goods back and refunds: recorded as they happened, judged against what was sold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.dialects.postgresql import insert

from services.sales.models import ReturnLine, ReturnVerdict, Sale, SaleLine, SaleReturn
from services.sales.usecases import clocks, gates, work_items
from services.sales.usecases.shelves import Change, change_shelves
from shared.canonical import content_hash
from shared.clock import business_day
from shared.db import Session
from shared.errors import Conflict
from shared.events.sales import ReturnedLine, SaleReturned
from shared.facts import record_once
from shared.messaging import publish

# By the lot that the goods are: a person may have said by now which lot the sold line was.
_BACK = text("SELECT outlet, sku, lot, quantity FROM returned_goods WHERE return_id = ANY(:returns) AND restock")


@dataclass
class Remaining:
    """What of a sale can still come back, by line: product, quantity and amount."""

    sku: dict[UUID, str] = field(default_factory=dict)
    quantity: dict[UUID, Decimal] = field(default_factory=dict)
    amount: dict[UUID, int] = field(default_factory=dict)

    def take(self, lines: Sequence[ReturnLine], refund: int) -> bool:
        """Take the lines off what remains, if all of them fit; False leaves it as it was."""
        quantity, amount = dict(self.quantity), dict(self.amount)
        for line in lines:
            if self.sku.get(line.line_id) != line.sku:
                return False
            quantity[line.line_id] -= line.quantity
            amount[line.line_id] -= line.amount
        if min(quantity.values()) < 0 or min(amount.values()) < 0 or refund > sum(line.amount for line in lines):
            return False
        self.quantity, self.amount = quantity, amount
        return True


def record(session: Session, *, at: Any, items: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Record returns in order: (recorded, duplicate, conflict, waiting or exceeds; its open work items)."""
    received_at = gates.enter_to_record(session, at.register)
    sale_ids = [item["sale_id"] for item in items]
    gates.enter_to_judge(session, sale_ids)
    new: list[bool | None] = []
    for item in items:
        try:
            with session.begin_nested():
                new.append(_post(session, at, received_at, item))
        except Conflict:
            new.append(None)
    judge(session, sale_ids)
    verdicts = _verdicts(session, [item["id"] for item in items])
    odd = work_items.of_returns(session, [item["id"] for item in items])
    results = []
    for item, fresh in zip(items, new, strict=True):
        verdict = verdicts.get(item["id"], "waiting")
        status = "conflict" if fresh is None else verdict if fresh else "duplicate"
        results.append((status, [] if fresh is None else odd.get(item["id"], [])))
    return results


def _post(session: Session, at: Any, received_at: datetime, item: Mapping[str, Any]) -> bool:
    told = {"told": item["returned_at"], "clock": item.get("device_clock"), "sending": at.sending}
    about = {"shift_id": item["shift_id"], "sale_id": item["sale_id"]}
    when = clocks.timed(session, register=at.register, outlet=at.outlet, received_at=received_at, **told, **about)
    new = record_once(
        session,
        SaleReturn,
        key={"id": item["id"]},
        **about,
        **when,
        register=at.register,
        returned_at=item["returned_at"],
        received_at=received_at,
        business_day=business_day(when["effective_at"]),
        refund_kind=item["refund"]["kind"],
        refund_amount=item["refund"]["amount"],
        content_hash=content_hash({**item, "register": at.register}),
    )
    if new:
        session.execute(insert(ReturnLine), [line | {"return_id": item["id"]} for line in item["lines"]])
    return new


def judge(session: Session, sale_ids: Sequence[UUID]) -> None:
    """Give a verdict on each return of these sales that has none yet, in the order in which they happened.

    The caller holds the gate to these sales. Returns whose sale has not arrived go on waiting.
    """
    accepted: list[tuple[SaleReturn, list[ReturnLine]]] = []
    for sale_id in sorted(set(sale_ids)):
        waiting = _waiting(session, sale_id)
        if not waiting or session.get(Sale, sale_id) is None:
            continue
        remaining = _remaining(session, sale_id)
        for one, lines in waiting:
            if remaining.take(lines, one.refund_amount):
                session.add(ReturnVerdict(return_id=one.id, verdict="recorded"))
                accepted.append((one, lines))
            else:
                session.add(ReturnVerdict(return_id=one.id, verdict="exceeds"))
        session.flush()
    work_items.reconsider_returns(session, of_sales(session, sale_ids))
    publish(session, *(_event(one, lines) for one, lines in accepted))
    # All at once, in key order; and last, since the registers of the outlet wait for these rows.
    back = session.execute(_BACK, {"returns": [one.id for one, _ in accepted]})
    change_shelves(session, [Change(*row) for row in back])


def of_sales(session: Session, sale_ids: Collection[UUID]) -> list[UUID]:
    """The returns of these sales, judged or not."""
    return list(session.scalars(select(SaleReturn.id).where(SaleReturn.sale_id.in_(sale_ids))))


def _waiting(session: Session, sale_id: UUID) -> list[tuple[SaleReturn, list[ReturnLine]]]:
    judged = exists().where(ReturnVerdict.return_id == SaleReturn.id)
    found = select(SaleReturn).where(SaleReturn.sale_id == sale_id, ~judged)
    ordered = session.scalars(found.order_by(SaleReturn.effective_at, SaleReturn.id)).all()
    return [
        (one, list(session.scalars(select(ReturnLine).filter_by(return_id=one.id).order_by(ReturnLine.id))))
        for one in ordered
    ]


def _remaining(session: Session, sale_id: UUID) -> Remaining:
    remaining = Remaining()
    for line in session.scalars(select(SaleLine).filter_by(sale_id=sale_id)):
        remaining.sku[line.id], remaining.quantity[line.id] = line.sku, line.quantity
        remaining.amount[line.id] = line.amount
    taken = (
        select(ReturnLine.line_id, ReturnLine.quantity, ReturnLine.amount)
        .join(SaleReturn, SaleReturn.id == ReturnLine.return_id)
        .join(ReturnVerdict, ReturnVerdict.return_id == SaleReturn.id)
        .where(SaleReturn.sale_id == sale_id, ReturnVerdict.verdict == "recorded")
    )
    for line_id, quantity, amount in session.execute(taken):
        remaining.quantity[line_id] -= quantity
        remaining.amount[line_id] -= amount
    return remaining


def _event(one: SaleReturn, lines: Sequence[ReturnLine]) -> SaleReturned:
    returned = tuple(
        ReturnedLine(
            line_id=line.line_id,
            sku=line.sku,
            lot=line.lot,
            quantity=line.quantity,
            amount=line.amount,
            reason_code=line.reason_code,
            restock=line.restock,
        )
        for line in lines
    )
    return SaleReturned(
        return_id=one.id,
        sale_id=one.sale_id,
        outlet=one.outlet,
        returned_at=one.returned_at,
        effective_at=one.effective_at,
        lines=returned,
    )


def _verdicts(session: Session, return_ids: Sequence[UUID]) -> dict[UUID, str]:
    rows = session.scalars(select(ReturnVerdict).where(ReturnVerdict.return_id.in_(return_ids)))
    return {row.return_id: row.verdict for row in rows}
