"""Inventory as its people and the other services reach it: tokens, calls, events; and what must always be true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.inventory.app import create_app
from services.inventory.handlers import consumer
from shared import jsontext
from shared.auth import issue
from shared.db import Database
from shared.events import Event
from shared.events.sales import ReturnedLine, SaleRecorded, SaleReturned, SoldLine
from shared.events.training import SkillGranted
from shared.messaging.apply import Outcome, apply
from shared.messaging.batch import Batch, cloud_event

WORKSHOP, OUTLET, SKU, SKILL, MAKER = "WS-RTI", "OUT-DKR", "RTI-001", "bakery-dasar", "wmaker001"
MADE_AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
EPOCHS = {"sales": UUID(int=1), "training": UUID(int=2)}


@dataclass(frozen=True)
class Answer:
    """A status and its JSON."""

    status: int
    body: Any


class Person:
    """Somebody with a token."""

    def __init__(self, app: Flask, role: str, name: str, **scope: str) -> None:
        self.app = app
        token = issue(role=role, subject=name, lifetime=timedelta(hours=1), **scope)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """Paths are below `/inventory/v1`."""
        data = None if body is None else jsontext.dumps(body)
        client = self.app.test_client()
        got = client.open(f"/inventory/v1{path}", method=method, headers=self.headers, data=data, query_string=query)
        return Answer(got.status_code, jsontext.loads(got.data) if got.is_json or "json" in got.content_type else None)

    def get(self, path: str, **query: Any) -> Any:
        """The body of a 200."""
        answer = self.call("GET", path, **query)
        assert answer.status == 200, answer
        return answer.body

    def post(self, path: str, body: Any = None) -> Answer:
        return self.call("POST", path, body if body is not None else {})

    def put(self, path: str, body: Any) -> Answer:
        return self.call("PUT", path, body)


@dataclass
class Goods:
    """One inventory, its people, and the logs of the services that it listens to."""

    database: Database
    heads: dict[str, int] = field(default_factory=lambda: {"sales": 0, "training": 0})

    def __post_init__(self) -> None:
        self.app = create_app(self.database)
        self.staff = self.person("staff", "staff-1")
        self.second = self.person("staff", "staff-2")
        self.terminal = self.person("terminal", "terminal-1", workshop=WORKSHOP)
        self.register = self.person("register", "register-1", outlet=OUTLET, register=f"{OUTLET}-1")
        self.manager = self.person("outlet", "manager-1", outlet=OUTLET)
        self.auditor = self.person("auditor", "auditor-1")

    def person(self, role: str, name: str, **scope: str) -> Person:
        return Person(self.app, role, name, **scope)

    def begin(self) -> Goods:
        """A workshop, a product that keeps five days, and a maker who may make it."""
        assert self.staff.put(f"/workshops/{WORKSHOP}", {"name": "Roti"}).status == 201
        assert self.staff.put(f"/products/{SKU}", product()).status == 201
        self.hear(granted())
        return self

    # -- events ------------------------------------------------------------------------------------------------

    def batch(self, *events: Event) -> Batch:
        """The next sequences of the log of the (one) service that announces these events."""
        source = events[0].SOURCE
        lo = self.heads[source] + 1
        self.heads[source] += len(events)
        types = consumer.types_from(source)
        wire = tuple(_wire(source, lo + index, event) for index, event in enumerate(events))
        return Batch(source, EPOCHS[source], lo, lo + len(events), types, wire)

    def hear(self, *events: Event) -> Outcome:
        """Events arrive, through the event plane."""
        return apply(self.database, consumer, self.batch(*events))

    # -- facts -------------------------------------------------------------------------------------------------

    def propose(self, **changes: Any) -> dict[str, Any]:
        """The result of proposing one output."""
        answer = self.terminal.post("/outputs", {"outputs": [output(**changes)]})
        assert answer.status == 200, answer
        return dict(answer.body["results"][0])

    def lot(self, good: Any = 100, rejected: Any = 0) -> str:
        """A lot on the workshop's shelf."""
        item = output(good=good, rejected=rejected)
        self.terminal.post("/outputs", {"outputs": [item]})
        accepted = self.staff.post(f"/outputs/{item['id']}/acceptance", {"good": good, "rejected": rejected})
        assert accepted.status == 200, accepted
        return str(accepted.body["lot"])

    def draft(self, lot: str | None, quantity: Any, *, origin: str = WORKSHOP, to: str = OUTLET) -> str:
        """A delivery note of one line; its id."""
        note = {"id": str(uuid7()), "from": origin, "outlet": to}
        lines = [{"sku": SKU, "lot": lot, "quantity": quantity}]
        answer = self.staff.post("/consignments", note | {"lines": lines})
        assert answer.status in {200, 201}, answer
        return note["id"]

    def dispatch(self, consignment: str) -> Answer:
        return self.staff.post(f"/consignments/{consignment}/dispatch")

    def receive(self, consignment: str, lot: str | None, good: Any, damaged: Any = 0, **changes: Any) -> Answer:
        """The register counts one line."""
        lines = [{"sku": SKU, "lot": lot, "good": good, "damaged": damaged}]
        body = {"id": str(uuid7()), "received_at": "2026-03-03T01:00:00Z", "lines": lines} | changes
        return self.register.post(f"/consignments/{consignment}/receipts", body)

    def at_outlet(self, good: int = 100) -> str:
        """A lot of which all has arrived at the outlet."""
        lot = self.lot(good)
        consignment = self.draft(lot, good)
        assert self.dispatch(consignment).status == 200
        assert self.receive(consignment, lot, good).status in {200, 201}
        return lot

    # -- what is believed --------------------------------------------------------------------------------------

    def stock(self, lot: str | None = None, sku: str = SKU) -> dict[str, Decimal]:
        """Location → on hand, of a lot or (None) of all lots of the product together."""
        items = self.staff.get("/stock", sku=sku, limit=1000, **({"lot": lot} if lot else {}))["items"]
        found: dict[str, Decimal] = {}
        for item in items:
            found[item["location"]] = found.get(item["location"], Decimal(0)) + Decimal(item["on_hand"])
        return {location: on_hand for location, on_hand in found.items() if on_hand}

    def announced(self, name: str) -> list[dict[str, Any]]:
        """What inventory has announced of one type, oldest first (nobody relays here: it stays in the outbox)."""
        with self.database.transaction() as session:
            rows = session.scalars(
                text("SELECT data FROM outbox WHERE type = :type ORDER BY id"), {"type": f"lapak.inventory.{name}.v1"}
            )
            return list(rows)

    def prove(self) -> None:
        """Each balance is the sum of its moves; no goods appear or vanish; no workshop owes any."""
        with self.database.transaction() as session:
            wrong = session.execute(text(_DRIFT)).all()
            lost = session.execute(text(_LOST)).all()
            owing = session.execute(
                text("SELECT * FROM stock_balance WHERE on_hand < 0 AND location LIKE 'workshop/%'")
            ).all()
        assert (wrong, lost, owing) == ([], [], [])


