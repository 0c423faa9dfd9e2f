"""Recording sales: the hot path. A batch is a handful of statements, whatever its size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from services.sales.models import Sale
from services.sales.usecases import gates, returns, work_items
from services.sales.usecases.shelves import Change, take_sold
from shared.canonical import content_hash
from shared.clock import business_day
from shared.db import Session
from shared.events.sales import SaleRecorded, SoldLine
from shared.messaging import publish

DRIFT_LIMIT = timedelta(minutes=2)
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Till:
    """The register that sends, and when: `drift` is how far its clock is behind the server's (None: within 2 min)."""

    register: str
    outlet: str
    received_at: datetime
    drift: timedelta | None

    def effective(self, told: datetime) -> datetime:
        """The time of a fact, allowing for the device's clock; within what can be stored."""
        moment = told if self.drift is None else told + min(max(self.drift, _EARLIEST - told), _LATEST - told)
        return min(max(moment, _EARLIEST), _LATEST)


def till(*, register: str, outlet: str, received_at: datetime, sent_at: datetime | None) -> Till:
    """The register, with its clock compared: `sent_at` is the device's time when it sent."""
    behind = received_at - sent_at if sent_at is not None else timedelta()
    return Till(register, outlet, received_at, behind if abs(behind) > DRIFT_LIMIT else None)


# Sales that are new, with their lines and payments.
_RECORD = text("""
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(CAST(:sales AS jsonb)) AS g(
            id uuid, register text, outlet text, register_no bigint, shift_id uuid, sold_at timestamptz,
            received_at timestamptz, effective_at timestamptz, business_day date, drift bigint, total bigint,
            sums_ok boolean, content_hash text, lines jsonb, payments jsonb)
    ), new AS (
        INSERT INTO sale (id, register, outlet, register_no, shift_id, sold_at, received_at, effective_at, business_day,
                          drift, total, sums_ok, content_hash)
        SELECT id, register, outlet, register_no, shift_id, sold_at, received_at, effective_at, business_day,
               drift, total, sums_ok, decode(content_hash, 'hex') FROM given ORDER BY id
        ON CONFLICT DO NOTHING RETURNING id
    ), line AS (
        INSERT INTO sale_line (sale_id, id, sku, lot, quantity, unit_price, discount, amount)
        SELECT g.id, l.id, l.sku, l.lot, l.quantity, l.unit_price, l.discount, l.amount
          FROM given g JOIN new USING (id), jsonb_to_recordset(g.lines) AS l(
               id uuid, sku text, lot text, quantity numeric, unit_price bigint, discount bigint, amount bigint)
    ), paid AS (
        INSERT INTO payment (sale_id, id, shift_id, kind, amount, reference)
        SELECT g.id, p.id, g.shift_id, p.kind, p.amount, p.reference
          FROM given g JOIN new USING (id), jsonb_to_recordset(g.payments) AS p(
               id uuid, kind text, amount bigint, reference text)
    ), released AS (
        UPDATE quarantine SET resolved_at = now(), resolved_by = 'recorded'
         WHERE item_id IN (SELECT id FROM given) AND resolved_at IS NULL
    )
    SELECT id FROM new
""")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one sale: recorded, duplicate or conflict, and the codes of its open work items."""

    status: str
    work_items: list[str]


def record(session: Session, *, at: Till, sales: Sequence[Mapping[str, Any]]) -> list[Recorded]:
    """Record sales that happened, in order; nothing about them is refused. The same again is a duplicate."""
    gates.enter_to_record(session, at.register, [sale["id"] for sale in sales])
    hashes = [content_hash(sale) for sale in sales]
    first = {sale["id"]: index for index, sale in reversed(list(enumerate(sales)))}
    rows = [_row(at, sales[index], hashes[index]) for index in first.values()]
    new = set(session.scalars(_RECORD, {"sales": msgspec.json.encode(rows).decode()}))
    codes, waited_for = work_items.note_new_sales(session, new) if new else ({}, [])
    publish(session, *(_event(at, sales[index]) for index in sorted(first.values()) if sales[index]["id"] in new))
    if waited_for:
        returns.judge(session, waited_for)
    # Last, since every register of the outlet waits for these rows until this transaction has ended.
    _take_off_the_shelf(session, at, [sales[index] for index in first.values() if sales[index]["id"] in new], codes)
    known = _known(session, [sale["id"] for sale in sales if sale["id"] not in new])
    results = []
    for index, sale in enumerate(sales):
        if sale["id"] in new and first[sale["id"]] == index:
            results.append(Recorded("recorded", codes.get(sale["id"], [])))
        else:
            before = hashes[first[sale["id"]]] if sale["id"] in new else known[sale["id"]][0]
            open_codes = codes.get(sale["id"], []) if sale["id"] in new else known[sale["id"]][1]
            results.append(Recorded("duplicate" if before == hashes[index] else "conflict", open_codes))
    return results


def _take_off_the_shelf(
    session: Session, at: Till, sales: Sequence[Mapping[str, Any]], codes: dict[UUID, list[str]]
) -> None:
    """Take what was sold off the outlet's shelf; a sale of more than there is gets `no-stock` among its codes."""
    short = take_sold(
        session,
        [Change(at.outlet, line["sku"], line["lot"], -line["quantity"]) for sale in sales for line in sale["lines"]],
    )
    for sale in sales if short else ():
        if any((line["sku"], line["lot"]) in short for line in sale["lines"]):
            codes[sale["id"]] = sorted({*codes.get(sale["id"], ()), "no-stock"})


def _known(session: Session, ids: Sequence[UUID]) -> dict[UUID, tuple[bytes, list[str]]]:
    """Hash and open oddities of sales recorded before."""
    if not ids:
        return {}
    hashes = session.execute(select(Sale.id, Sale.content_hash).where(Sale.id.in_(ids))).all()
    codes, _ = work_items.note_new_sales(session, [row.id for row in hashes])
    return {row.id: (row.content_hash, codes.get(row.id, [])) for row in hashes}


def _row(at: Till, sale: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    effective_at = at.effective(sale["sold_at"])
    return {
        **sale,
        "register": at.register,
        "outlet": at.outlet,
        "received_at": at.received_at,
        "effective_at": effective_at,
        "business_day": business_day(effective_at),
        "drift": None if at.drift is None else int(at.drift.total_seconds()),
        "sums_ok": _sums_agree(sale),
        "content_hash": content.hex(),
    }


def _sums_agree(sale: Mapping[str, Any]) -> bool:
    lines, paid = sale["lines"], sum(payment["amount"] for payment in sale["payments"])
    fits = all(line["amount"] == price_of(line) - line["discount"] for line in lines)
    return fits and sale["total"] == sum(line["amount"] for line in lines) == paid


def price_of(line: Mapping[str, Any]) -> int:
    """quantity × unit price, half up to the rupiah."""
    return int((line["quantity"] * line["unit_price"]).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _event(at: Till, sale: Mapping[str, Any]) -> SaleRecorded:
    lines = tuple(
        SoldLine(
            line_id=line["id"],
            sku=line["sku"],
            lot=line["lot"],
            quantity=line["quantity"],
            unit_price=line["unit_price"],
            discount=line["discount"],
            amount=line["amount"],
        )
        for line in sale["lines"]
    )
    return SaleRecorded(
        sale_id=sale["id"],
        outlet=at.outlet,
        register=at.register,
        register_no=sale["register_no"],
        sold_at=sale["sold_at"],
        lines=lines,
        total=sum(line.amount for line in lines),
    )
