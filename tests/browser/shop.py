"""A shop of a test's own: outlet and register, goods on its shelf, and a browser that is its register."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect
from uuid_utils.compat import uuid7

from services.system.demo.api import Person, Refused
from shared.clock import business_day, now
from shared.jsontext import instant
from shared.local.running import Running
from tests.waiting import until

BREAD, SHIRT = "RTI-001", "GRM-001"
WORKSHOPS = {BREAD: ("WS-RTI", "bakery-dasar"), SHIRT: ("WS-GRM", "menjahit-dasar")}


@dataclass
class Shop:
    """`outlet` with one register `outlet-1`; what it sells is Rp 5,000 bread (RTI-001) and shirts (GRM-001)."""

    system: Running
    outlet: str

    @property
    def register(self) -> str:
        """The code of its register."""
        return f"{self.outlet}-1"

    def till(self) -> Person:
        """The register as a program."""
        return Person(self.system.url, "register", {"outlet": self.outlet, "register": self.register})

    def code(self) -> str:
        """A pairing code from the command line."""
        done = self.system.run("pair", "--register", self.register)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    def catalogue(self) -> dict[str, Any]:
        """What the server says that it can sell, by sku."""
        items = self.till().get("/sales/v1/catalogue", outlet=self.outlet)["items"]
        return {item["sku"]: item for item in items}

    def sales(self) -> list[dict[str, Any]]:
        """What the server has of the register, by number."""
        found = self.till().get("/sales/v1/sales", register=self.register, limit=1000)["items"]
        return sorted(found, key=lambda sale: int(sale["register_no"]))

    def work_items(self, sale_id: str) -> list[dict[str, Any]]:
        """What is odd about a sale."""
        city = Person(self.system.url, "city")
        found = city.get("/sales/v1/work-items", outlet=self.outlet, state="open", limit=1000)["items"]
        return [item for item in found if item["sale_id"] == sale_id]

    def sync(self) -> dict[str, Any]:
        """What the server misses of the register."""
        found: dict[str, Any] = self.till().get(f"/sales/v1/registers/{self.register}/sync")
        return found

    def deliver(self, sku: str, quantity: int, *, made_days_ago: int = 0) -> str:
        """Goods from a certified maker onto the shelf; the lot's code."""
        workshop, skill = WORKSHOPS[sku]
        made = now() - timedelta(days=made_days_ago)
        maker = self._maker(skill)
        staff, gate = Person(self.system.url, "staff"), Person(self.system.url, "staff")
        output, draft = str(uuid7()), str(uuid7())
        item = {"id": output, "workshop": workshop, "sku": sku, "good": quantity, "rejected": 0}
        item |= {"made_at": instant(made), "recorded_at": instant(now())}
        makers = [{"worker_ref": maker, "share_bp": 10_000}]
        terminal = Person(self.system.url, "terminal", {"workshop": workshop})
        terminal.post("/inventory/v1/outputs", {"outputs": [item | {"makers": makers}]})
        lots: list[str] = []

        def accepted() -> bool:
            try:
                lots.append(
                    staff.post(f"/inventory/v1/outputs/{output}/acceptance", {"good": quantity, "rejected": 0})["lot"]
                )
            except Refused as refused:
                if refused.body.get("code") != "skill-missing":
                    raise
            return bool(lots)

        until("the skill is known", accepted)
        lines = [{"sku": sku, "lot": lots[0], "quantity": quantity}]
        gate.post("/inventory/v1/consignments", {"id": draft, "from": workshop, "outlet": self.outlet, "lines": lines})
        gate.post(f"/inventory/v1/consignments/{draft}/dispatch")
        counted = [{"sku": sku, "lot": lots[0], "good": quantity, "damaged": 0}]
        receipt = {"id": str(uuid7()), "received_at": instant(now()), "lines": counted}
        self.till().post(f"/inventory/v1/consignments/{draft}/receipts", receipt)
        until("it can be sold", lambda: lots[0] in {lot["lot"] for lot in self.catalogue()[sku]["lots"]})
        return lots[0]

    def _maker(self, skill: str) -> str:
        instructor = Person(self.system.url, "instructor")
        ref = str(instructor.post("/training/v1/residents", {"name": "Warga"})["worker_ref"])
        day = (business_day(now()) - timedelta(days=60)).isoformat()
        body = {"worker_ref": ref, "skill": skill, "kind": "competency", "number": ref, "issuer": "BLK"}
        instructor.put(f"/training/v1/certificates/{uuid7()}", body | {"valid_from": day, "valid_until": None})
        return ref


def new_shop(system: Running) -> Shop:
    """An outlet of this test's own."""
    shop = Shop(system, f"OUT-{uuid7().hex[-8:].upper()}")
    city = Person(system.url, "city")
    city.put(f"/sales/v1/outlets/{shop.outlet}", {"name": f"Gerai {shop.outlet}", "kind": "permanent"})
    city.put(f"/sales/v1/registers/{shop.register}", {"outlet": shop.outlet, "name": "Kasir 1"})
    return shop


