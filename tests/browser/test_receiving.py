"""Receiving at a shop in a real browser: the count comes first, then what was sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from uuid_utils.compat import uuid7

from shared.clock import now
from shared.jsontext import instant
from shared.local.running import Running
from tests.browser.arrivals import Shop
from tests.browser.conftest import DESKTOP, PHONE, TABLET, accessible, look
from tests.browser.terminals import SKU, by_hand, maker, reopened, scan
from tests.waiting import until

NAME = "Roti cokelat"
#: All that the screen keeps on the device, as text.
KEPT = """async () => {
  const { Store } = await import("/inventory/static/shared/store.js");
  const store = await Store.open("lapak-receiving");
  const kept = await store.read(async (tx) => [await tx.all("kv"), await tx.all("records"), await tx.all("outbox")]);
  store.close();
  return JSON.stringify(kept);
}"""


@pytest.fixture
def shop(stocked: Running) -> Shop:
    made = Shop(stocked, maker(stocked))

    def sold() -> set[str]:
        return {one["sku"] for one in made.person.get("/sales/v1/catalogue", outlet=made.outlet)["items"]}

    until("sales knows the products", lambda: {SKU, "RTI-002"} <= sold())
    return made


def sign(page: Page, code: str = "ksr-07") -> None:
    page.get_by_role("button", name="Selesai menghitung").click()
    page.get_by_label("Kode kasir").fill(code)
    page.keyboard.press("Enter")


def lines(page: Page) -> Any:
    return page.locator(".counted")


def test_goods_are_counted_before_anyone_sees_what_was_sent(open_page: Callable[..., Page], shop: Shop) -> None:
    first, second = sorted(shop.lot() for _ in range(2))
    note = shop.send((first, 77), (second, 66))
    page = shop.open(open_page(size=TABLET))
    expect(page.get_by_text("2 lot")).to_be_visible()
    look(page, "receiving-list")
    assert accessible(page) == []
    page.get_by_role("button", name="Hitung", exact=True).click()
    expect(lines(page)).to_have_count(2)
    assert re.findall(r"\b(?:77|66)\b", page.inner_text("body")) == []
    kept = page.evaluate(KEPT)
    assert first in kept
    assert "quantity" not in kept
    by_hand(page, "75")
    by_hand(page, "Enter")
    by_hand(page, "66")
    by_hand(page, "Enter")
    by_hand(page, "2")
    look(page, "receiving-count")
    assert accessible(page) == []
    page.get_by_role("button", name="Selesai menghitung").click()
    page.get_by_label("Kode kasir").fill("Siti Aminah")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Bukan nama")
    look(page, "receiving-sign")
    assert accessible(page) == []
    page.get_by_label("Kode kasir").fill("ksr-07")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Hitungan cocok dengan surat jalan.")).to_be_visible()
    look(page, "receiving-agrees")
    assert shop.counted(note) == [(first, 75, 2), (second, 66, 0)]
    assert shop.receipts(note)[0]["signed_by"] == "ksr-07"


def test_labels_are_scanned_one_by_one_by_keyboard_and_scanner_alone(
    open_page: Callable[..., Page], shop: Shop
) -> None:
    lot = shop.lot()
    note = shop.send((lot, 5))
    page = shop.open(open_page(size=DESKTOP))
    page.get_by_role("button", name="Hitung", exact=True).focus()
    by_hand(page, "Enter")
    expect(lines(page)).to_have_count(1)
    for _ in range(3):
        scan(page, f"https://lapak.test/inventory/p/{lot}")
    expect(page.get_by_label(f"Baik: {NAME} {lot}")).to_have_value("3")
    page.get_by_role("button", name="Rusak", exact=True).click()
    scan(page, lot.lower())
    expect(page.get_by_label(f"Rusak: {NAME} {lot}")).to_have_value("1")
    page.get_by_role("button", name="Baik", exact=True).click()
    scan(page, "wmaker00123")
    expect(page.get_by_text("bukan nomor produksi")).to_be_visible()
    sign(page)
    expect(page.get_by_text("Ada selisih dengan surat jalan.")).to_be_visible()
    assert shop.counted(note) == [(lot, 3, 1)]


def test_a_lot_that_is_not_on_the_note_is_added_and_the_difference_stays_open(
    open_page: Callable[..., Page], shop: Shop
) -> None:
    lot, stray = shop.lot(), shop.lot()
    note = shop.send((lot, 5))
    page = shop.open(open_page(size=DESKTOP))
    page.get_by_role("button", name="Hitung", exact=True).click()
    by_hand(page, "4")
    by_hand(page, "")
    scan(page, stray)  # nobody here knows it: which product is it?
    expect(page.get_by_role("dialog")).to_contain_text(stray)
    look(page, "receiving-which-product")
    assert accessible(page) == []
    page.get_by_label("Cari produk").fill(SKU)
    page.get_by_role("dialog").get_by_role("button", name=SKU).click()
    expect(lines(page)).to_have_count(2)
    scan(page, stray)
    expect(page.get_by_label(f"Baik: {NAME} {stray}")).to_have_value("2")
    look(page, "receiving-surplus")
    assert accessible(page) == []
    sign(page)
    expect(page.get_by_text("Ada selisih dengan surat jalan.")).to_be_visible()
    expect(page.locator(f"tr[data-lot={lot}]")).to_contain_text("kurang 1")
    expect(page.locator(f"tr[data-lot={stray}]")).to_contain_text("lebih 2")
    look(page, "receiving-differs")
    assert accessible(page) == []
    assert shop.counted(note) == sorted([(lot, 4, 0), (stray, 2, 0)])
    page.get_by_role("button", name="Ke daftar kiriman").click()
    expect(page.get_by_text("Tidak ada kiriman di jalan.")).to_be_visible()
    expect(page.get_by_role("group", name="Selisih terbuka")).to_contain_text("kurang 1")
    look(page, "receiving-differences")
    assert accessible(page) == []
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Open differences")).to_be_visible()
    look(page, "receiving-english")


def test_a_count_by_touch_alone(open_page: Callable[..., Page], shop: Shop) -> None:
    lot = shop.lot()
    note = shop.send((lot, 12))
    page = shop.open(open_page(size=TABLET))
    page.get_by_role("button", name="Hitung", exact=True).tap()
    for name in ("1", "2", "Hapus angka terakhir", "0"):
        page.get_by_role("button", name=name, exact=True).tap()
    page.get_by_label(f"Rusak: {NAME} {lot}").tap()
    page.get_by_role("button", name="2", exact=True).tap()
    page.get_by_role("button", name="Selesai menghitung").tap()
    page.get_by_label("Kode kasir").fill("ksr-1")
    page.get_by_role("button", name="Tanda tangani").tap()
    expect(page.get_by_text("Hitungan cocok dengan surat jalan.")).to_be_visible()
    assert shop.counted(note) == [(lot, 10, 2)]


def test_without_network_the_count_is_kept_and_compared_once_it_was_sent(
    open_page: Callable[..., Page], shop: Shop
) -> None:
    lot = shop.lot()
    note = shop.send((lot, 9))
    page = shop.open(open_page(size=TABLET))
    expect(page.locator(f"[data-note='{note}']")).to_be_visible()
    page.context.set_offline(True)
    page.reload()  # from the service worker
    page.get_by_role("button", name="Hitung", exact=True).click()
    by_hand(page, "8")
    sign(page)
    expect(page.get_by_text("Perbandingan dengan surat jalan menyusul setelah terkirim.")).to_be_visible()
    expect(page.locator(".badge.state")).to_contain_text("1 belum terkirim")
    look(page, "receiving-offline")
    assert accessible(page) == []
    page.get_by_role("button", name="Ke daftar kiriman").click()
    expect(page.locator(f"[data-note='{note}']")).to_have_count(0)  # nobody counts it twice
    page.locator("[data-state=waiting]").get_by_role("button", name="Lihat").click()
    page.context.set_offline(False)
    expect(page.locator(f"tr[data-lot={lot}]")).to_contain_text("kurang 1")
    assert shop.counted(note) == [(lot, 8, 0)]


def test_closing_the_browser_loses_neither_a_half_made_count_nor_the_queue(
    browser: Browser, chromium: str, shop: Shop, tmp_path: Path
) -> None:
    first, second, complaints = shop.lot(), shop.lot(), list[str]()
    notes = [shop.send((first, 30)), shop.send((second, 40))]
    with reopened(browser, chromium, shop.system, tmp_path / "tablet", complaints) as page:
        shop.open(page)
        page.context.set_offline(True)
        page.locator(f"[data-note='{notes[0]}']").get_by_role("button").click()
        by_hand(page, "30")
        sign(page)
        page.get_by_role("button", name="Ke daftar kiriman").click()
        page.locator(f"[data-note='{notes[1]}']").get_by_role("button").click()
        by_hand(page, "38")
        expect(page.get_by_label(f"Baik: {NAME} {second}")).to_have_value("38")
    assert [shop.receipts(note) for note in notes] == [[], []]
    with reopened(browser, chromium, shop.system, tmp_path / "tablet", complaints) as page:
        page.goto("/inventory/receiving/")
        expect(page.get_by_label(f"Baik: {NAME} {second}")).to_have_value("38")
        sign(page)
        expect(page.locator(f"tr[data-lot={second}]")).to_contain_text("kurang 2")
    assert shop.counted(notes[0]) == [(first, 30, 0)]
    assert complaints == []


def test_a_receipt_that_the_server_will_not_have_is_shown_and_mended(
    open_page: Callable[..., Page], shop: Shop
) -> None:
    lot, other = shop.lot(), shop.lot(sku="RTI-002")
    note = shop.send((lot, 4))
    page = shop.open(open_page())
    page.get_by_role("button", name="Hitung", exact=True).click()
    by_hand(page, "4")
    by_hand(page, "")
    scan(page, other)  # it is of RTI-002, and somebody takes it for RTI-001
    page.get_by_role("dialog").get_by_role("button", name=SKU).click()
    expect(lines(page)).to_have_count(2)
    sign(page)
    expect(page.get_by_role("alert")).to_contain_text(f"{other} ({NAME})")
    expect(page.locator(".badge.state")).to_contain_text("1 ditolak")
    look(page, "receiving-refused")
    assert accessible(page) == []
    page.get_by_role("button", name="Perbaiki hitungan").click()
    lines(page).nth(1).get_by_role("button", name="Hapus").click()
    expect(lines(page)).to_have_count(1)
    sign(page)
    expect(page.get_by_text("Hitungan cocok dengan surat jalan.")).to_be_visible()
    assert shop.counted(note) == [(lot, 4, 0)]


def test_whoever_counts_what_another_register_received_is_warned(open_page: Callable[..., Page], shop: Shop) -> None:
    lot = shop.lot()
    note = shop.send((lot, 4))
    page = shop.open(open_page())
    page.get_by_role("button", name="Hitung", exact=True).click()
    by_hand(page, "3")
    expect(page.get_by_text("mungkin sudah diterima di kasir lain")).to_have_count(0)
    goods = [{"sku": SKU, "lot": lot, "good": 4, "damaged": 0}]
    body = {"id": str(uuid7()), "received_at": instant(now()), "lines": goods}
    shop.person.post(f"/inventory/v1/consignments/{note}/receipts", body)
    page.reload()
    expect(page.get_by_text("mungkin sudah diterima di kasir lain")).to_be_visible()
    expect(page.get_by_label(f"Baik: {NAME} {lot}")).to_have_value("3")
    look(page, "receiving-gone")
    assert accessible(page) == []


def test_who_is_not_paired_is_led_to_the_register_and_the_register_leads_here(
    open_page: Callable[..., Page], shop: Shop
) -> None:
    page = open_page(size=PHONE)
    page.goto("/inventory/receiving/")
    expect(page.get_by_text("Pasangkan dulu sebagai kasir.")).to_be_visible()
    look(page, "receiving-unpaired")
    assert accessible(page) == []
    shop.open(page)
    look(page, "receiving-phone")
    assert accessible(page) == []
    page.get_by_role("link", name="Kembali ke kasir").click()
    page.wait_for_url("**/sales/register/")
