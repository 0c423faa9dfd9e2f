"""Load: sales as registers post them and as the baseline writes them, sent by 8 clients over persistent connections."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
from uuid_utils.compat import uuid7

from services.system.demo.api import Person, Refused
from shared.auth import issue
from shared.clock import business_day, now
from shared.jsontext import dumps, instant
from tests.waiting import until

CLIENTS = 8
SKU, SKILL, WORKSHOP, PRICE = "BENCH-1", "bench", "WS-BENCH", 5000
LINES = 2
MOST, RECEIPTS = 100_000, 10  # what a line may hold, and how often as much is put on each shelf


@dataclass(frozen=True)
class Rate:
    """So many in so many seconds."""

    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        """The rate."""
        return self.count / self.seconds


def in_parallel(work: Callable[[int], None], clients: int = CLIENTS) -> float:
    """Run `work(client)` in all clients at once; seconds until the last has finished."""
    gate = threading.Barrier(clients + 1)
    failures: list[BaseException] = []

    def run(client: int) -> None:
        gate.wait()
        try:
            work(client)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    gate.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - began


def stock_the_shop(url: str) -> str:
    """Everything that a sale needs to be no oddity: product, lot, plenty on the shelf. The lot's code."""
    staff, instructor = Person(url, "staff", name="bench-1"), Person(url, "instructor")
    terminal = Person(url, "terminal", {"workshop": WORKSHOP})
    ref = instructor.post("/training/v1/residents", {"name": "Bench"})["worker_ref"]
    day = business_day(now()).isoformat()
    certificate = {"worker_ref": ref, "skill": SKILL, "kind": "competency", "number": ref, "issuer": "Bench"}
    instructor.put(f"/training/v1/certificates/{uuid7()}", certificate | {"valid_from": day, "valid_until": None})
    staff.put(f"/inventory/v1/workshops/{WORKSHOP}", {"name": "Bench"})
    product: dict[str, Any] = {"name": {"id": "Bench", "en": "Bench"}, "workshop": WORKSHOP, "category": "bench"}
    product |= {"unit": "buah", "required_skill": SKILL, "list_price": PRICE, "material_cost": 0}
    product |= {"shelf_life_days": None, "active": True}
    staff.put(f"/inventory/v1/products/{SKU}", product)
    output, moment = str(uuid7()), instant(now())
    item = {"id": output, "workshop": WORKSHOP, "sku": SKU, "good": MOST, "rejected": 0, "made_at": moment}
    item |= {"recorded_at": moment, "makers": [{"worker_ref": ref, "share_bp": 10_000}]}
    terminal.post("/inventory/v1/outputs", {"outputs": [item]})
    lot = _accept(staff, output)
    for client in range(CLIENTS):
        _open_a_shop(url, staff, lot, client)
    return lot


