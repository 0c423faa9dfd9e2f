"""A server put back to a backup: devices send again what they recorded since, by themselves, and say so till then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from services.system.demo import reference
from services.system.demo.api import Person, Refused, until
from shared.local.running import Running, running_system
from tests.browser import arrivals, shop, terminals
from tests.browser.conftest import DESKTOP, TABLET, complain, look, patient

_DONE = "Semua terkirim"


_LAST_RETURN = """async () => {
    const { Store } = await import("/sales/static/shared/store.js");
    const store = await Store.open("lapak-register");
    const last = await store.read((tx) => tx.last("return", "at", 1));
    store.close();
    return last.map(({ id }) => id);
}"""


@pytest.fixture
def system(keys: None, tmp_path: Path) -> Iterator[Running]:
    """A system of the test's own, which knows its goods."""
    with running_system(tmp_path / "system") as running:
        people = {role: Person(running.url, role) for role in ("staff", "instructor", "city")}
        reference.load(**people)
        yield running


class _Devices:
    """A register, its receiving counter, and a workshop's terminal; each in a browser of its own."""

    def __init__(self, browser: Browser, system: Running, complaints: list[str]) -> None:
        self.system, self.ref = system, terminals.maker(system)
        self.goods = arrivals.Shop(system, self.ref)
        self.shop = shop.Shop(system, self.goods.outlet)
        until("the shop knows its goods", lambda: {shop.BREAD, "RTI-002"} <= set(self.shop.catalogue()))
        self.contexts = [patient(browser.new_context(base_url=system.url, **size)) for size in (TABLET, DESKTOP)]
        self.till, self.terminal = (context.new_page() for context in self.contexts)
        for page in (self.till, self.terminal):
            complain(page, complaints)
        shop.pair(self.till, self.shop)
        self.counter = self.contexts[0].new_page()
        complain(self.counter, complaints)
        terminals.let_in(self.terminal, system)

    def trade(self, *, shift: bool) -> None:
        """Everything that a device can record; `shift`: one is opened before, and closed after."""
        if shift:
            shop.open_shift(self.till)
        shop.sell_one(self.till)
        shop.sell_one(self.till)
        shop.give_back(self.till, str(len(self.sales())), 1)
        if shift:
            self._close()
        self._made("7")
        self._received(5)
        self.all_sent()

    def _close(self) -> None:
        self.till.keyboard.press("F10")
        self.till.locator("[data-note='100000']").fill("2")
        self.till.locator("[data-close]").click()
        self.till.get_by_role("button", name="Tutup kasir").last.click()
        self.till.locator("[data-done]").click()

    def _made(self, good: str) -> None:
        terminals.by_hand(self.terminal, f"1{good}")
        terminals.scan(self.terminal, self.ref)
        expect(self.terminal.locator(".maker")).to_have_count(1)
        terminals.by_hand(self.terminal, "Enter")
        expect(self.terminal.locator(".maker")).to_have_count(0)

    def _received(self, count: int) -> None:
        note = self.goods.send((self.goods.lot(), count))
        self.counter.goto("/inventory/receiving/")
        self._count(note, count)
        expect(self.counter.get_by_text("Hitungan cocok dengan surat jalan.")).to_be_visible()

    def _count(self, note: str, count: int) -> None:
        self.counter.locator(f"[data-note='{note}'] button").click()
        terminals.by_hand(self.counter, str(count))
        self.counter.get_by_role("button", name="Selesai menghitung").click()
        self.counter.get_by_label("Kode kasir").fill("ksr-07")
        self.counter.keyboard.press("Enter")

    def lose(self, notes: list[str]) -> None:
        """What comes after the backup, of each kind: a whole shift, and one that stays open."""
        shop.open_shift(self.till)
        shop.sell_one(self.till)
        self._close()
        shop.open_shift(self.till)
        shop.sell_one(self.till)
        self.counter.goto("/inventory/receiving/")  # where it was: at what the last count came to
        self.counter.get_by_role("button", name="Ke daftar kiriman").click()
        for note in notes:
            self._count(note, 3)
            self.counter.get_by_role("button", name="Ke daftar kiriman").click()
        shop.sell_one(self.till)
        shop.give_back(self.till, "3", 1)
        self._made("9")
        self.all_sent()

    def sales(self) -> list[dict[str, Any]]:
        return self.shop.sales()

    @property
    def pages(self) -> list[Page]:
        return [self.till, self.terminal, self.counter]

    def all_sent(self) -> None:
        for page in self.pages:
            shop.unsent(page, 0)
            expect(page.locator(".badge.state")).to_have_text(_DONE)

    def know(self, facts: dict[str, Any]) -> bool:
        """Whether the servers have these facts; not while they are being restored."""
        try:
            return self.known() == facts
        except (Refused, httpx.HTTPError):
            return False

    def close_late(self, after: dict[str, Any]) -> None:
        """Before the server has its sales again money is given back for one of them, and the open shift is closed."""
        shop.give_back(self.till, "4", 1)
        self._close()
        (given,) = self.till.evaluate(_LAST_RETURN)
        after["returns"] = sorted([*after["returns"], (given, 5000)])
        after["shifts"] = sorted((id_, 200_000 if counted is None else counted) for id_, counted in after["shifts"])

    def drawers(self) -> list[tuple[int | None, int | None, list[Any]]]:
        """What was expected when it was closed, what is by now, and what came late; shift by shift."""
        shifts = self.shop.till().get("/sales/v1/shifts", register=self.shop.register, limit="1000")["items"]
        shifts.sort(key=lambda one: str(one["id"]))
        return [((one["close"] or {}).get("expected"), one["expected_now"], one["amendments"]) for one in shifts]

    def known(self) -> dict[str, Any]:
        """What the servers have of these devices, but for when they heard of it."""
        till, staff = self.shop.till(), Person(self.system.url, "staff")
        wanted = {"register": self.shop.register, "limit": "1000"}
        shifts = till.get("/sales/v1/shifts", **wanted)["items"]
        back = till.get("/sales/v1/returns", **wanted)["items"]
        made = terminals.outputs(self.system, self.ref)
        notes = staff.get("/inventory/v1/consignments", location=self.shop.outlet, limit=1000)["items"]
        receipts = [receipt["id"] for note in notes for receipt in self.goods.receipts(note["id"])]
        return {
            "sales": [(sale["id"], sale["register_no"], sale["total"]) for sale in self.sales()],
            "returns": sorted((one["id"], one["refund"]["amount"]) for one in back),
            "shifts": sorted((one["id"], (one["close"] or {}).get("counted")) for one in shifts),
            "outputs": sorted((one["id"], one["good"]) for one in made),
            "receipts": sorted(receipts),
        }


