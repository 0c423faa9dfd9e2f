"""The register as a cashier uses it, with network: by touch alone, by keyboard and scanner alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from services.system.demo.api import Person, until
from shared.local.running import Running
from tests.browser.conftest import TABLET, accessible, look
from tests.browser.shop import (
    BREAD,
    SHIRT,
    Open,
    Shop,
    new_shop,
    open_shift,
    pair,
    pay_exactly,
    scan,
    search,
    sell_one,
    unsent,
)

PRICE = 5000


@pytest.fixture
def shop(stocked: Running) -> Shop:
    """A shop with bread on its shelf."""
    return new_shop(stocked)


@pytest.fixture
def till(open_page: Open, shop: Shop) -> Callable[..., Page]:
    """`till(lang="id")`: the shop's register on a tablet, paired, its shift open."""

    def till(lang: str = "id") -> Page:
        page = open_page(size=TABLET, lang=lang)
        pair(page, shop)
        open_shift(page)
        return page

    return till


def costs(page: Page, amount: int) -> None:
    """Wait until the basket says that it costs so much."""
    expect(page.locator("[data-total]")).to_have_attribute("data-total", str(amount))


def printed(page: Page, times: int) -> None:
    """Wait until so much was sent to the printer."""
    until(f"printed {times} times", lambda: bool(page.evaluate("window.printed") == times))


def has_lines(page: Page, count: int) -> None:
    """Wait until so many lines are in the basket."""
    expect(page.locator(".basket .line")).to_have_count(count)


def test_a_wrong_code_is_refused_and_a_right_one_works_once(open_page: Open, shop: Shop) -> None:
    page, code = open_page(size=TABLET), shop.code()
    page.goto("/sales/register/")
    page.get_by_label("Kode").fill("AAAAA-AAAAA")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Kode salah")
    assert accessible(page) == []
    page.get_by_label("Kode").fill(code.lower().replace("-", " "))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Buka kasir")).to_be_visible()
    other = open_page(size=TABLET)
    other.goto("/sales/register/")
    other.get_by_label("Kode").fill(code)
    other.keyboard.press("Enter")
    expect(other.get_by_role("alert")).to_contain_text("Kode salah")


def test_a_code_of_another_kind_of_device_is_refused(open_page: Open, stocked: Running) -> None:
    operator = Person(stocked.url, "operator")
    made = operator.post("/sales/v1/pairings", {"role": "terminal", "workshop": "WS-RTI"})
    page = open_page(size=TABLET)
    page.goto("/sales/register/")
    page.get_by_label("Kode").fill(made["code"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("untuk perangkat lain")


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
    assert waited < 1000


def test_the_same_label_twice_within_a_moment_asks(till: Callable[..., Page], shop: Shop) -> None:
    lot = shop.deliver(BREAD, 10)
    page = till()
    scan(page, lot)
    has_lines(page, 1)
    scan(page, lot)
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


def test_a_receipt_that_is_printed_again_says_copy(till: Callable[..., Page], shop: Shop) -> None:
    page = till()
    page.evaluate("window.print = () => { window.printed = (window.printed ?? 0) + 1; }")
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

    def give_back(at: Page, receipt: str, pieces: int) -> None:
        at.keyboard.press("F8")
        at.get_by_label("Nomor nota").fill(receipt)
        at.keyboard.press("Enter")
        for _ in range(pieces):
            at.get_by_label(re.compile("^Tambah Roti")).click()
        look(at, "register-refund")
        at.locator("button[data-refund]").click()
        expect(at.get_by_role("dialog")).to_have_count(0)
        unsent(at, 0)

    give_back(page, "1", 1)
    other_shop = new_shop(shop.system)
    other = open_page(size=TABLET)
    pair(other, other_shop)
    open_shift(other)
    give_back(other, f"{shop.register}-000001", 2)
    page.keyboard.press("F8")
    page.get_by_label("Nomor nota").fill("1")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .line")).to_contain_text("sudah kembali semua")
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
