"""Money at the register: ways to pay, discounts, receipts, refunds, the count of the drawer."""

from __future__ import annotations

import io
from collections.abc import Callable

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from services.system.demo.api import Person
from tests.browser.conftest import PHONE, TABLET, accessible, look
from tests.browser.shop import (
    BREAD,
    SHIRT,
    Open,
    Shop,
    costs,
    give_back,
    has_lines,
    new_shop,
    open_shift,
    pair,
    pay_exactly,
    scan,
    search,
    sell_one,
    unsent,
)
from tests.waiting import until

PRICE = 5000
MM = 72 / 25.4


def printed(page: Page, times: int) -> None:
    """Wait until so much was sent to the printer."""
    until(f"printed {times} times", lambda: bool(page.evaluate("window.printed") == times))


def test_part_in_cash_and_the_rest_by_qris(till: Callable[..., Page], shop: Shop) -> None:
    page = till()
    scan(page, SHIRT)
    has_lines(page, 1)
    page.keyboard.press("F2")
    page.keyboard.type("50000")
    page.keyboard.press("Enter")
    expect(page.locator("[data-left='35000']")).to_be_visible()
    page.get_by_label("Diterima").fill("40000")
    expect(page.locator("[data-finish]")).to_be_disabled()
    page.get_by_label("Diterima").fill("35000")
    page.get_by_label("Nomor referensi").fill("QR-77")
    look(page, "register-split")
    page.keyboard.press("Enter")
    expect(page.locator(".slip")).to_contain_text("QRIS QR-77")
    page.keyboard.press("Enter")
    unsent(page, 0)
    paid = {one["kind"]: (one["amount"], one["reference"]) for one in shop.sales()[0]["payments"]}
    assert paid == {"cash": (50_000, None), "qris": (35_000, "QR-77")}


def test_a_discount_has_a_limit_and_a_reason(till: Callable[..., Page], shop: Shop) -> None:
    page = till()
    scan(page, SHIRT)
    has_lines(page, 1)
    page.keyboard.press("F6")
    page.keyboard.type("30%")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Paling banyak Rp\u00a017.000")
    page.get_by_label("Rupiah atau persen").fill("10%")
    page.get_by_label("Alasan").select_option("damaged-pack")
    look(page, "register-discount")
    page.keyboard.press("Enter")
    expect(page.locator(".basket .line")).to_contain_text("Kemasan rusak")
    costs(page, 76_500)
    pay_exactly(page)
    unsent(page, 0)
    (line,) = shop.sales()[0]["lines"]
    assert (line["discount"], line["discount_reason"], line["amount"]) == (8500, "damaged-pack", 76_500)


def test_a_receipt_that_is_printed_again_says_copy(till: Callable[..., Page], shop: Shop) -> None:
    page = till()
    page.evaluate("void (window.print = () => { window.printed = (window.printed ?? 0) + 1; })")
    scan(page, BREAD)
    has_lines(page, 1)
    page.keyboard.press("F2")
    page.keyboard.press("Enter")
    expect(page.locator("[data-next]")).to_be_focused()
    page.keyboard.press("p")
    printed(page, 1)
    page.emulate_media(media="print")
    assert page.locator("#screen").is_hidden()
    paper = page.locator(".paper")
    expect(paper).to_contain_text(f"{shop.register}-000001")
    expect(paper).not_to_contain_text("COPY")
    look(page, "register-paper")
    (roll,) = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages  # one piece, as long as what is on it
    assert 57 < float(roll.mediabox.width) / MM < 59
    assert 60 < float(roll.mediabox.height) / MM < 200
    assert f"{shop.register}-000001" in roll.extract_text()
    page.emulate_media(media="screen")
    page.locator("[data-next]").click()  # what is not shown on paper has lost the focus
    expect(search(page)).to_be_focused()
    page.keyboard.press("F9")
    look(page, "register-history")
    assert accessible(page) == []
    page.get_by_role("button", name="Nota", exact=True).click()
    expect(page.locator(".receipt [data-next]")).to_be_focused()
    page.keyboard.press("p")
    printed(page, 2)
    expect(paper).to_contain_text("SALINAN · COPY")