@pytest.mark.timeout(600)
def test_after_a_restore_every_device_sends_all_its_facts_again(
    browser: Browser, system: Running, tmp_path: Path
) -> None:
    complaints: list[str] = []
    devices = _Devices(browser, system, complaints)
    devices.trade(shift=True)
    lots = devices.goods.lot(), devices.goods.lot()
    notes = [devices.goods.send((lot, 3)) for lot in lots]
    done = system.run("backup", str(tmp_path))
    assert done.returncode == 0, done.stderr
    backup, before = done.stdout.splitlines()[-1], devices.known()
    devices.lose(notes)
    after = devices.known()
    assert {kind: len(facts) for kind, facts in after.items()} != {kind: len(facts) for kind, facts in before.items()}

    drawers = devices.drawers()
    for page in devices.pages:  # nobody says that all is sent before all is there again
        page.context.set_offline(True)
    done = system.run("restore", backup, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    until("the restored servers answer", lambda: devices.know(before), seconds=60)
    devices.close_late(after)
    for context in devices.contexts:
        context.set_offline(False)
    until("everything is there again", lambda: devices.know(after), seconds=120)
    devices.all_sent()
    look(devices.till, "register-restored")
    assert devices.drawers()[: len(drawers) - 1] == drawers[:-1]
    assert [
        one for one in devices.drawers() if one[0] != one[1] or one[2]
    ] == []  # none was closed before its sales came
    verified = system.run("verify")
    assert verified.returncode == 0, verified.stdout
    for context in devices.contexts:
        context.close()
    assert complaints == []
