"""Sales as its people and inventory's events reach it: registers, the outlet's manager, the city."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.sales.app import create_app
from services.sales.handlers import consumer
from services.sales.state import state_hash
from shared import jsontext
from shared.auth import issue
from shared.db import Database
from shared.events import Event
from shared.events.base import BilingualName
from shared.events.inventory import ConsignmentReceived, LotCreated, LotRecalled, ProductPublished, ReceivedLine
from shared.messaging.apply import Outcome, apply
from shared.messaging.batch import Batch, cloud_event

OUTLET, REGISTER, SKU, LOT = "OUT-DKR", "OUT-DKR-1", "RTI-001", "LOTLOTLOT1"
PRICE = 5000
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Makassar
SHIFT = UUID(int=77)


@dataclass(frozen=True)
class Answer:
    """A status and its JSON."""

    status: int
    body: Any


class Person:
    """Somebody with a token; paths are below `/sales/v1`."""

    def __init__(self, app: Flask, role: str, **scope: str) -> None:
        self.app = app
        token = issue(role=role, lifetime=timedelta(hours=1), **scope)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """One request."""
        # Half a surrogate pair travels as an escape.
        data = None if body is None else jsontext.dumps(body).encode("utf-8", "backslashreplace")
        got = self.app.test_client().open(
            f"/sales/v1{path}", method=method, headers=self.headers | (headers or {}), data=data
        )
        return Answer(got.status_code, jsontext.loads(got.data) if got.data else None)

    def get(self, path: str) -> Any:
        """The body of a 200."""
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.body


@dataclass
class Shop:
    """One sales service, its people, and inventory's log."""

    database: Database
    head: int = 0
    numbers: int = 0
    epoch: UUID = field(default=UUID(int=9))

    def __post_init__(self) -> None:
        self.app = create_app(self.database)
        self.register = self.till(REGISTER)
        self.manager = Person(self.app, "outlet", outlet=OUTLET)
        self.city = Person(self.app, "city")

    def till(self, code: str, outlet: str = OUTLET) -> Person:
        """A register's device."""
        return Person(self.app, "register", outlet=outlet, register=code)

    def begin(self) -> Shop:
        """A product, a lot of which 100 are on the shelf, and an open shift."""
        self.hear(published(), created(), received(100))
        self.open_shift()
        return self

    def open_shift(self, shift_id: UUID = SHIFT, register: str = REGISTER, **changes: Any) -> Answer:
        """A cashier takes over, an hour before noon, with 100,000 in the drawer."""
        body = {"register": register, "opened_at": _z(NOON - timedelta(hours=1)), "opening_float": 100_000}
        return self.till(register).call("PUT", f"/shifts/{shift_id}", body | {"cashier": "kasir-1"} | changes)

    def close_shift(self, cash: int, closed_at: datetime = NOON + timedelta(hours=8)) -> Answer:
        """The blind count."""
        body = {"closed_at": _z(closed_at), "counted": {"cash": cash}}
        return self.register.call("POST", f"/shifts/{SHIFT}/close", body)

    def hear(self, *events: Event) -> Outcome:
        """Inventory's next events arrive, through the event plane."""
        lo, self.head = self.head + 1, self.head + len(events)
        wire = tuple(_wire(lo + index, event) for index, event in enumerate(events))
        batch = Batch("inventory", self.epoch, lo, self.head + 1, consumer.types_from("inventory"), wire)
        return apply(self.database, consumer, batch)

    def sale(self, quantity: Any = 1, **changes: Any) -> dict[str, Any]:
        """A sale of one line, paid in cash, with the next number."""
        self.numbers += 1
        return sale(quantity, register_no=self.numbers, **changes)

    def post(self, *sales: Any, code: str = REGISTER, **envelope: Any) -> list[dict[str, Any]]:
        """The results of posting sales."""
        answer = self.till(code).call("POST", f"/registers/{code}/sales", {"sales": list(sales), **envelope})
        assert answer.status == 200, answer
        return list(answer.body["results"])

    def give_back(self, *returns: Any, code: str = REGISTER) -> list[dict[str, Any]]:
        """The results of posting returns."""
        answer = self.till(code).call("POST", f"/registers/{code}/returns", {"returns": list(returns)})
        assert answer.status == 200, answer
        return list(answer.body["results"])

    def open_items(self) -> set[str]:
        """The codes of the open work items."""
        return {item["code"] for item in self.manager.get("/work-items?state=open&limit=1000")["items"]}

    def shelf(self, lot: str | None = LOT, sku: str = SKU) -> Decimal:
        """What sales believe to be on the shelf."""
        statement = text(
            "SELECT on_hand FROM outlet_stock WHERE outlet = :o AND sku = :s AND lot IS NOT DISTINCT FROM :l"
        )
        with self.database.transaction() as session:
            return session.scalar(statement, {"o": OUTLET, "s": sku, "l": lot}) or Decimal(0)

    def announced(self, name: str) -> list[dict[str, Any]]:
        """What sales have announced of one type, oldest first."""
        statement = text("SELECT data FROM outbox WHERE type = :type ORDER BY id")
        with self.database.transaction() as session:
            return list(session.scalars(statement, {"type": f"lapak.sales.{name}.v1"}))

    def hash(self) -> str:
        """The state hash."""
        with self.database.transaction() as session:
            return state_hash(session)


