"""What becomes of what a terminal recorded: decided by staff, refused, unsent, half-made when the power went."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from uuid_utils.compat import uuid7

from services.system.demo.api import Person
from shared.local.running import Running
from tests.browser.conftest import DESKTOP, accessible, look
from tests.browser.terminals import WORKSHOP, by_hand, let_in, maker, outputs, pair, ready, reopened, row, scan
from tests.waiting import until

_HALF_MADE = """() => new Promise((resolve, reject) => {
    const opened = indexedDB.open("lapak-terminal");
    opened.onerror = () => reject(opened.error);
    opened.onsuccess = () => {
        const asked = opened.result.transaction("kv").objectStore("kv").get("entry");
        asked.onsuccess = () => {
            opened.result.close();
            resolve(asked.result ? [asked.result.good, asked.result.makers.length] : null);
        };
    };
})"""


@pytest.fixture
def terminal(open_page: Callable[..., Page], stocked: Running) -> Callable[..., Page]:
    """`terminal(workshop=…, size=…)`: a paired terminal whose files the service worker keeps."""
    return lambda workshop=WORKSHOP, size=DESKTOP: let_in(open_page(size=size), stocked, workshop)


def test_the_list_says_what_staff_decided(terminal: Callable[..., Page], stocked: Running) -> None:
    page, ref, staff = terminal(), maker(stocked), Person(stocked.url, "staff")
    for count, keys in enumerate(("140", "16"), start=1):
        by_hand(page, keys)
        scan(page, ref)
        expect(page.locator(".maker")).to_have_count(1)
        by_hand(page, "Enter")
        expect(row(page, "proposed")).to_have_count(count)
    ids = {made["good"]: made["id"] for made in outputs(stocked, ref)}
    lot = staff.post(f"/inventory/v1/outputs/{ids[40]}/acceptance", {"good": 38, "rejected": 2})["lot"]
    staff.post(f"/inventory/v1/outputs/{ids[6]}/rejection", {"reason": "gosong semua"})
    page.reload()
    expect(row(page, "accepted")).to_contain_text(f"38 buah · nomor produksi {lot}")
    expect(row(page, "rejected")).to_contain_text("gosong semua")
    look(page, "terminal-decided")
    assert accessible(page) == []
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="What was made?")).to_be_visible()
    expect(row(page, "accepted")).to_contain_text(f"lot {lot}")
    look(page, "terminal-english")


def test_what_the_server_will_not_have_stays_visible_and_can_be_mended(
    terminal: Callable[..., Page], stocked: Running
) -> None:
    staff, sku, ref = Person(stocked.url, "staff"), f"MV-{uuid7().hex[-8:]}", maker(stocked)
    workshop, other = (f"WS-{uuid7().hex[-8:]}" for _ in range(2))
    product: dict[str, Any] = {
        "name": {"id": "<script>alert(1)</script>", "en": "<b>Bold</b>"},
        "workshop": workshop,
        "unit": "buah",
    }
    product |= {"category": "roti", "required_skill": "bakery-dasar", "list_price": 1, "material_cost": 1}
    product |= {"shelf_life_days": None, "active": True}
    for code in (workshop, other):
        staff.put(f"/inventory/v1/workshops/{code}", {"name": "Bengkel <uji>"})
    staff.put(f"/inventory/v1/products/{sku}", product)
    page = terminal(workshop=workshop)
    expect(page.get_by_text("<script>alert(1)</script>")).to_be_visible()
    staff.put(f"/inventory/v1/products/{sku}", product | {"workshop": other})
    by_hand(page, "14")
    scan(page, ref)
    expect(page.locator(".maker")).to_have_count(1)
    by_hand(page, "Enter")
    expect(row(page, "refused")).to_contain_text("produk ini dibuat di bengkel lain")
    expect(page.locator(".badge.state")).to_contain_text("1 ditolak")
    look(page, "terminal-refused")
    assert accessible(page) == []
    staff.put(f"/inventory/v1/products/{sku}", product)
    page.get_by_role("button", name="Perbaiki").click()
    expect(page.get_by_label("Jumlah baik")).to_have_value("4")
    by_hand(page, "Enter")
    expect(row(page, "proposed")).to_contain_text("<script>alert(1)</script>")
    expect(page.locator(".badge.state")).to_have_text("Semua terkirim")
    assert len(outputs(stocked, ref, workshop)) == 1


def test_what_was_refused_is_tried_again_after_a_while_by_itself(
    open_page: Callable[..., Page], stocked: Running
) -> None:
    """Whoever refused it may be another version by now, or know what it refers to."""
    staff, ref, workshop = Person(stocked.url, "staff"), maker(stocked), f"WS-{uuid7().hex[-8:]}"
    product: dict[str, Any] = {
        "name": {"id": "Kue", "en": "Cake"},
        "workshop": workshop,
        "unit": "buah",
        "category": "roti",
    }
    product |= {"required_skill": "bakery-dasar", "list_price": 1, "material_cost": 1, "shelf_life_days": None}
    sku = f"MV-{uuid7().hex[-8:]}"
    staff.put(f"/inventory/v1/workshops/{workshop}", {"name": "Bengkel"})
    staff.put(f"/inventory/v1/products/{sku}", product | {"active": True})
    page = open_page(size=DESKTOP)
    page.clock.install()
    let_in(page, stocked, workshop)
    staff.put(f"/inventory/v1/products/{sku}", product | {"active": True, "workshop": WORKSHOP})
    by_hand(page, "14")
    scan(page, ref)
    expect(page.locator(".maker")).to_have_count(1)
    by_hand(page, "Enter")
    expect(page.locator(".badge.state")).to_contain_text("1 ditolak")
    staff.put(f"/inventory/v1/products/{sku}", product | {"active": True})
    page.clock.fast_forward(540_000)
    expect(page.locator(".badge.state")).to_contain_text("1 ditolak")
    page.clock.fast_forward(120_000)
    expect(row(page, "proposed")).to_have_count(1)
    assert len(outputs(stocked, ref, workshop)) == 1


def test_without_network_recording_goes_on_and_everything_is_sent_later(
    terminal: Callable[..., Page], stocked: Running
) -> None:
    page, ref = terminal(), maker(stocked)
    page.context.set_offline(True)
    page.reload()  # from the service worker
    expect(page.locator(".tile").first).to_be_visible()
    for quantity in ("17", "18"):
        by_hand(page, quantity)
        scan(page, ref)
        expect(page.locator(".maker")).to_have_count(1)
        expect(page.get_by_text("Sertifikat")).to_have_count(0)
        by_hand(page, "Enter")
        expect(page.locator(".made-count b").first).to_have_text(quantity[1:])
    expect(row(page, "waiting")).to_have_count(2)
    expect(page.locator(".badge.state")).to_contain_text("2 belum terkirim")
    look(page, "terminal-offline")
    assert accessible(page) == []
    page.locator(".badge.state").click()
    expect(page.get_by_role("dialog")).to_contain_text("Hasil kerja")
    page.keyboard.press("Escape")
    page.context.set_offline(False)
    expect(row(page, "proposed")).to_have_count(2)
    expect(page.locator(".badge.state")).to_have_text("Semua terkirim")
    assert sorted(made["good"] for made in outputs(stocked, ref)) == [7, 8]


def test_closing_the_browser_loses_neither_the_queue_nor_what_is_half_made(
    browser: Browser, chromium: str, stocked: Running, tmp_path: Path
) -> None:
    ref, complaints = maker(stocked), list[str]()
    with reopened(browser, chromium, stocked, tmp_path / "pc", complaints) as page:
        pair(page, stocked, role="terminal", workshop=WORKSHOP)
        ready(page)
        page.context.set_offline(True)
        by_hand(page, "133")
        scan(page, ref)
        expect(page.locator(".maker")).to_have_count(1)
        by_hand(page, "Enter")
        expect(row(page, "waiting")).to_contain_text("33")
        by_hand(page, "244")
        scan(page, ref)
        expect(page.locator(".maker")).to_have_count(1)
        until("it is on the disk", lambda: page.evaluate(_HALF_MADE) == ["44", 1])  # what is shown is saved meanwhile
    assert outputs(stocked, ref) == []
    with reopened(browser, chromium, stocked, tmp_path / "pc", complaints) as page:
        page.goto("/inventory/terminal/")
        expect(page.get_by_label("Jumlah baik")).to_have_value("44")
        expect(page.locator(".maker")).to_have_count(1)
        by_hand(page, "Enter")
        expect(row(page, "proposed")).to_have_count(2)
    assert sorted(made["good"] for made in outputs(stocked, ref)) == [33, 44]
    assert complaints == []


def test_a_code_for_another_device_does_not_open_the_terminal(open_page: Callable[..., Page], stocked: Running) -> None:
    body = {"role": "register", "outlet": "OUT-DKR", "register": "OUT-DKR-1"}
    code = Person(stocked.url, "operator").post("/sales/v1/pairings", body)["code"]
    page = open_page()
    page.goto("/inventory/terminal/")
    for wrong in (code, "WRONG-CODES"):
        page.get_by_label("Kode").fill(wrong)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(re.compile("salah|Terlalu banyak"))
    look(page, "terminal-pairing")
    assert accessible(page) == []
