"""What the journeys of staff need: people with tokens, outputs, lots and consignments of their own, by the API."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

from uuid_utils.compat import uuid7

from services.system.demo.api import Person, Refused
from shared.clock import business_day, now
from shared.jsontext import instant
from shared.local.running import Running
from tests.waiting import until

WORKSHOP, OUTLET, SKU = "WS-RTI", "OUT-DKR", "RTI-001"


class Goods:
    """One running system and the people around it."""

    def __init__(self, system: Running) -> None:
        self.staff = Person(system.url, "staff")
        self.instructor = Person(system.url, "instructor")
        self.terminal = Person(system.url, "terminal", {"workshop": WORKSHOP})
        self.shop = Person(system.url, "register", {"outlet": OUTLET, "register": f"{OUTLET}-1"})
        self.skill = next(
            one["required_skill"]
            for one in self.staff.get("/inventory/v1/products", limit=1000)["items"]
            if one["sku"] == SKU
        )

    def maker(self, name: str, *, skilled: bool) -> str:
        """A resident; with `skilled` one that inventory knows to hold the bakery's skill."""
        ref = str(self.instructor.post("/training/v1/residents", {"name": name})["worker_ref"])
        if skilled:
            today = business_day(now())
            certificate = {
                "worker_ref": ref,
                "skill": self.skill,
                "kind": "competency",
                "number": f"T-{ref}",
                "issuer": "BLK Makassar",
                "valid_from": (today - timedelta(days=1)).isoformat(),
                "valid_until": (today + timedelta(days=365)).isoformat(),
            }
            self.instructor.put(f"/training/v1/certificates/{uuid7()}", certificate)
            query = {"sku": SKU, "worker_ref": ref}
            path = f"/inventory/v1/workshops/{WORKSHOP}/eligibility"
            until("skill known", lambda: bool(self.staff.get(path, **query)["eligible"]))
        return ref

    def propose(self, makers: list[str], good: int, rejected: int = 0, sku: str = SKU, **changes: Any) -> str:
        """An output as the terminal proposes it; its id."""
        share, rest = divmod(10_000, len(makers))
        shares = [share + (rest if index == 0 else 0) for index in range(len(makers))]
        item = {
            "id": str(uuid7()),
            "workshop": WORKSHOP,
            "sku": sku,
            "good": good,
            "rejected": rejected,
            "made_at": instant(now()),
            "recorded_at": instant(now()),
            "makers": [{"worker_ref": ref, "share_bp": bp} for ref, bp in zip(makers, shares, strict=True)],
        } | changes
        results = self.terminal.post("/inventory/v1/outputs", {"outputs": [item]})["results"]
        assert results[0]["status"] == "proposed", results
        return str(item["id"])

    def lot(self, makers: list[str], good: int) -> str:
        """A lot on the workshop's shelf."""
        output = self.propose(makers, good)
        answer = self.staff.post(f"/inventory/v1/outputs/{output}/acceptance", {"good": good, "rejected": 0})
        return str(answer["lot"])

    def receive(self, consignment: str, lot: str, good: int, damaged: int = 0, *, ahead: int = 0) -> None:
        """The shop counts what arrived; its clock may run so many hours ahead."""
        lines = [{"sku": SKU, "lot": lot, "good": good, "damaged": damaged}]
        body = {"id": str(uuid7()), "received_at": instant(now() + timedelta(hours=ahead)), "lines": lines}
        self.shop.post(f"/inventory/v1/consignments/{consignment}/receipts", body)

    def sell(self, lot: str, quantity: int) -> None:
        """The shop sells, and inventory has heard of it."""
        before = self.on_hand(lot)
        shift, register = str(uuid7()), f"{OUTLET}-1"
        last = self.shop.get(f"/sales/v1/registers/{register}/sync")["last_no"]
        opened = {"register": register, "opened_at": instant(now()), "opening_float": 0, "cashier": "kasir-1"}
        with contextlib.suppress(Refused):  # an earlier test's shift is still open: sales count all the same
            self.shop.put(f"/sales/v1/shifts/{shift}", opened)
        amount = quantity * 5000
        line = {"id": str(uuid7()), "sku": SKU, "lot": lot, "quantity": quantity, "unit_price": 5000, "discount": 0}
        sale = {
            "id": str(uuid7()),
            "register_no": last + 1,
            "shift_id": shift,
            "sold_at": instant(now()),
            "lines": [line | {"amount": amount}],
            "payments": [{"id": str(uuid7()), "kind": "cash", "amount": amount, "reference": None}],
            "total": amount,
        }
        self.shop.post(f"/sales/v1/registers/{register}/sales", {"sales": [sale]})
        until("the sale in inventory", lambda: self.on_hand(lot) == before - quantity)

    def on_hand(self, lot: str, location: str = OUTLET) -> int:
        """How many of a lot are at a place."""
        items = self.staff.get("/inventory/v1/stock", lot=lot, location=location)["items"]
        return sum(int(item["on_hand"]) for item in items)
