"""Storage that takes its time: what is pressed again meanwhile happens once; what is scanned begins the next one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from shared.local.running import Running
from tests.browser import arrivals, terminals
from tests.browser.conftest import DESKTOP, TABLET
from tests.browser.shop import BREAD, Open, Shop, costs, has_lines, pair, scan, search, sell_one, unsent
from tests.browser.storage import held
from tests.browser.terminals import by_hand, let_in, maker, outputs

_TILL = "lapak-register"


def _paying(page: Page) -> None:
    scan(page, BREAD)
    has_lines(page, 1)
    page.keyboard.press("F2")
    expect(page.locator("[data-finish]")).to_be_visible()


@pytest.mark.usefixtures("bread")
def test_a_sale_that_is_still_being_written_is_not_paid_again_and_the_next_scan_begins_the_next(
    till: Callable[..., Page], shop: Shop
) -> None:
    page = till()
    unsent(page, 0)
    _paying(page)
    with held(page, _TILL):
        page.keyboard.press("Enter")
        has_lines(page, 0)
        expect(page.locator(".basket")).to_contain_text("Menyimpan")
        for key in ("F2", "Enter", "F4"):
            page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_have_count(0)
        scan(page, BREAD)
        has_lines(page, 1)
        costs(page, 5000)
        page.keyboard.press("F2")
        expect(page.get_by_text("yang sebelumnya masih disimpan").first).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_role("button", name="English").click()  # all is drawn anew, once that is written
    expect(page.locator(".slip")).to_contain_text("000001")
    page.keyboard.press("Enter")
    unsent(page, 0)
    assert [sale["total"] for sale in shop.sales()] == [5000]
    page.reload()  # what was scanned meanwhile is on the disk, and what was sold is no basket any more
    has_lines(page, 1)
    costs(page, 5000)


#: The server takes its time with the catalogue, until it is let go.
_WAIT = """() => {
    const asked = window.fetch;
    const waited = new Promise((let_go) => { window.letGo = let_go; });
    window.fetch = async (...what) => {
        if (String(what[0]).includes("/catalogue")) await waited;
        return asked(...what);
    };
}"""


@pytest.mark.usefixtures("bread")
def test_a_label_that_is_found_only_while_the_customer_pays_begins_the_next_basket(
    till: Callable[..., Page], shop: Shop
) -> None:
    page = till()
    unsent(page, 0)
    page.evaluate(_WAIT)
    lot = shop.deliver(BREAD, 5)
    scan(page, BREAD)
    has_lines(page, 1)
    scan(page, lot)
    page.keyboard.press("F2")
    expect(page.locator("[data-left='5000']")).to_be_visible()
    page.evaluate("() => window.letGo()")
    has_lines(page, 2)
    page.locator("[name=amount]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".slip")).to_contain_text("5.000")
    page.keyboard.press("Enter")
    unsent(page, 0)
    assert [(sale["total"], len(sale["lines"])) for sale in shop.sales()] == [(5000, 1)]
    has_lines(page, 1)
    expect(page.locator(".basket .code")).to_have_text(lot)


@pytest.mark.usefixtures("bread")
def test_a_basket_is_held_once_and_a_scan_stays_beside_the_one_that_comes_back(till: Callable[..., Page]) -> None:
    page = till()
    scan(page, BREAD)
    has_lines(page, 1)
    with held(page, _TILL):
        page.keyboard.press("F4")
        page.keyboard.press("F4")
        has_lines(page, 0)
    expect(page.get_by_role("button", name="Lanjutkan (1)")).to_be_visible()
    with held(page, _TILL):
        page.keyboard.press("F4")
        page.keyboard.press("F4")
        scan(page, BREAD)
    costs(page, 10_000)
    expect(page.get_by_role("button", name="Lanjutkan")).to_have_count(0)
    page.reload()
    costs(page, 10_000)


@pytest.mark.usefixtures("bread")
def test_money_is_given_back_once(till: Callable[..., Page], shop: Shop) -> None:
    page = till()
    sell_one(page)
    unsent(page, 0)
    page.keyboard.press("F8")
    page.get_by_label("Nomor nota").fill("1")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Tambah Roti").click()
    with held(page, _TILL):
        page.locator("button[data-refund]").click()
        page.get_by_role("button", name="Kurangi Roti").click()
        page.get_by_role("button", name="Tambah Roti").click()
        expect(page.locator("button[data-refund]")).to_be_disabled()
    expect(page.get_by_role("dialog")).to_have_count(0)
    unsent(page, 0)
    returns = shop.till().get("/sales/v1/returns", register=shop.register)["items"]
    assert [one["refund"]["amount"] for one in returns] == [5000]


def test_a_shift_is_opened_once(open_page: Open, shop: Shop) -> None:
    page = open_page(size=TABLET)
    pair(page, shop)
    page.get_by_label("Kode kasir").fill("kasir-1")
    with held(page, _TILL):
        for _ in range(3):
            page.keyboard.press("Enter")
    expect(search(page)).to_be_focused()
    unsent(page, 0)
    assert len(shop.till().get("/sales/v1/shifts", register=shop.register)["items"]) == 1


def test_an_output_is_recorded_once_and_what_comes_meanwhile_is_the_next(open_page: Open, stocked: Running) -> None:
    page, ref = let_in(open_page(size=DESKTOP), stocked), maker(stocked)
    by_hand(page, "17")
    terminals.scan(page, ref)
    expect(page.locator(".maker")).to_have_count(1)
    with held(page, "lapak-terminal"):
        by_hand(page, "Enter")
        by_hand(page, "Enter")
        terminals.scan(page, ref)  # too late for that one
        expect(page.get_by_role("alert")).to_contain_text("Pilih produk dulu")
        by_hand(page, "18")
        expect(page.locator("#quantity-good")).to_have_value("8")
    expect(page.get_by_text("Tersimpan.")).to_be_visible()
    unsent(page, 0)
    assert [made["good"] for made in outputs(stocked, ref)] == [7]
    page.reload()
    expect(page.locator("#quantity-good")).to_have_value("8")
    expect(page.locator(".maker")).to_have_count(0)


def test_a_count_is_signed_once_and_not_changed_afterwards(open_page: Open, stocked: Running) -> None:
    shop = arrivals.Shop(stocked, maker(stocked))
    lot = shop.lot()
    note = shop.send((lot, 5))
    page = shop.open(open_page(size=TABLET))
    shop.count(page, 5)
    with held(page, "lapak-receiving"):
        page.keyboard.press("Enter")
        by_hand(page, "9")
        expect(page.get_by_text("sudah ditandatangani")).to_be_visible()
    expect(page.get_by_text("Hitungan cocok dengan surat jalan.")).to_be_visible()
    assert shop.counted(note) == [(lot, 5, 0)]
    page.get_by_role("button", name="Ke daftar kiriman").click()
    expect(page.get_by_role("button", name="Lanjutkan")).to_have_count(0)  # no count is left that was begun
