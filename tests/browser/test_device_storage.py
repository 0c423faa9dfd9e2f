"""A device that cannot save says so over everything, and shows what to write on paper; nothing is lost in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from services.system.demo.api import until
from shared.local.running import Running
from tests.browser import arrivals, terminals
from tests.browser.conftest import DESKTOP, PHONE, PORTRAIT, TABLET, accessible, look
from tests.browser.shop import BREAD, Shop, has_lines, last_receipt, scan, search, sell_one, unsent
from tests.browser.storage import held
from tests.browser.terminals import WORKSHOP, by_hand, let_in, maker, outputs


def _alarm(page: Page) -> Any:
    return page.get_by_role("alertdialog")


#: Whether a few bytes more can be kept.
_ROOM = """() => new Promise((told) => {
    const request = indexedDB.open("scratch");
    request.onupgradeneeded = () => request.result.createObjectStore("kv");
    request.onerror = () => told(false);
    request.onsuccess = () => {
        const written = request.result.transaction("kv", "readwrite");
        written.objectStore("kv").put("x", "x");
        written.oncomplete = () => told(true);
        written.onabort = () => told(false);
        request.result.close();
    };
})"""


#: As a finger on "Coba sekarang" (the page also tries by itself, and may have been quicker).
_TRY = "() => document.querySelector('dialog.alarm button.primary')?.click()"


@contextmanager
def _full(page: Page) -> Iterator[None]:
    """The disk is full for this origin. Chromium 156 looks how much room there is every 30 s at most."""
    session = page.context.new_cdp_session(page)
    origin = page.evaluate("location.origin")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1})
    until("the browser knows that there is no room", lambda: not page.evaluate(_ROOM), seconds=60)
    yield
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin})


_CLEAR = """(name) => new Promise((done) => {
    indexedDB.open(name).onsuccess = ({ target }) => {
        const stores = ["kv", "records", "outbox"];
        const cleared = target.result.transaction(stores, "readwrite");
        for (const store of stores) cleared.objectStore(store).clear();
        cleared.oncomplete = () => { target.result.close(); done(); };
    };
})"""


def _erase(page: Page) -> None:
    """Somebody clears this page's data, while it is open."""
    session = page.context.new_cdp_session(page)
    kinds = {"origin": page.evaluate("location.origin"), "storageTypes": "indexeddb"}
    session.send("Storage.clearDataForOrigin", kinds)


def test_a_full_disk_stops_the_register_aloud_and_the_sale_is_made_once_there_is_room(
    till: Callable[..., Page], shop: Shop
) -> None:
    page = till()
    scan(page, BREAD)
    has_lines(page, 1)
    page.keyboard.press("F2")
    expect(page.locator("[data-finish]")).to_be_visible()
    with _full(page):
        page.keyboard.press("Enter")
        expect(_alarm(page)).to_contain_text("Tulis di kertas")
        expect(_alarm(page)).to_contain_text("penuh")
        expect(_alarm(page).locator(".unsaved")).to_contain_text("1 × Roti")
        for size in (PHONE, PORTRAIT, DESKTOP, TABLET):
            page.set_viewport_size(size["viewport"])
            assert page.evaluate(
                "(wide) => document.querySelector('dialog.alarm').scrollWidth <= wide", size["viewport"]["width"]
            )
            look(page, f"register-alarm-{size['viewport']['width']}")
        assert accessible(page) == []
        for _ in range(3):
            page.keyboard.press("Escape")
        expect(_alarm(page)).to_be_visible()
        assert shop.sales() == []
    page.evaluate(_TRY)
    expect(_alarm(page)).to_have_count(0)
    expect(page.locator(".slip")).to_contain_text("000001")  # the page goes on where it stood
    page.keyboard.press("Enter")
    expect(search(page)).to_be_focused()
    unsent(page, 0)
    sell_one(page)
    unsent(page, 0)
    assert [sale["register_no"] for sale in shop.sales()] == [1, 2]


def test_storage_that_never_answers_is_told_within_seconds(till: Callable[..., Page], shop: Shop) -> None:
    page = till()
    unsent(page, 0)
    with held(page, "lapak-register"):
        scan(page, BREAD)
        expect(_alarm(page)).to_contain_text("tidak menjawab", timeout=30_000)
        expect(_alarm(page).locator(".unsaved")).to_contain_text("BELANJAAN")
    expect(_alarm(page)).to_have_count(0, timeout=30_000)
    has_lines(page, 1)