def last_receipt(page: Page, receipt: str) -> None:
    """Type the number on the paper, and that no refund is missing."""
    page.locator("[name=last-receipt]").fill(receipt)
    page.keyboard.press("Enter")
    page.locator("[data-refunds=none]").click()


def pair(page: Page, shop: Shop, receipt: str | None = None) -> None:
    """Open the register, enter a code, and the number of the last paper receipt; None: there is no paper."""
    page.goto("/sales/register/")
    enter_code(page, shop)
    if receipt is None:
        page.locator("[data-none]").click()
    else:
        last_receipt(page, receipt)
    expect(page.get_by_role("heading", name=re.compile("Buka kasir|Open the shift"))).to_be_visible()


def enter_code(page: Page, shop: Shop) -> None:
    """Enter a code; the register asks for the last paper receipt."""
    page.get_by_label(re.compile("^(Kode|Code)$")).fill(shop.code())
    page.keyboard.press("Enter")
    expect(page.locator("[name=last-receipt]")).to_be_focused()


def sign_out(page: Page) -> None:
    """Say that this device is the register no more."""
    page.locator(".badge.state").click()
    page.get_by_role("button", name="Lepas perangkat").click()
    page.get_by_role("button", name="Ya").click()
    expect(page.get_by_label("Kode", exact=True)).to_be_visible()  # not yet that of a cashier


def open_shift(page: Page, *, cashier: str = "kasir-1", float_: int = 200_000) -> None:
    """Open a shift by keyboard."""
    page.get_by_label(re.compile("Kode kasir|Cashier's code")).fill(cashier)
    page.keyboard.press("Tab")
    page.keyboard.type(str(float_))
    page.keyboard.press("Enter")
    expect(search(page)).to_be_focused()
    expect(page.locator("[data-sku]").first).to_be_attached()  # what can be sold has come by then, too


def search(page: Page) -> Any:
    """The field that is scanned into."""
    return page.get_by_role("searchbox")


def scan(page: Page, code: str) -> None:
    """As a USB scanner does: quickly, and Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def scan_twice(page: Page, code: str) -> None:
    """The same again as soon as the first has become a line: the page itself does it, for a moment is short."""
    page.evaluate(
        """code => new Promise((done) => {
            const field = document.querySelector(".search");
            const scan = () => {
                field.value = code;
                field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
            };
            new MutationObserver((_, observer) => {
                if (!document.querySelector(".basket .line")) return;
                observer.disconnect();
                scan();
                done();
            }).observe(document.querySelector(".basket"), { childList: true, subtree: true });
            scan();
        })""",
        code,
    )


def unsent(page: Page, count: int) -> None:
    """Wait until the bar says that so much is unsent."""
    expect(page.locator(".badge.state")).to_have_attribute("data-unsent", str(count))


def sell_one(page: Page, code: str = BREAD) -> None:
    """One thing, paid in cash exactly, by keyboard alone, once the page is there."""
    expect(search(page)).to_be_visible()
    scan(page, code)
    expect(page.locator(".basket .line")).to_have_count(1)
    pay_exactly(page)


def pay_exactly(page: Page) -> None:
    """Take the exact amount in cash, by keyboard, and go on to the next sale."""
    page.keyboard.press("F2")
    expect(page.locator(".pay")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("[data-next]")).to_be_visible()
    page.keyboard.press("Enter")
    expect(search(page)).to_be_focused()


def give_back(page: Page, receipt: str, pieces: int) -> None:
    """So many loaves of a receipt come back; the money is given out."""
    page.keyboard.press("F8")
    page.get_by_label("Nomor nota").fill(receipt)
    page.keyboard.press("Enter")
    for _ in range(pieces):
        page.get_by_label(re.compile("^Tambah Roti")).click()
    page.locator("button[data-refund]").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def close_shift(page: Page, notes: dict[int, int], variance: int) -> None:
    """Count the drawer; the register says by how much it is off."""
    page.keyboard.press("F10")
    for note, count in notes.items():
        page.locator(f"[data-note='{note}']").fill(str(count))
    page.locator("[data-close]").click()
    page.get_by_role("button", name="Tutup kasir").last.click()
    expect(page.locator("[data-variance]")).to_have_attribute("data-variance", str(variance))
    page.locator("[data-done]").click()
    expect(page.get_by_role("heading", name="Buka kasir")).to_be_visible()


def costs(page: Page, amount: int) -> None:
    """Wait until the basket says that it costs so much."""
    expect(page.locator("[data-total]")).to_have_attribute("data-total", str(amount))


def has_lines(page: Page, count: int) -> None:
    """Wait until so many lines are in the basket."""
    expect(page.locator(".basket .line")).to_have_count(count)


Open = Callable[..., Page]
