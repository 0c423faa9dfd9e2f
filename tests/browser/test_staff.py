"""A day of staff at the workshops, in a browser: outputs, labels, consignments, differences, stock, traces."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from uuid_utils.compat import uuid7

from shared.clock import now
from shared.jsontext import instant
from shared.local.running import Running
from tests.browser.conftest import DESKTOP, PHONE, TABLET, accessible, look
from tests.browser.staff import OUTLET, SKU, WORKSHOP, Goods

Open = Callable[..., Page]


@pytest.fixture
def goods(stocked: Running) -> Goods:
    return Goods(stocked)


def _seen(page: Page, name: str) -> None:
    """Looked at, and usable by everybody."""
    look(page, name)
    assert accessible(page) == [], name


def _accept(page: Page, output: str, good: str, rejected: str) -> str:
    """Accept an output with these figures; the lot's code."""
    page.goto("/inventory/outputs")
    card = page.locator(f"#o-{output}")
    card.get_by_label("Baik", exact=True).fill(good)
    card.get_by_label("Gagal", exact=True).fill(rejected)
    card.get_by_role("button", name="Terima").click()
    page.wait_for_url(re.compile("/label"))
    return page.url.split("/lots/")[1].split("/")[0]


def _consign(page: Page, lot: str, quantity: str) -> str:
    """Write and send a delivery note for a lot; its id."""
    page.goto("/inventory/consignments/new")
    page.get_by_label("Dari").select_option(WORKSHOP)
    page.get_by_label("Ke", exact=True).select_option(OUTLET)
    page.get_by_role("button", name="Lanjut").click()
    page.locator(f'[name="n.{SKU}/{lot}"]').fill(quantity)
    _seen(page, "4-consignment-new")
    page.get_by_role("button", name="Simpan surat jalan").click()
    page.get_by_text("Kirim …").click()
    _seen(page, "5-consignment-confirm")
    page.get_by_role("button", name="Ya, kirim sekarang").click()
    expect(page.get_by_text("dalam perjalanan", exact=True)).to_be_visible()
    return page.url.rsplit("/", 1)[1]


def test_from_the_terminals_output_to_the_sale_every_piece_can_be_followed(goods: Goods, open_page: Open) -> None:
    makers = [goods.maker("Baso (uji)", skilled=True), goods.maker("Daeng (uji)", skilled=True)]
    output = goods.propose(makers, good=105, rejected=3)
    page = open_page(role="staff", size=TABLET)
    page.goto("/inventory/outputs")
    _seen(page, "1-outputs")
    lot = _accept(page, output, "100", "5")
    expect(page.get_by_role("status")).to_contain_text(lot)
    _seen(page, "2-label")

    consignment = _consign(page, lot, "60")
    _seen(page, "6-consignment-sent")
    goods.receive(consignment, lot, good=57, damaged=1)
    page.reload()
    expect(page.get_by_role("heading", name="Ada selisih")).to_be_visible()
    _seen(page, "7-consignment-received")

    page.get_by_role("link", name="Selesaikan").click()
    card = page.get_by_role("article").filter(has_text=lot)
    expect(card.get_by_role("heading")).to_contain_text("kurang 2")
    _seen(page, "8-differences")
    card.get_by_label("Yang terjadi").select_option("not-sent")
    card.get_by_role("button", name="Selesaikan").click()
    expect(page.get_by_role("alert")).to_be_visible()  # who sent them does not say what became of them
    _seen(page, "9-not-by-the-sender")
    second = open_page(role="staff", size=TABLET)
    second.goto("/inventory/discrepancies")
    card = second.get_by_role("article").filter(has_text=lot)
    card.get_by_label("Yang terjadi").select_option("not-sent")
    card.get_by_role("button", name="Selesaikan").click()
    expect(second.get_by_role("article").filter(has_text=lot)).to_have_count(0)

    goods.sell(lot, 20)
    page.goto(f"/inventory/lots/{lot}")
    _seen(page, "10-trace")
    _add_up(page, made=105)
    expect(page.get_by_role("img")).to_contain_text("terjual")


def _figures(page: Page, selector: str) -> list[Decimal]:
    texts = page.locator(selector).all_text_contents()
    return [Decimal(text.strip().replace(".", "").replace(",", ".")) for text in texts]


def _add_up(page: Page, made: int) -> None:
    """Picture, table of places and table of flows all tell of the same pieces."""
    assert sum(_figures(page, "#where tbody td.count")) == made
    assert _figures(page, "#where tfoot td.count") == [made]
    # In the picture: all that stands in boxes but "made", and what dropped out of the chain below them.
    boxes, dropped = _figures(page, ".place .sum"), _figures(page, ".arrow .quantity.beside")
    assert boxes[0] == made
    assert sum(boxes[1:]) + sum(dropped) == made
    arrows = _figures(page, ".arrow .quantity")
    flows = _figures(page, "#flows td.count")
    assert sum(arrows) == sum(flows)


def test_a_maker_without_the_skill_is_flagged_and_acceptance_is_refused_in_words(goods: Goods, open_page: Open) -> None:
    makers = [goods.maker("Cakra (uji)", skilled=True), goods.maker("Dodi (uji)", skilled=False)]
    output = goods.propose(makers, good=12)
    page = open_page(role="staff")
    page.goto("/inventory/outputs")
    card = page.locator(f"#o-{output}")
    expect(card.get_by_role("listitem").filter(has_text=makers[1])).to_contain_text("belum punya keahlian")
    expect(card.get_by_role("listitem").filter(has_text=makers[0])).not_to_contain_text("belum punya keahlian")
    _seen(page, "11-flagged")
    card.get_by_label("Baik", exact=True).fill("11")
    card.get_by_role("button", name="Terima").click()
    expect(page.get_by_role("alert")).to_contain_text(f"{makers[1]} tidak punya keahlian {goods.skill}")
    expect(page.get_by_label("Baik", exact=True)).to_have_value("11")
    _seen(page, "12-refused")
    page.get_by_text("Tolak …").click()
    page.get_by_label("Alasan").fill("Gosong <b>semua</b>")
    page.get_by_role("button", name="Tolak", exact=True).click()
    page.wait_for_url(re.compile("/outputs$"))
    expect(page.get_by_role("row").filter(has_text="Gosong <b>semua</b>")).to_contain_text("ditolak")