def test_data_that_is_erased_while_the_page_is_open_is_told_at_once_with_what_is_lost(
    till: Callable[..., Page], shop: Shop
) -> None:
    page = till()
    sell_one(page)
    unsent(page, 0)
    page.context.set_offline(True)
    sell_one(page)
    sell_one(page)
    unsent(page, 2)
    scan(page, BREAD)
    has_lines(page, 1)
    _erase(page)
    expect(_alarm(page)).to_contain_text("terhapus")
    expect(_alarm(page)).to_contain_text("2 catatan belum terkirim")
    expect(_alarm(page).locator(".unsaved")).to_contain_text("1 × Roti")
    look(page, "register-erased")
    assert accessible(page) == []
    page.context.set_offline(False)
    page.get_by_role("button", name="Pasangkan lagi").click()
    page.get_by_label("Kode").fill(shop.code())  # as a tablet that was wiped
    page.keyboard.press("Enter")
    last_receipt(page, "3")
    expect(page.get_by_role("heading", name="Buka kasir")).to_be_visible()
    known = shop.sync()
    assert (known["last_no"], known["missing"]) == (1, [])


def test_stores_that_are_cleared_within_the_database_are_told_too(till: Callable[..., Page], shop: Shop) -> None:
    """IndexedDB says nothing of that to anybody: neither `onclose` nor `onversionchange` comes (Chromium 156)."""
    page = till()
    unsent(page, 0)
    page.context.set_offline(True)
    sell_one(page)
    unsent(page, 1)
    page.evaluate(_CLEAR, "lapak-register")
    scan(page, BREAD)
    expect(_alarm(page)).to_contain_text("terhapus")
    expect(_alarm(page)).to_contain_text("1 catatan belum terkirim")


@pytest.mark.parametrize("failure", [pytest.param("full", marks=pytest.mark.slow), "erased"])
def test_the_terminal_says_it_too(open_page: Callable[..., Page], stocked: Running, failure: str) -> None:
    page, ref = let_in(open_page(size=DESKTOP), stocked, WORKSHOP), maker(stocked)
    by_hand(page, "17")
    terminals.scan(page, ref)
    expect(page.locator(".maker")).to_have_count(1)
    if failure == "erased":
        _erase(page)
        expect(_alarm(page)).to_contain_text("terhapus")
        expect(_alarm(page).locator(".unsaved")).to_contain_text(ref)
        return
    with _full(page):
        by_hand(page, "Enter")
        expect(_alarm(page)).to_contain_text("Tulis di kertas")
        expect(_alarm(page).locator(".unsaved")).to_contain_text(ref)
        look(page, "terminal-alarm")
        assert accessible(page) == []
    expect(_alarm(page)).to_have_count(0)
    expect(terminals.row(page, "proposed")).to_have_count(1)
    assert [made["good"] for made in outputs(stocked, ref)] == [7]


@pytest.mark.parametrize("failure", [pytest.param("full", marks=pytest.mark.slow), "erased"])
def test_the_receiving_counter_says_it_too(open_page: Callable[..., Page], stocked: Running, failure: str) -> None:
    shop = arrivals.Shop(stocked, maker(stocked))
    lot = shop.lot()
    note = shop.send((lot, 5))
    page = shop.open(open_page(size=TABLET))
    shop.count(page, 5)
    if failure == "erased":
        _erase(page)
        expect(_alarm(page)).to_contain_text("terhapus")
        expect(_alarm(page).locator(".unsaved")).to_contain_text(f"{lot}: 5")
        return
    with _full(page):
        page.keyboard.press("Enter")
        expect(_alarm(page)).to_contain_text("Tulis di kertas")
        expect(_alarm(page).locator(".unsaved")).to_contain_text(f"{lot}: 5")
        look(page, "receiving-alarm")
        assert shop.receipts(note) == []
    expect(_alarm(page)).to_have_count(0)
    expect(page.get_by_text("Hitungan cocok dengan surat jalan.")).to_be_visible()
    assert shop.counted(note) == [(lot, 5, 0)]