_DRIFT = """
    SELECT location, sku, lot, coalesce(m.total, 0) AS moved, coalesce(b.on_hand, 0) AS on_hand FROM (
        SELECT location, sku, coalesce(lot, '') AS lot, sum(change) AS total FROM (
            SELECT target AS location, sku, lot, quantity AS change FROM stock_move
            UNION ALL SELECT source, sku, lot, -quantity FROM stock_move) AS ends
        GROUP BY 1, 2, 3) AS m
    FULL JOIN (SELECT location, sku, coalesce(lot, '') AS lot, on_hand FROM stock_balance) AS b
    USING (location, sku, lot) WHERE coalesce(m.total, 0) <> coalesce(b.on_hand, 0)
"""
_LOST = "SELECT sku, lot, sum(on_hand) FROM stock_balance GROUP BY sku, lot HAVING sum(on_hand) <> 0"


def _wire(source: str, seq: int, event: Event) -> Mapping[str, Any]:
    data = jsontext.loads(jsontext.dumps(event.to_data()))
    return cloud_event(
        source=source,
        seq=seq,
        event_id=uuid7(),
        type=event.type_name(),
        subject=event.subject,
        time=datetime.now(UTC),
        traceparent="",
        data=data,
    )


def product(**changes: Any) -> dict[str, Any]:
    """A product as staff put it."""
    return {
        "name": {"id": "Roti manis", "en": "Sweet bun"},
        "workshop": WORKSHOP,
        "category": "roti",
        "unit": "buah",
        "required_skill": SKILL,
        "list_price": 5000,
        "material_cost": 2000,
        "shelf_life_days": 5,
        "active": True,
    } | changes


def output(**changes: Any) -> dict[str, Any]:
    """An output as a terminal proposes it."""
    return {
        "id": str(uuid7()),
        "workshop": WORKSHOP,
        "sku": SKU,
        "good": 100,
        "rejected": 0,
        "made_at": jsontext.instant(MADE_AT),
        "recorded_at": jsontext.instant(MADE_AT),
        "makers": [{"worker_ref": MAKER, "share_bp": 10_000}],
    } | changes


def granted(worker_ref: str = MAKER, reference: str = "c-1", **changes: Any) -> SkillGranted:
    """A certificate for the product's skill, long valid."""
    values: dict[str, Any] = {
        "worker_ref": worker_ref,
        "skill": SKILL,
        "basis": "certificate",
        "reference": reference,
        "valid_from": date(2025, 1, 1),
        "valid_until": None,
        "version": 1,
    }
    return SkillGranted(**(values | changes))


def sold(lines: Iterable[tuple[str | None, Any]], *, outlet: str = OUTLET, sku: str = SKU) -> SaleRecorded:
    """A sale of `(lot, quantity)` lines."""
    parts = tuple(
        SoldLine(line_id=uuid7(), sku=sku, lot=lot, quantity=Decimal(n), unit_price=1, discount=0, amount=1)
        for lot, n in lines
    )
    return SaleRecorded(
        sale_id=uuid7(),
        outlet=outlet,
        register=f"{outlet}-1",
        register_no=1,
        sold_at=MADE_AT + timedelta(days=2),
        lines=parts,
        total=len(parts),
    )


def returned(
    sale: SaleRecorded, lot: str | None, quantity: Any, *, restock: bool, outlet: str = OUTLET
) -> SaleReturned:
    """So many of the sale's first line come back."""
    line = ReturnedLine(
        line_id=sale.lines[0].line_id,
        sku=sale.lines[0].sku,
        lot=lot,
        quantity=Decimal(quantity),
        amount=1,
        reason_code="stale",
        restock=restock,
    )
    moment = MADE_AT + timedelta(days=3)
    return SaleReturned(return_id=uuid7(), sale_id=sale.sale_id, outlet=outlet, returned_at=moment, lines=(line,))
