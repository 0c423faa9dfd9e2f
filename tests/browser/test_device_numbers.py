"""A tablet that is erased, replaced, or made another register: no number twice, what was printed is there or missed."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Page, expect

from shared.local.running import Running
from tests.browser.conftest import DESKTOP, PHONE, PORTRAIT, TABLET, accessible, look
from tests.browser.shop import (
    Open,
    Shop,
    close_shift,
    enter_code,
    last_receipt,
    new_shop,
    open_shift,
    pair,
    sell_one,
    sign_out,
    unsent,
)
from tests.browser.tablet import Tablet

pytestmark = pytest.mark.usefixtures("bread")


#: The first register's facts (in the device's own database) went to a log that is no more.
_SENT_TO_ANOTHER = """async () => {
    const { Store } = await import("/sales/static/shared/store.js");
    const store = await Store.open("lapak-register");
    await store.set("epochs", ["0199aaaa-0000-7000-8000-000000000000"]);
    store.close();
}"""


def _erased(tablet: Tablet) -> Page:
    """The same tablet, with nothing on it."""
    tablet.kill()
    shutil.rmtree(tablet.folder)
    return tablet.on()


def _numbers(shop: Shop) -> list[int]:
    return [sale["register_no"] for sale in shop.sales()]


def test_an_erased_tablet_goes_on_after_the_last_paper_receipt_and_what_is_lost_is_listed(
    tablet: Tablet, shop: Shop
) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    sell_one(page)
    sell_one(page)
    unsent(page, 0)
    tablet.context.set_offline(True)
    for _ in range(3):
        sell_one(page)
    unsent(page, 3)

    page = _erased(tablet)
    pair(page, shop, f"{shop.register}-000005")
    open_shift(page)
    for _ in range(3):
        sell_one(page)
    unsent(page, 0)
    assert _numbers(shop) == [1, 2, 6, 7, 8]
    known = shop.sync()
    assert (known["last_no"], known["missing"]) == (8, [3, 4, 5])


def test_a_receipt_before_the_last_that_the_server_has_is_not_the_last(open_page: Open, shop: Shop) -> None:
    first = open_page(size=TABLET)
    pair(first, shop)
    open_shift(first)
    for _ in range(3):
        sell_one(first)
    unsent(first, 0)
    other = open_page(size=TABLET)
    other.goto("/sales/register/")
    enter_code(other, shop)
    asked = other.locator("[name=last-receipt]")
    asked.fill("2")
    other.keyboard.press("Enter")
    expect(other.get_by_role("alert")).to_contain_text("sudah diterima server")
    last_receipt(other, "2")  # believed now: paper may be lost
    open_shift(other)
    sell_one(other)
    unsent(other, 0)
    assert _numbers(shop) == [1, 2, 3, 4]


def test_the_last_receipt_is_asked_for_in_words_and_a_number_far_ahead_twice(open_page: Open, shop: Shop) -> None:
    page = open_page(size=TABLET)
    page.goto("/sales/register/")
    enter_code(page, shop)
    look(page, "register-last-receipt")
    assert accessible(page) == []
    for size in (PHONE, PORTRAIT, DESKTOP, TABLET):
        page.set_viewport_size(size["viewport"])
        assert page.locator("#main form").bounding_box()["width"] <= size["viewport"]["width"]  # type: ignore[index]
        look(page, f"register-last-receipt-{size['viewport']['width']}")
    asked, told = page.locator("[name=last-receipt]"), page.get_by_role("alert")
    articles = [(code, "Ketik angka") for code in ("96385074", "8991234567891") * 2]  # a scanner found the field
    for text, answer in (
        ("abc", "Ketik angka"),
        ("0", "Ketik angka"),
        *articles,
        ("OUT-LAIN-1-000004", "dari kasir OUT-LAIN-1"),
    ):
        asked.fill(text)
        page.keyboard.press("Enter")
        expect(told).to_contain_text(answer)
    asked.fill("5000")
    page.keyboard.press("Enter")
    expect(told).to_contain_text("jauh di depan")
    asked.fill("500")  # a slip of the finger: another number is asked about anew
    page.keyboard.press("Enter")
    expect(told).to_contain_text("jauh di depan")
    page.reload()  # nobody gets around the question
    last_receipt(page, "12")
    open_shift(page)
    sell_one(page)
    unsent(page, 0)
    assert _numbers(shop) == [13]


def test_after_a_pairing_somebody_is_asked_whether_a_refund_was_lost(open_page: Open, shop: Shop) -> None:
    page = open_page(size=TABLET)
    page.goto("/sales/register/")
    enter_code(page, shop)
    page.locator("[name=last-receipt]").fill("12")
    page.keyboard.press("Enter")
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("Adakah pengembalian uang")
    for _ in range(3):  # nobody gets around it
        page.keyboard.press("Escape")
    expect(asked).to_contain_text("Adakah pengembalian uang")
    for size in (PHONE, PORTRAIT, DESKTOP, TABLET):
        page.set_viewport_size(size["viewport"])
        look(page, f"register-lost-refunds-{size['viewport']['width']}")
    assert accessible(page) == []
    page.locator("[data-refunds=some]").click()
    expect(asked).to_contain_text("Retur (F8)")
    page.locator("[data-refunds=told]").click()
    open_shift(page)


def test_a_device_that_was_replaced_goes_on_after_what_the_server_has(
    tablet: Tablet, open_page: Open, shop: Shop
) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    sell_one(page)
    unsent(page, 0)
    tablet.kill()
    other = open_page(size=TABLET)  # the spare one
    other.goto("/sales/register/")
    enter_code(other, shop)
    other.locator("[data-none]").click()
    expect(other.get_by_role("alert")).to_contain_text("sudah pernah menjual")
    other.locator("[data-none]").click()
    other.locator("[data-refunds=none]").click()
    open_shift(other)
    sell_one(other)
    sell_one(other)
    unsent(other, 0)
    page = tablet.on()  # and the first one comes back
    page.goto("/sales/register/")
    unsent(page, 0)
    sell_one(page)
    unsent(page, 0)
    assert _numbers(shop) == [1, 2, 3, 4]
    assert shop.sync()["missing"] == []


def test_a_tablet_that_becomes_another_register_shows_and_numbers_nothing_of_the_first(
    tablet: Tablet, shop: Shop, stocked: Running
) -> None:
    other = new_shop(stocked)
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    sell_one(page)
    sell_one(page)
    unsent(page, 0)
    close_shift(page, {100_000: 2, 10_000: 1}, 0)
    unsent(page, 0)
    sign_out(page)
    pair(page, other)
    open_shift(page, float_=0)
    page.keyboard.press("F9")
    expect(page.get_by_role("dialog")).to_contain_text("Belum ada nota")
    page.keyboard.press("Escape")
    sell_one(page)
    unsent(page, 0)
    page.keyboard.press("F9")
    expect(page.locator("dialog tr[data-no]")).to_have_count(1)
    look(page, "register-another")
    page.keyboard.press("Escape")
    assert (_numbers(shop), _numbers(other)) == ([1, 2], [1])
    assert other.sync()["missing"] == []
    close_shift(page, {5000: 1}, 0)
    unsent(page, 0)
    sign_out(page)
    pair(page, shop, "2")  # and back: what it knew of the first register is still there
    open_shift(page)
    page.keyboard.press("F9")
    expect(page.locator("dialog tr[data-no]")).to_have_count(2)
    page.keyboard.press("Escape")
    sell_one(page)
    unsent(page, 0)
    assert (_numbers(shop), _numbers(other)) == ([1, 2, 3], [1])


def test_a_tablet_that_was_another_register_when_the_server_was_restored_says_whose_records_are_still_to_be_sent(
    tablet: Tablet, shop: Shop, stocked: Running
) -> None:
    page, other = tablet.on(), new_shop(stocked)
    pair(page, shop)
    open_shift(page, float_=0)
    sell_one(page)
    close_shift(page, {5000: 1}, 0)
    unsent(page, 0)
    sign_out(page)
    pair(page, other)
    state = page.locator(".badge.state")
    expect(state).to_have_text("Semua terkirim")
    page.evaluate(_SENT_TO_ANOTHER)
    page.reload()
    expect(state).to_contain_text(f"Catatan {shop.register} belum dikirim ulang")
    state.click()
    expect(page.get_by_role("dialog")).to_contain_text(f"pasangkan sebagai {shop.register} sekali lagi")
    look(page, "register-left-behind")
    assert accessible(page) == []
    page.keyboard.press("Escape")
    sign_out(page)
    pair(page, shop, "1")
    expect(state).to_have_text("Semua terkirim")
    sign_out(page)
    page.get_by_label("Kode", exact=True).fill(other.code())
    page.keyboard.press("Enter")
    page.locator("[data-none]").click()
    expect(page.get_by_role("heading", name="Buka kasir")).to_be_visible()
    expect(state).to_have_text("Semua terkirim")
    assert _numbers(shop) == [1]