def test_more_than_lies_on_the_shelf_is_refused_and_nothing_typed_is_lost(goods: Goods, open_page: Open) -> None:
    makers = [goods.maker("Eko (uji)", skilled=True)]
    first, second = goods.lot(makers, 10), goods.lot(makers, 10)
    page = open_page(role="staff", size=TABLET)
    page.goto(f"/inventory/consignments/new?from={WORKSHOP}&outlet={OUTLET}")
    page.locator(f'[name="n.{SKU}/{first}"]').fill("4.5")
    page.locator(f'[name="n.{SKU}/{second}"]').fill("12")
    page.get_by_role("button", name="Simpan surat jalan").click()
    expect(page.get_by_role("alert")).to_contain_text("diminta 12, di rak hanya ada 10")
    expect(page.locator(f'[name="n.{SKU}/{first}"]')).to_have_value("4.5")
    expect(page.locator(f'[name="n.{SKU}/{second}"]')).to_have_value("12")
    _seen(page, "13-too-much")


def test_a_product_named_like_a_script_is_text_everywhere(goods: Goods, open_page: Open) -> None:
    known = next(one for one in goods.staff.get("/inventory/v1/products", limit=1000)["items"] if one["sku"] == SKU)
    name = "<script>window.bad = 1</script> & 'kue' \u2013 é"
    body = {key: value for key, value in known.items() if key not in {"sku", "version"}}
    goods.staff.put("/inventory/v1/products/RTI-XSS", body | {"name": {"id": name, "en": name}})
    makers = [goods.maker("Fajar (uji)", skilled=True)]
    output = goods.propose(makers, good=5, sku="RTI-XSS")
    page = open_page(role="staff")
    lot = _accept(page, output, "5", "0")
    for path in ("outputs", "stock", "lots?q=RTI-XSS", f"lots/{lot}", f"lots/{lot}/label?copies=2"):
        page.goto(f"/inventory/{path}")
        expect(page.locator("main")).to_contain_text(name)
        assert page.evaluate("window.bad") is None


def test_the_keyboard_alone_accepts_and_sends(goods: Goods, open_page: Open) -> None:
    output = goods.propose([goods.maker("Gani (uji)", skilled=True)], good=8)
    page = open_page(role="staff")
    page.goto(f"/inventory/outputs/{output}")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Langsung ke isi")).to_be_focused()
    page.keyboard.press("Enter")
    _tab_to(page, "good")
    page.keyboard.type("7")
    page.keyboard.press("Tab")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/label"))
    lot = page.url.split("/lots/")[1].split("/")[0]
    page.goto(f"/inventory/consignments/new?from={WORKSHOP}&outlet={OUTLET}")
    _tab_to(page, f"n.{SKU}/{lot}")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/consignments/[0-9a-f-]{36}"))
    _tab_to(page, "SUMMARY")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("dalam perjalanan", exact=True)).to_be_visible()


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until a field of that name, or an element of that kind, has the focus."""
    for _ in range(300):
        page.keyboard.press("Tab")
        if page.evaluate("[document.activeElement.name, document.activeElement.tagName]").count(name):
            return
    raise AssertionError(f"{name} cannot be reached with Tab")


@pytest.mark.parametrize("size", [TABLET, DESKTOP, PHONE], ids=["tablet", "desktop", "phone"])
def test_every_page_of_staff_is_usable_at_this_size(goods: Goods, open_page: Open, size: dict[str, Any]) -> None:
    lot = goods.lot([goods.maker("Hasan (uji)", skilled=True)], 30)
    note = goods.staff.post(
        "/inventory/v1/consignments",
        {"id": str(uuid7()), "from": WORKSHOP, "outlet": OUTLET, "lines": [{"sku": SKU, "lot": lot, "quantity": 9}]},
    )["id"]
    goods.staff.post(f"/inventory/v1/consignments/{note}/dispatch")
    goods.receive(note, lot, good=9, ahead=20)
    told = instant(now() + timedelta(hours=20))
    goods.propose([goods.maker("Rusdi (uji)", skilled=True)], 4, made_at=told, recorded_at=told)
    page, width = open_page(role="staff", size=size, lang="en" if size is DESKTOP else "id"), size["viewport"]["width"]
    here = f"consignments/{note}"
    paths = {
        "outputs": "outputs",
        "consignments": "consignments",
        "consignment-new": "consignments/new",
        "consignment": here,
        "delivery-note": f"{here}/delivery-note",
        "goods-receipt": f"{here}/goods-receipt",
        "differences": "discrepancies",
        "stock": "stock",
        "lots": "lots",
        "lot": f"lots/{lot}",
        "label": f"lots/{lot}/label",
        "write-offs": "write-offs",
        "write-off-new": f"write-offs/new?location={WORKSHOP}",
    }
    for name, path in paths.items():
        page.goto(f"/inventory/{path}")
        look(page, f"20-{width}-{name}")
        if size is TABLET:
            assert accessible(page) == [], name
        # Not beside innerWidth: on a phone that grows with what does not fit.
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
