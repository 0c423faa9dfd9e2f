"""What the journeys of receiving share: an outlet of the test's own, lots on the shelf, consignments on their way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect
from uuid_utils.compat import uuid7

from services.system.demo.api import Person
from shared.clock import now
from shared.jsontext import instant
from shared.local.running import Running
from tests.browser.terminals import SKU, WORKSHOP, by_hand, pair


@dataclass
class Shop:
    """An outlet of the test's own, and lots on the workshop's shelf."""

    system: Running
    ref: str
    outlet: str = field(default_factory=lambda: f"OUT-{uuid7().hex[-6:].upper()}")

    def __post_init__(self) -> None:
        self.staff, self.city = Person(self.system.url, "staff"), Person(self.system.url, "city")
        self.terminal = Person(self.system.url, "terminal", {"workshop": WORKSHOP})
        self.city.put(f"/sales/v1/outlets/{self.outlet}", {"name": "Gerai uji", "kind": "permanent"})
        self.city.put(f"/sales/v1/registers/{self.register}", {"outlet": self.outlet, "name": "Kasir 1"})
        scope = {"outlet": self.outlet, "register": self.register}
        self.person = Person(self.system.url, "register", scope)

    @property
    def register(self) -> str:
        return f"{self.outlet}-1"

    def lot(self, good: int = 100, sku: str = SKU) -> str:
        """A lot on the shelf whose number begins with a letter (see test_typed for those that begin with a figure)."""
        while True:
            item: dict[str, Any] = {"id": str(uuid7()), "workshop": WORKSHOP, "sku": sku, "good": good, "rejected": 0}
            item |= {"made_at": instant(now()), "recorded_at": instant(now())}
            item["makers"] = [{"worker_ref": self.ref, "share_bp": 10_000}]
            self.terminal.post("/inventory/v1/outputs", {"outputs": [item]})
            path = f"/inventory/v1/outputs/{item['id']}/acceptance"
            lot = str(self.staff.post(path, {"good": good, "rejected": 0})["lot"])
            if lot[0].isalpha():
                return lot

    def send(self, *lines: tuple[str, int]) -> str:
        """A consignment of (lot, quantity) that was dispatched; its id."""
        note = {"id": str(uuid7()), "from": WORKSHOP, "outlet": self.outlet}
        goods = [{"sku": SKU, "lot": lot, "quantity": quantity} for lot, quantity in lines]
        self.staff.post("/inventory/v1/consignments", note | {"lines": goods})
        self.staff.post(f"/inventory/v1/consignments/{note['id']}/dispatch")
        return note["id"]

    def receipts(self, note: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.staff.get(f"/inventory/v1/consignments/{note}/receipts")["items"]
        return items

    def counted(self, note: str) -> list[tuple[str, Any, Any]]:
        """(lot, good, damaged) of the only receipt."""
        (receipt,) = self.receipts(note)
        return sorted((line["lot"], line["good"], line["damaged"]) for line in receipt["lines"])

    def count(self, page: Page, pieces: int) -> None:
        """Count the only line of the only delivery, up to the signature."""
        page.get_by_role("button", name="Hitung", exact=True).click()
        by_hand(page, str(pieces))
        page.get_by_role("button", name="Selesai menghitung").click()
        page.get_by_label("Kode kasir").fill("ksr-07")

    def open(self, page: Page) -> Page:
        """Pair the register, then go to receiving; until the service worker keeps it."""
        pair(page, self.system, "/sales/register/", role="register", outlet=self.outlet, register=self.register)
        expect(page.get_by_role("heading", name="Pasangkan perangkat ini")).to_have_count(0)
        page.goto("/inventory/receiving/")
        expect(page.get_by_role("heading", name="Penerimaan barang")).to_be_visible()
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        return page