def test_goods_come_back_up_to_what_was_sold_at_any_register(
    till: Callable[..., Page], open_page: Open, shop: Shop
) -> None:
    shop.deliver(BREAD, 10)
    page = till()
    for _ in range(3):
        page.locator(f"[data-sku={BREAD}]").tap()
    pay_exactly(page)
    unsent(page, 0)

    give_back(page, "1", 1)
    unsent(page, 0)
    other_shop = new_shop(shop.system)
    other = open_page(size=TABLET)
    pair(other, other_shop)
    open_shift(other)
    give_back(other, f"{shop.register}-000001", 2)
    unsent(other, 0)
    page.keyboard.press("F8")
    page.get_by_label("Nomor nota").fill("1")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .line")).to_contain_text("sudah kembali semua")
    look(page, "register-refund")
    assert page.locator("button[data-refund]").is_disabled()
    assert accessible(page) == []
    page.get_by_label("Nomor nota").fill("77")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("tidak ditemukan")
    back = Person(shop.system.url, "auditor").get("/sales/v1/returns", sale_id=shop.sales()[0]["id"])["items"]
    assert {(one["register"], one["refund"]["amount"], one["status"]) for one in back} == {
        (shop.register, 5000, "recorded"),
        (other_shop.register, 10_000, "recorded"),
    }


#: What the bar said in the moment the form of a refund was gone.
_SAID = """() => {
    let seen = false;
    new MutationObserver(() => {
        if (document.querySelector("[data-refund]")) seen = true;
        else if (seen) window.said ??= document.querySelector(".badge.state").dataset.unsent;
    }).observe(document.body, { childList: true, subtree: true });
}"""


def test_the_bar_does_not_say_for_a_moment_that_all_is_sent_when_something_was_recorded(
    till: Callable[..., Page], bread: str
) -> None:
    page = till()
    sell_one(page)
    unsent(page, 0)
    page.context.set_offline(True)
    page.evaluate(_SAID)
    give_back(page, "1", 1)
    assert page.evaluate("() => window.said") == "1"


def test_the_drawer_is_counted_blind_and_the_difference_is_recorded(till: Callable[..., Page], shop: Shop) -> None:
    page = till()
    sell_one(page, SHIRT)
    unsent(page, 0)
    page.keyboard.press("F10")
    expect(page.locator(".notes")).to_be_visible()
    assert "285" not in page.get_by_role("dialog").inner_text()  # 200,000 + 85,000 is told nowhere
    assert accessible(page) == []
    page.locator("[data-note='100000']").fill("2")
    page.locator("[data-note='50000']").fill("1")
    page.locator("[data-note='20000']").fill("2")
    look(page, "register-count")
    page.locator("[data-close]").click()
    page.get_by_role("button", name="Hitung lagi").click()
    page.locator("[data-close]").click()
    page.get_by_role("button", name="Tutup kasir").last.click()
    expect(page.locator("[data-variance]")).to_have_attribute("data-variance", "5000")
    expect(page.locator(".slip")).to_contain_text("Sudah dicocokkan dengan server")
    look(page, "register-report")
    page.locator("[data-done]").click()
    expect(page.get_by_role("heading", name="Buka kasir")).to_be_visible()
    (shift,) = shop.till().get("/sales/v1/shifts", register=shop.register)["items"]
    assert (shift["close"]["counted"], shift["close"]["variance"]) == (290_000, 5000)


def test_a_scanned_article_is_neither_a_cashier_nor_the_float(open_page: Open, shop: Shop) -> None:
    """Too much for the server: it would refuse the opening, and every sale would be one without a shift."""
    page = open_page(size=PHONE)
    pair(page, shop)
    page.keyboard.type("8991234567891")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("bukan kode kasir")
    page.keyboard.type("kasir-1")
    page.keyboard.press("Tab")
    page.keyboard.type("8991234567891")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("100.000.000")
    look(page, "register-float-390")
    assert accessible(page) == []
    page.keyboard.type("100000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox")).to_be_visible()
    unsent(page, 0)
