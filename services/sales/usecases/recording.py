"""Recording sales: the hot path. A batch is one call of the database, whatever its size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from services.sales.usecases import returns
from services.sales.usecases.clocks import Sending
from services.sales.usecases.gates import buckets
from services.sales.usecases.reference import WrongOutlet
from shared.canonical import content_hash
from shared.db import Database, Session
from shared.events.sales import SaleRecorded, SoldLine
from shared.messaging import outbox

# Quantities are written as numbers: they travel on in the event.
_JSON = msgspec.json.Encoder(decimal_format="number")

# The whole of it in one round trip: gates, register, times, facts, event, work items, shelf (migration 0008).
_RECORD = """
    SELECT is_new, content_hash, by_register, work_items, waited_for
      FROM record_sales({register}, {outlet}, CAST({ids} AS uuid[]), CAST({buckets} AS int[]), CAST({sales} AS jsonb),
                        {alone})
"""
_NAMES = ("register", "outlet", "ids", "buckets", "sales", "alone")
_IN_SESSION = text(_RECORD.format(**{name: f":{name}" for name in _NAMES}))
_ALONE = _RECORD.format(**{name: f"%({name})s" for name in _NAMES})


@dataclass(frozen=True, slots=True)
class Till:
    """The register that sends, the outlet that its device names, and what its clocks say."""

    register: str
    outlet: str
    sending: Sending


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one sale: recorded, duplicate or conflict, and the codes of its open work items."""

    status: str
    work_items: list[str]


def record(session: Session, *, at: Till, sales: Sequence[Mapping[str, Any]]) -> list[Recorded]:
    """Record sales that happened, in order; nothing about them is refused. The same again is a duplicate.

    Raises WrongOutlet.
    """
    batch = _Batch(at, sales)
    done = session.execute(_IN_SESSION, batch.values(alone=False)).all()
    if not done:
        raise WrongOutlet
    if waited_for := [one for one, row in zip(batch.ids, done, strict=True) if row.waited_for]:
        returns.judge(session, waited_for)
    return batch.results(done)


def record_alone(database: Database, *, at: Till, sales: Sequence[Mapping[str, Any]]) -> list[Recorded] | None:
    """Record sales by one statement, if that is all there is to do; None (and nothing is done) when it is not."""
    batch = _Batch(at, sales)
    done = database.call(_ALONE, batch.values(alone=True))
    return batch.results(done) if done else None


class _Batch:
    """Sales as the database takes them: the first of each id, with the hash that tells whether another is the same."""

    def __init__(self, at: Till, sales: Sequence[Mapping[str, Any]]) -> None:
        self.at, self.sales = at, sales
        self.hashes = [content_hash(sale) for sale in sales]
        self.first = {sale["id"]: index for index, sale in reversed(list(enumerate(sales)))}
        self.order = sorted(self.first.values())
        self.ids: list[UUID] = [sales[index]["id"] for index in self.order]

    def values(self, *, alone: bool) -> dict[str, Any]:
        """The parameters of `record_sales`."""
        rows = [_row(self.at, self.sales[index], self.hashes[index]) for index in self.order]
        rows.sort(key=lambda row: row["register_no"])  # each happened after the one before it
        values = {"register": self.at.register, "outlet": self.at.outlet}
        values |= {"ids": _array(self.ids), "buckets": _array(buckets(self.ids))}
        return values | {"sales": _JSON.encode(rows).decode(), "alone": alone}

    def results(self, done: Sequence[Any]) -> list[Recorded]:
        """What became of each sale, from the rows that `record_sales` answers for the ids."""
        known = dict(zip(self.ids, done, strict=True))
        return [
            Recorded(self._status(index, known[sale["id"]]), known[sale["id"]].work_items)
            for index, sale in enumerate(self.sales)
        ]

    def _status(self, index: int, row: Any) -> str:
        leader = self.first[self.sales[index]["id"]]
        if row.is_new and leader == index:
            return "recorded"
        before = (self.hashes[leader], self.at.register) if row.is_new else (row.content_hash, row.by_register)
        return "duplicate" if before == (self.hashes[index], self.at.register) else "conflict"


def _array(values: Iterable[object]) -> str:
    """An array as PostgreSQL reads it. (To find out what a list holds costs psycopg a tenth of the request.)"""
    return "{" + ",".join(map(str, values)) + "}"


def _row(at: Till, sale: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    return at.sending.told(sale.get("device_clock")) | {
        "id": sale["id"],
        "register_no": sale["register_no"],
        "shift_id": sale["shift_id"],
        "sold_at": sale["sold_at"],
        "total": sale["total"],
        "sums_ok": sums_agree(sale),
        "content_hash": content.hex(),
        "payments": sale["payments"],
        "reasons": {str(line["id"]): why for line in sale["lines"] if (why := line.get("discount_reason"))},
        "event": outbox.rows(_event(at, sale))[0],
    }


def sums_agree(sale: Mapping[str, Any]) -> bool:
    """Whether each amount is what its line says, and the total is their sum and what was paid."""
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
