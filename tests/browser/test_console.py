"""The consoles of sales, inventory and training as their people see them: what needs attention first, then figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from uuid_utils.compat import uuid7

from services.system.demo.api import Person
from shared.clock import MAKASSAR, now
from shared.jsontext import instant
from shared.local.running import Running
from tests.browser.conftest import DESKTOP, PHONE, accessible, look

OUTLET, FAR = "OUT-CONSOLE", "OUT-CONSOLE-2"
PRICES = {"GRM-001": 85_000, "RTI-001": 5_000, "KRJ-004": 10_000, "BTL-003": 55_000, "SBT-001": 45_000}
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def traded(stocked: Running) -> Running:
    """Four weeks of sales at two outlets of these tests' own: without lots, so that there is something to do."""
    city = Person(stocked.url, "city")
    names = {OUTLET: "Serambi Dekranasda, Anjungan Pantai Losari", FAR: "Kanrerong Karebosi"}
    for outlet, name in names.items():
        city.put(f"/sales/v1/outlets/{outlet}", {"name": name, "kind": "permanent"})
        city.put(f"/sales/v1/registers/{outlet}-1", {"outlet": outlet, "name": "Kasir 1"})
        till = Person(stocked.url, "register", {"outlet": outlet, "register": f"{outlet}-1"})
        shift, begun = str(uuid7()), now() - timedelta(days=27)
        opened = {"register": f"{outlet}-1", "opened_at": instant(begun), "opening_float": 100_000}
        till.put(f"/sales/v1/shifts/{shift}", opened | {"cashier": "kasir-1"})
        sales = _sales(shift, outlet == OUTLET)
        till.post(f"/sales/v1/registers/{outlet}-1/sales", {"sales": sales})
        back = _return(sales[-1])
        till.post(f"/sales/v1/registers/{outlet}-1/returns", {"returns": [back]})
    return stocked


def _sales(shift: str, many: bool) -> list[dict[str, Any]]:
    noon = now().astimezone(MAKASSAR).replace(hour=0, minute=1)
    found: list[dict[str, Any]] = []
    for ago in range(27, -1, -1):
        for _ in range((27 - ago) % 7 + 1 if many else ago % 3):
            skus = list(PRICES)
            sku = skus[len(found) * 7 % len(skus)]
            number = len(found) + 1 + (len(found) > 20)  # one number is missing
            found.append(_sale(shift, number, sku, len(found) % 3 + 1, noon - timedelta(days=ago)))
    return found


def _sale(shift: str, number: int, sku: str, quantity: int, at: Any) -> dict[str, Any]:
    amount = PRICES[sku] * quantity
    line = {"id": str(uuid7()), "sku": sku, "lot": None, "quantity": quantity, "unit_price": PRICES[sku]}
    paid = {"id": str(uuid7()), "kind": "cash", "amount": amount, "reference": None}
    sale = {"id": str(uuid7()), "register_no": number, "shift_id": shift, "sold_at": instant(at), "total": amount}
    return sale | {"lines": [line | {"discount": 0, "amount": amount}], "payments": [paid]}


def _return(sale: dict[str, Any]) -> dict[str, Any]:
    line = sale["lines"][0]
    part = {"id": str(uuid7()), "line_id": line["id"], "sku": line["sku"], "lot": None, "quantity": 1}
    part |= {"amount": line["unit_price"], "reason_code": "damaged", "restock": False}
    body = {"id": str(uuid7()), "sale_id": sale["id"], "returned_at": instant(now()), "lines": [part]}
    return body | {"refund": {"kind": "cash", "amount": line["unit_price"]}}