def _z(moment: datetime) -> str:
    return jsontext.instant(moment)


def _wire(seq: int, event: Event) -> dict[str, Any]:
    data = jsontext.loads(jsontext.dumps(event.to_data()))
    return cloud_event(
        source="inventory",
        seq=seq,
        event_id=uuid7(),
        type=event.type_name(),
        subject=event.subject,
        time=datetime.now(UTC),
        traceparent="",
        data=data,
    )


def line(quantity: Any = 1, **changes: Any) -> dict[str, Any]:
    """A sold line at the list price."""
    values = {"id": str(uuid7()), "sku": SKU, "lot": LOT, "quantity": quantity, "unit_price": PRICE, "discount": 0}
    return values | {"amount": int(Decimal(str(quantity)) * PRICE)} | changes


def sale(quantity: Any = 1, *, lines: Sequence[Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A sale as a register posts it, paid in cash."""
    lines = lines or [line(quantity)]
    total = sum(one["amount"] for one in lines)
    cash = {"id": str(uuid7()), "kind": "cash", "amount": total, "reference": None}
    return {
        "id": str(uuid7()),
        "register_no": 1,
        "shift_id": str(SHIFT),
        "sold_at": _z(NOON),
        "lines": list(lines),
        "payments": [cash],
        "total": total,
    } | changes


def returned(sold: dict[str, Any], quantity: Any, **changes: Any) -> dict[str, Any]:
    """So many of the first line come back, money refunded in cash."""
    first = sold["lines"][0]
    amount = int(Decimal(str(quantity)) * PRICE)
    back = {
        "id": str(uuid7()),
        "line_id": first["id"],
        "sku": first["sku"],
        "lot": first["lot"],
        "quantity": quantity,
        "amount": amount,
        "reason_code": "stale",
        "restock": False,
    }
    return {
        "id": str(uuid7()),
        "sale_id": sold["id"],
        "returned_at": _z(NOON + timedelta(hours=1)),
        "lines": [back],
        "refund": {"kind": "cash", "amount": amount},
    } | changes


def published(version: int = 1, **changes: Any) -> ProductPublished:
    """The product."""
    values: dict[str, Any] = {
        "sku": SKU,
        "version": version,
        "name": BilingualName(id="Roti cokelat", en="Chocolate bun"),
        "workshop": "WS-RTI",
        "category": "roti",
        "unit": "buah",
        "list_price": PRICE,
        "material_cost": 2000,
        "shelf_life_days": 4,
        "active": True,
    }
    return ProductPublished(**(values | changes))


def created(lot: str = LOT, expires_on: date | None = date(2026, 3, 6)) -> LotCreated:
    """A lot, made on the day before."""
    return LotCreated(lot=lot, sku=SKU, workshop="WS-RTI", made_on=date(2026, 3, 1), expires_on=expires_on)


def received(good: int, lot: str = LOT) -> ConsignmentReceived:
    """So many have arrived at the outlet."""
    lines = (ReceivedLine(sku=SKU, lot=lot, good=Decimal(good)),)
    return ConsignmentReceived(
        receipt_id=uuid7(), consignment_id=uuid7(), outlet=OUTLET, lines=lines, received_at=NOON - timedelta(hours=4)
    )


def recalled(at: datetime, lot: str = LOT) -> LotRecalled:
    """The lot is recalled from a moment on."""
    return LotRecalled(lot=lot, sku=SKU, reason_code="foreign-body", recalled_at=at)
