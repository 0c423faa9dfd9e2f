"""The register as a cashier uses it, with network: by touch alone, by keyboard and scanner alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from services.system.demo.api import Person
from shared.local.running import Running
from tests.browser.conftest import TABLET, accessible, look
from tests.browser.shop import (
    BREAD,
    SHIRT,
    Open,
    Shop,
    costs,
    has_lines,
    open_shift,
    pair,
    pay_exactly,
    scan,
    scan_twice,
    search,
    sell_one,
    unsent,
)
from tests.waiting import machine, until

PRICE = 5000


def test_a_wrong_code_is_refused_and_a_right_one_works_once(open_page: Open, shop: Shop) -> None:
    page, code = open_page(size=TABLET), shop.code()
    page.goto("/sales/register/")
    page.get_by_label("Kode").fill("AAAAA-AAAAA")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Kode salah")
    assert accessible(page) == []
    page.route("**/pairing-claims", lambda route: route.fulfill(status=503))
    page.get_by_label("Kode").fill(code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("kode tetap berlaku")
    page.unroute("**/pairing-claims")
    page.get_by_label("Kode").fill(code.lower().replace("-", " "))
    page.keyboard.press("Enter")
    page.locator("[data-none]").click()  # there is no paper receipt yet
    expect(page.get_by_role("heading", name="Buka kasir")).to_be_visible()
    other = open_page(size=TABLET)
    other.goto("/sales/register/")
    other.get_by_label("Kode").fill(code)
    other.keyboard.press("Enter")
    expect(other.get_by_role("alert")).to_contain_text("Kode salah")


def test_a_code_of_another_kind_of_device_is_refused(open_page: Open, stocked: Running) -> None:
    operator = Person(stocked.url, "operator")
    made = operator.post("/inventory/v1/pairings", {"role": "terminal", "workshop": "WS-RTI"})
    page = open_page(size=TABLET)
    page.goto("/sales/register/")
    page.get_by_label("Kode").fill(made["code"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Kode salah")


def test_a_whole_sale_by_touch_alone(till: Callable[..., Page], shop: Shop) -> None:
    lot = shop.deliver(BREAD, 10)
    page = till()
    page.locator(f"[data-sku={BREAD}]").tap()
    page.locator(f"[data-sku={BREAD}]").tap()
    has_lines(page, 1)
    page.get_by_label("Tambah", exact=True).tap()
    page.locator(f"[data-sku={SHIRT}]").tap()
    page.get_by_label(re.compile("^Hapus Kaos")).tap()
    costs(page, 3 * PRICE)
    page.locator("[data-pay]").tap()
    look(page, "register-pay")
    page.locator("[data-quick='20000']").tap()
    expect(page.locator(".change")).to_have_attribute("data-change", "5000")
    page.locator("[data-finish]").tap()
    expect(page.locator(".change.big")).to_have_attribute("data-change", "5000")
    expect(page.locator(".slip")).to_contain_text(lot)
    expect(page.locator(".slip")).to_contain_text(f"{shop.register}-000001")
    look(page, "register-receipt")
    page.locator("[data-next]").tap()
    unsent(page, 0)
    (sale,) = shop.sales()
    assert (sale["total"], sale["lines"][0]["lot"], sale["lines"][0]["quantity"]) == (15_000, lot, 3)
    assert [(one["kind"], one["amount"]) for one in sale["payments"]] == [("cash", 15_000)]


def test_a_whole_sale_by_keyboard_and_scanner_alone(till: Callable[..., Page], shop: Shop) -> None:
    lot = shop.deliver(BREAD, 10)
    page = till()
    scan(page, f"{shop.system.url}/inventory/p/{lot.lower()}")
    expect(page.locator(".basket .line")).to_contain_text(lot)
    scan(page, SHIRT)
    has_lines(page, 2)
    page.keyboard.press("+")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("*")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(search(page)).to_be_focused()
    page.keyboard.type("donat")
    page.keyboard.press("Enter")
    has_lines(page, 3)
    page.keyboard.press("Delete")
    has_lines(page, 2)
    price = shop.catalogue()[SHIRT]["price"]
    costs(page, 4 * PRICE + 2 * price)
    page.keyboard.press("F2")
    page.keyboard.type("500000")
    page.keyboard.press("Enter")
    expect(page.locator(".change.big")).to_have_attribute("data-change", str(500_000 - 4 * PRICE - 2 * price))
    page.keyboard.press("Enter")
    unsent(page, 0)
    assert shop.sales()[0]["total"] == 4 * PRICE + 2 * price


def test_a_label_becomes_a_line_within_a_second(till: Callable[..., Page], shop: Shop) -> None:
    lot = shop.deliver(BREAD, 10)
    page = till()
    with machine() as clock:
        waited = page.evaluate(
            """code => new Promise((done) => {
            const field = document.querySelector(".search"), began = performance.now();
            new MutationObserver(() => document.querySelector(".basket .line") && done(performance.now() - began))
                .observe(document.querySelector(".basket"), { childList: true, subtree: true });
            field.value = code;
            field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
        })""",
            lot,
        )
        assert waited * clock.share < 1000


def test_the_same_label_twice_within_a_moment_asks(till: Callable[..., Page], shop: Shop) -> None:
    lot = shop.deliver(BREAD, 10)
    page = till()
    scan_twice(page, lot)
    expect(page.get_by_role("dialog")).to_contain_text("Terpindai dua kali")
    page.keyboard.press("Escape")
    costs(page, PRICE)
    scan(page, lot)
    page.keyboard.press("Enter")
    costs(page, 2 * PRICE)


def test_what_expired_or_was_recalled_is_blocked_with_its_reason(till: Callable[..., Page], shop: Shop) -> None:
    old, called = shop.deliver(BREAD, 5, made_days_ago=20), shop.deliver(SHIRT, 5)
    Person(shop.system.url, "staff").post(f"/inventory/v1/lots/{called}/recall", {"reason_code": "needle-found"})
    page = till()
    scan(page, old)
    expect(page.get_by_role("alert")).to_contain_text("Sudah lewat tanggal")
    look(page, "register-expired")
    page.keyboard.press("Enter")
    for _ in range(60):
        page.reload()
        expect(search(page)).to_be_focused()
        scan(page, called)
        expect(page.locator("dialog, .basket .line").first).to_be_visible()
        if page.get_by_role("alert").count():
            break
    expect(page.get_by_role("alert")).to_contain_text("ditarik")
    page.keyboard.press("Enter")
    assert f"{called}" not in page.locator(".basket").inner_text()


def test_the_first_to_expire_is_sold_first_and_a_label_that_nobody_knows_is_sold_all_the_same(
    till: Callable[..., Page], shop: Shop
) -> None:
    newer, older = shop.deliver(BREAD, 5), shop.deliver(BREAD, 1, made_days_ago=2)
    page = till()
    page.locator(f"[data-sku={BREAD}]").tap()
    page.locator(f"[data-sku={BREAD}]").tap()
    has_lines(page, 2)
    assert [text.split()[-1] for text in page.locator(".basket .line .code").all_inner_texts()] == [older, newer]
    scan(page, "0000000000")
    page.get_by_role("dialog").get_by_text("Roti cokelat", exact=True).click()
    has_lines(page, 3)
    pay_exactly(page)
    unsent(page, 0)
    assert {line["lot"] for line in shop.sales()[0]["lines"]} == {newer, older, "0000000000"}


def test_a_held_basket_waits_through_other_sales_and_a_reload(till: Callable[..., Page], shop: Shop) -> None:
    page = till()
    scan(page, SHIRT)
    has_lines(page, 1)
    page.keyboard.press("F4")
    has_lines(page, 0)
    sell_one(page, "KRJ-001")
    scan(page, BREAD)
    has_lines(page, 1)
    page.reload()
    has_lines(page, 1)
    page.get_by_label(re.compile("^Hapus")).click()
    page.keyboard.press("F4")
    expect(page.locator(".basket .line")).to_contain_text("Kaos")


def test_a_product_named_like_markup_is_text(till: Callable[..., Page], shop: Shop) -> None:
    name = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    body = {"name": {"id": name, "en": name}, "workshop": "WS-RTI", "category": "pangan", "unit": "buah"}
    body |= {"required_skill": "bakery-dasar", "shelf_life_days": None, "active": True}  # type: ignore[dict-item]
    staff = Person(shop.system.url, "staff")
    staff.put("/inventory/v1/products/XSS-001", body | {"list_price": 1000, "material_cost": 0})
    until("the shop hears of it", lambda: "XSS-001" in shop.catalogue())
    page = till()
    sell_one(page, "XSS-001")
    page.keyboard.press("F9")
    page.get_by_role("button", name="Nota", exact=True).click()
    expect(page.locator(".slip")).to_contain_text(name)
    assert page.locator("#screen script, #screen img[src=x]").count() == 0
    staff.put("/inventory/v1/products/XSS-001", body | {"list_price": 1000, "material_cost": 0, "active": False})


def test_in_english_by_a_switch_that_is_remembered(open_page: Open, shop: Shop) -> None:
    page = open_page(size=TABLET)
    pair(page, shop)
    page.get_by_role("button", name="English").click()
    open_shift(page)
    expect(page.locator("[data-pay]")).to_contain_text("Pay")
    look(page, "register-english")
    page.reload()
    expect(page.locator("[data-pay]")).to_contain_text("Pay")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_selling_is_accessible_and_fits_the_screen(till: Callable[..., Page], shop: Shop) -> None:
    shop.deliver(BREAD, 10)
    page = till()
    for sku in (BREAD, SHIRT, "KRJ-001", "MBL-001", "BTL-001"):
        scan(page, sku)
    look(page, "register-sell")
    assert accessible(page) == []
    for size in ({"width": 1024, "height": 768}, {"width": 1366, "height": 850}, {"width": 1280, "height": 800}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        wide, high = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert (wide, high) == (size["width"], size["height"])
        clipped = page.evaluate(
            "[...document.querySelectorAll('.tile')].filter((tile) => tile.scrollHeight > tile.clientHeight + 1).length"
        )
        assert clipped == 0
    page.keyboard.press("F2")
    assert accessible(page) == []
    assert page.locator("[data-finish]").is_visible()