@pytest.mark.parametrize(("size", "name"), [(DESKTOP, "desktop"), (PHONE, "phone")])
def test_a_manager_reads_first_what_needs_attention_then_the_sales_of_the_own_outlet(
    open_page: Open, traded: Running, size: Any, name: str
) -> None:
    page = open_page(role="outlet", outlet=OUTLET, size=size)
    page.goto("/sales/")
    headings = page.locator("h2").all_inner_texts()
    assert headings[:2] == ["Perlu perhatian", "Penjualan bersih per hari"]
    assert page.locator(".attention a", has_text="Tanpa nomor produksi").is_visible()
    assert page.locator(".attention a", has_text="Nomor nota hilang").is_visible()
    assert page.get_by_role("img", name="Penjualan bersih per hari").is_visible()
    assert page.get_by_text("Kanrerong").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]
    assert accessible(page) == []
    look(page, f"sales-overview-{name}")
    page.get_by_text("Lihat tabel").first.click()
    assert page.get_by_role("columnheader", name="Hari").is_visible()
    assert accessible(page) == []
    look(page, f"sales-overview-table-{name}")


def test_the_city_compares_outlets_and_takes_the_report_away(open_page: Open, traded: Running) -> None:
    page = open_page(role="city", lang="en")
    page.goto("/sales/?days=7")
    assert page.get_by_role("img", name="Net sales by outlet").is_visible()
    look(page, "sales-overview-city-en")
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("link", name="By outlet").click()
    page.get_by_label("Outlet", exact=True).select_option(FAR)
    page.get_by_role("button", name="Show").click()
    assert page.get_by_role("cell", name="Kanrerong Karebosi").is_visible()
    assert page.get_by_role("cell", name="Serambi").count() == 0
    assert accessible(page) == []
    look(page, "sales-report-outlet")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(text))] == ["Code", FAR]


def test_a_manager_says_which_lot_a_sold_line_was(open_page: Open, traded: Running) -> None:
    page = open_page(role="outlet", outlet=OUTLET)
    page.goto("/sales/")
    page.locator(".attention a", has_text="Tanpa nomor produksi").click()
    rows = page.locator("tbody tr")
    before = rows.count()
    look(page, "sales-work-items")
    assert accessible(page) == []
    rows.first.get_by_role("link").click()
    page.get_by_role("button", name="Tutup").click()
    assert page.get_by_label("Catatan").evaluate("field => field.validity.valueMissing"), "never without a word"
    assert accessible(page) == []
    look(page, "sales-work-item")
    page.get_by_label("Catatan").fill("Dicatat di buku")
    page.get_by_role("button", name="Tutup").click()
    page.wait_for_url("**/sales/work-items")
    page.goto("/sales/work-items?code=lot-missing")
    assert rows.count() == min(before, 50) if before == 50 else before - 1


def test_an_unreadable_receipt_is_read_and_dealt_with(open_page: Open, traded: Running) -> None:
    till = Person(traded.url, "register", {"outlet": OUTLET, "register": f"{OUTLET}-1"})
    till.post(f"/sales/v1/registers/{OUTLET}-1/sales", {"sales": [{"register_no": 999, "total": "lima ribu"}]})
    page = open_page(role="outlet", outlet=OUTLET)
    page.goto("/sales/quarantine")
    look(page, "sales-quarantine")
    page.get_by_role("link", name=f"{OUTLET}-1").click()
    assert '"lima ribu"' in page.get_by_role("region", name="Isi seperti dikirim").inner_text()
    assert accessible(page) == []
    look(page, "sales-quarantined")
    page.get_by_label("Catatan").fill("Diketik ulang di kasir")
    page.get_by_role("button", name="Simpan").click()
    page.get_by_text("Tidak ada.").wait_for()


def test_registers_in_trouble_stand_first(open_page: Open, traded: Running) -> None:
    page = open_page(role="city")
    page.goto("/sales/registers")
    assert page.locator("tbody tr").first.locator(".badge.bad").count() >= 1
    assert accessible(page) == []
    look(page, "sales-registers")
    page.get_by_role("link", name=f"{FAR}-1").click()
    expect(page.locator("td.code").first).to_have_text("22")  # the number that never came
    assert accessible(page) == []
    look(page, "sales-register")