def _open_a_shop(url: str, staff: Person, lot: str, client: int) -> None:
    """An outlet with one register, plenty on its shelf, and an open shift."""
    outlet, register, consignment = outlet_of(client), f"BENCH-{client}", str(uuid7())
    line = {"sku": SKU, "lot": lot}
    note = {"id": consignment, "from": WORKSHOP, "outlet": outlet, "lines": [line | {"quantity": MOST // CLIENTS}]}
    staff.post("/inventory/v1/consignments", note)
    staff.post(f"/inventory/v1/consignments/{consignment}/dispatch")
    device = Person(url, "register", {"outlet": outlet, "register": register})
    for _ in range(RECEIPTS):  # a surplus is counted, too
        count = {"id": str(uuid7()), "received_at": instant(now()), "lines": [line | {"good": MOST, "damaged": 0}]}
        device.post(f"/inventory/v1/consignments/{consignment}/receipts", count)
    until("stock", lambda: any(i["lots"] for i in device.get("/sales/v1/catalogue", outlet=outlet)["items"]))
    opened = {"register": register, "opened_at": instant(now()), "opening_float": 0, "cashier": "bench"}
    device.put(f"/sales/v1/shifts/{shift_of(client)}", opened)


def outlet_of(client: int) -> str:
    """The outlet of a client's register: eight shops, as in a city."""
    return f"SHOP-{client}"


def _accept(staff: Person, output: str) -> str:
    answers: list[Any] = []

    def accepted() -> bool:
        try:
            answers.append(staff.post(f"/inventory/v1/outputs/{output}/acceptance", {"good": MOST, "rejected": 0}))
        except Refused as refused:
            if refused.body.get("code") == "skill-missing":
                return False
            raise
        return True

    until("skill", accepted)
    return str(answers[0]["lot"])


def shift_of(client: int) -> str:
    """The shift of a client's register."""
    return f"00000000-0000-7000-8000-{client:012d}"


class Till:
    """One register over one persistent connection."""

    def __init__(self, url: str, client: int, lot: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self.client, self.lot, self.number = client, lot, int(time.time() * 1000) % 10**9 * 1000
        code = f"BENCH-{client}"
        token = issue(role="register", outlet=outlet_of(client), register=code, lifetime=timedelta(hours=2))
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.path = f"/sales/v1/registers/{code}/sales"

    def sale(self) -> dict[str, Any]:
        """The next sale, of two lines."""
        self.number += 1
        line = {"sku": SKU, "lot": self.lot, "quantity": 1, "unit_price": PRICE, "discount": 0, "amount": PRICE}
        total = LINES * PRICE
        return {
            "id": str(uuid7()),
            "register_no": self.number,
            "shift_id": shift_of(self.client),
            "sold_at": instant(now()),
            "lines": [{"id": str(uuid7()), **line} for _ in range(LINES)],
            "payments": [{"id": str(uuid7()), "kind": "cash", "amount": total, "reference": None}],
            "total": total,
        }

    def body(self, size: int) -> bytes:
        """A batch, as it travels."""
        return dumps({"sales": [self.sale() for _ in range(size)]}).encode()

    def post(self, body: bytes) -> None:
        """Send a batch; every sale in it must be recorded without oddities."""
        self.connection.request("POST", self.path, body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200 or text.count(b'"status":"recorded","work_items":[]') < 1 or b"conflict" in text:
            raise AssertionError(f"{answer.status}: {text[:500]!r}")


def post_sales(tills: Sequence[Till], *, each: int, size: int) -> Rate:
    """Every client posts `each` batches of `size` sales; bodies are made beforehand."""
    bodies = [[till.body(size) for _ in range(each)] for till in tills]

    def work(client: int) -> None:
        for body in bodies[client]:
            tills[client].post(body)

    seconds = in_parallel(work, len(tills))
    return Rate(len(tills) * each * size, seconds)


def rows_of(sales: Sequence[dict[str, Any]], client: int) -> str:
    """The rows of these sales, as the baseline's function takes them."""
    moment = instant(now())
    day = business_day(now()).isoformat()
    own: dict[str, Any] = {"register": f"BENCH-{client}", "outlet": outlet_of(client), "received_at": moment}
    own["effective_at"] = moment
    own |= {"business_day": day, "drift": None, "sums_ok": True, "content_hash": "\\x" + "ab" * 32}
    event = {
        "type": "lapak.sales.SaleRecorded.v1",
        "time": moment,
        "traceparent": "00-" + "1" * 32 + "-" + "1" * 16 + "-01",
    }
    return dumps(
        {
            "sales": [sale | own for sale in sales],
            "lines": [line | {"sale_id": sale["id"]} for sale in sales for line in sale["lines"]],
            "payments": [
                part | {"sale_id": sale["id"], "shift_id": sale["shift_id"]}
                for sale in sales
                for part in sale["payments"]
            ],
            "stock": [
                {"outlet": outlet_of(client), "sku": line["sku"], "lot": line["lot"], "on_hand": -1}
                for sale in sales
                for line in sale["lines"]
            ],
            "outbox": [event | {"event_id": str(uuid7()), "subject": sale["id"], "data": sale} for sale in sales],
        }
    )


def write_rows(url: str, tills: Sequence[Till], *, each: int, size: int) -> Rate:
    """The baseline: every client calls the function `each` times with `size` sales."""
    calls = [[rows_of([till.sale() for _ in range(size)], till.client) for _ in range(each)] for till in tills]
    connections = [psycopg.connect(url, autocommit=True, options="-c synchronous_commit=on") for _ in tills]

    def work(client: int) -> None:
        for call in calls[client]:
            connections[client].execute("SELECT baseline.record_sales(%s::jsonb)", (call,))

    seconds = in_parallel(work, len(tills))
    for connection in connections:
        connection.close()
    return Rate(len(tills) * each * size, seconds)