def test_a_system_without_sales_looks_calm(open_page: Open, stocked: Running) -> None:
    page = open_page(role="outlet", outlet="OUT-NEW")
    page.goto("/sales/")
    assert page.get_by_text("Tidak ada yang menunggu").is_visible()
    assert page.locator("svg text", has_text="Belum ada angka").first.is_visible()
    assert accessible(page) == []
    look(page, "sales-empty")


def test_staff_see_what_waits_and_where_goods_lie(open_page: Open, traded: Running) -> None:
    page = open_page(role="staff")
    page.goto("/inventory/")
    assert page.locator(".attention a", has_text="Stok kurang dari nol").is_visible()
    assert page.get_by_role("img", name="Stok per tempat").is_visible()
    page.get_by_text("Lihat tabel").click()
    assert accessible(page) == []
    look(page, "inventory-overview")
    with page.expect_download() as download:
        page.get_by_role("link", name="Unduh Excel").click()
    assert download.value.suggested_filename.endswith(".xlsx")


def test_an_outlet_sees_its_own_goods_on_a_phone(open_page: Open, traded: Running) -> None:
    page = open_page(role="outlet", outlet=FAR, size=PHONE)
    page.goto("/inventory/")
    page.get_by_role("img", name="Stok per tempat").wait_for()
    assert page.get_by_text("Serambi").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    assert accessible(page) == []
    look(page, "inventory-overview-phone")


@pytest.fixture(scope="module")
def learned(stocked: Running) -> str:
    """Two people with certificates, one of which ends soon; the reference of that one."""
    instructor = Person(stocked.url, "instructor")
    refs = [
        instructor.post("/training/v1/residents", {"name": name})["worker_ref"]
        for name in ("Puang Tika", "Daeng Ruppa")
    ]
    today = now().astimezone(MAKASSAR).date()
    for ref, days in zip(refs, (20, 700), strict=True):
        body = {"worker_ref": ref, "skill": "bakery-dasar", "kind": "competency", "number": ref, "issuer": "LSP"}
        span = {"valid_from": "2025-01-01", "valid_until": (today + timedelta(days=days)).isoformat()}
        instructor.put(f"/training/v1/certificates/{uuid7()}", body | span)
    return str(refs[0])


def test_an_instructor_sees_certificates_that_end_first_and_finds_people_by_name(open_page: Open, learned: str) -> None:
    page = open_page(role="instructor")
    page.goto("/training/")
    assert page.get_by_role("region", name="Sertifikat yang berakhir").get_by_text("Puang Tika").first.is_visible()
    assert accessible(page) == []
    look(page, "training-overview")
    page.get_by_label("Cari nama").fill("tika")
    page.get_by_role("button", name="Cari").click()
    people = page.get_by_role("region", name="Orang").last
    people.get_by_text("Puang Tika").wait_for()
    assert people.get_by_text("Daeng Ruppa").count() == 0
    assert "tika" not in page.url.lower(), "a name in an address would be kept by others"
    look(page, "training-search")
    people.get_by_role("link", name=f"Kartu {learned}").click()
    page.get_by_role("img", name=learned).wait_for()
    assert page.get_by_text("Tika").count() == 0
    assert page.evaluate("typeof print") == "function"
    assert accessible(page) == []
    look(page, "training-badge")


def test_an_auditor_sees_no_names(open_page: Open, learned: str) -> None:
    page = open_page(role="auditor", lang="en")
    page.goto("/training/")
    page.get_by_text(learned).first.wait_for()
    assert page.get_by_text("Tika").count() == 0
    assert page.get_by_role("link", name="Badge").count() == 0
    assert accessible(page) == []
    look(page, "training-auditor")


@pytest.mark.parametrize("path", ["training/", "training/docs", "inventory/docs", "sales/docs"])
def test_what_is_wide_scrolls_in_its_place_or_is_broken_and_the_page_stays_as_wide_as_a_phone(
    open_page: Open, learned: str, path: str
) -> None:
    page = open_page(role="instructor", size=PHONE)
    page.goto(f"/{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
