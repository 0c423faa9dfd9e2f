"""Recording at the workshop's terminal in a real browser: six inputs, a scanner, a keyboard, a finger."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from shared.local.running import Running
from tests.browser.conftest import DESKTOP, PHONE, PORTRAIT, TABLET, accessible, look
from tests.browser.terminals import SKU, WORKSHOP, by_hand, let_in, maker, outputs, row, scan, scan_in_haste


@pytest.fixture
def terminal(open_page: Callable[..., Page], stocked: Running) -> Callable[..., Page]:
    """`terminal(workshop=…, size=…)`: a paired terminal whose files the service worker keeps."""
    return lambda workshop=WORKSHOP, size=DESKTOP: let_in(open_page(size=size), stocked, workshop)


def test_an_output_takes_six_inputs_by_keyboard_and_scanner_alone(
    terminal: Callable[..., Page], stocked: Running
) -> None:
    page, ref = terminal(), maker(stocked)
    expect(page.get_by_text("Belum ada. Pilih produk untuk mulai.")).to_be_visible()
    look(page, "terminal-tiles")
    assert accessible(page) == []
    inputs = 0
    for step in ("1", "1", "2", "0"):  # the first tile, then 120
        by_hand(page, step)
        inputs += 1
    scan(page, ref)
    inputs += 1
    expect(page.locator(".maker")).to_have_count(1)
    look(page, "terminal-entry")
    assert accessible(page) == []
    by_hand(page, "Enter")
    inputs += 1
    assert inputs <= 6
    expect(row(page, "proposed")).to_contain_text("120")
    expect(row(page, "proposed")).to_contain_text("1 pembuat")
    (made,) = outputs(stocked, ref)
    assert (made["sku"], made["good"], made["rejected"]) == (SKU, 120, 0)
    assert made["makers"] == [{"worker_ref": ref, "share_bp": 10_000}]
    assert made["made_at"] == made["recorded_at"]
    assert "Rp" not in page.locator("body").inner_text()
    assert ref not in page.content()


def test_an_output_takes_six_inputs_by_touch_and_a_scanner(terminal: Callable[..., Page], stocked: Running) -> None:
    page, ref = terminal(size=TABLET), maker(stocked)
    taps = [page.locator(f".tile[data-sku={SKU}]"), *(page.get_by_role("button", name=n, exact=True) for n in "24")]
    for target in taps:
        target.tap()
    scan(page, ref)
    expect(page.locator(".maker")).to_have_count(1)
    page.locator("#save").tap()
    assert len(taps) + 1 + 1 <= 6
    expect(row(page, "proposed")).to_contain_text("24")
    assert [made["good"] for made in outputs(stocked, ref)] == [24]


def test_a_badge_whose_barcode_is_torn_is_typed_by_touch_alone(terminal: Callable[..., Page], stocked: Running) -> None:
    page, ref = terminal(size=TABLET), maker(stocked)
    page.locator(f".tile[data-sku={SKU}]").tap()
    for name in ("7", "Koma", "5"):
        page.get_by_role("button", name=name, exact=True).tap()
    page.get_by_label("Rusak, bila ada").tap()
    for name in ("1", "2", "Hapus angka terakhir"):
        page.get_by_role("button", name=name, exact=True).tap()
    page.get_by_role("button", name="Ketik kartu").tap()
    for letter in ref[:4]:
        page.locator(".letters").get_by_role("button", name=letter, exact=True).tap()
    page.get_by_role("button", name="Tambah").tap()
    expect(page.get_by_role("alert")).to_contain_text("belum lengkap")
    for letter in ref[4:]:
        page.locator(".letters").get_by_role("button", name=letter, exact=True).tap()
    look(page, "terminal-typed-badge")
    assert accessible(page) == []
    page.get_by_role("button", name="Tambah").tap()
    expect(page.locator(".maker")).to_have_count(1)
    look(page, "terminal-entry-tablet")
    page.locator("#save").tap()
    expect(row(page, "proposed")).to_contain_text("7,5")
    assert [(made["good"], made["rejected"]) for made in outputs(stocked, ref)] == [(7.5, 1)]


def test_a_scanner_in_capitals_a_badge_twice_and_what_is_no_badge(
    terminal: Callable[..., Page], stocked: Running
) -> None:
    page, ref = terminal(), maker(stocked)
    scan(page, ref)
    expect(page.get_by_role("alert")).to_contain_text("Pilih produk dulu")
    by_hand(page, "15")
    scan(page, ref.upper())
    expect(page.locator(".maker")).to_have_count(1)
    scan(page, ref)
    expect(page.get_by_text("Kartu ini sudah dipindai.")).to_be_visible()
    scan(page, "http://lapak.test/inventory/p/7K2MAB12CD")
    expect(page.get_by_text("bukan kartu pembuat")).to_be_visible()
    look(page, "terminal-no-badge")
    by_hand(page, "7")
    scan_in_haste(page, "8991234567890")  # a supermarket's barcode is all figures: it must not become a quantity
    expect(page.get_by_text("8991234567890")).to_be_visible()
    expect(page.get_by_label("Jumlah baik")).to_have_value("57")
    expect(page.locator(".maker")).to_have_count(1)


def test_what_is_missing_is_said_and_nothing_is_lost(terminal: Callable[..., Page], stocked: Running) -> None:
    page, ref = terminal(), maker(stocked)
    by_hand(page, "1")
    by_hand(page, "Enter")
    expect(page.get_by_text("Isi jumlah baik dulu.")).to_be_visible()
    by_hand(page, "9")
    by_hand(page, "Enter")
    expect(page.locator(".banner")).to_contain_text("Pindai kartu pembuat")
    by_hand(page, "Escape")
    # A scan now must not throw the entry away.
    page.keyboard.press("Enter")
    expect(page.get_by_label("Jumlah baik")).to_have_value("9")
    scan(page, ref)
    by_hand(page, "Enter")
    expect(row(page, "proposed")).to_contain_text("9")


def test_a_maker_without_a_certificate_is_a_warning_and_never_a_refusal(
    terminal: Callable[..., Page], stocked: Running
) -> None:
    page, able, unable = terminal(), maker(stocked), maker(stocked, skill=None)
    by_hand(page, "18")
    scan(page, able)
    scan(page, unable)
    expect(page.get_by_text("Sertifikat belum ada")).to_have_count(1)
    expect(page.get_by_text("petugas yang memutuskan")).to_be_visible()
    look(page, "terminal-no-certificate")
    assert accessible(page) == []
    by_hand(page, "Enter")
    expect(row(page, "proposed")).to_contain_text("2 pembuat")
    assert [one["share_bp"] for one in outputs(stocked, unable)[0]["makers"]] == [5000, 5000]


def test_shares_of_ones_own_must_be_whole(terminal: Callable[..., Page], stocked: Running) -> None:
    page, refs = terminal(), sorted(maker(stocked) for _ in range(3))
    by_hand(page, "19")
    for count, ref in enumerate(refs, start=1):
        scan(page, ref)
        expect(page.locator(".maker")).to_have_count(count)
    expect(page.locator(".maker").first).to_contain_text("33,34 %")
    page.get_by_role("button", name="Atur pembagian").click()
    first, second, third = (page.get_by_role("textbox", name=f"Pembuat {n} ") for n in (1, 2, 3))
    first.fill("50")
    second.fill("")
    third.fill("")
    expect(page.get_by_text("Masih kurang 50 %.")).to_be_visible()
    page.get_by_role("button", name="Pakai pembagian ini").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Bagi sisanya").click()
    expect(page.get_by_text("Jumlahnya tepat.")).to_be_visible()
    page.get_by_role("button", name="Poin (10.000)").click()
    expect(second).to_have_value("2500")
    second.fill("2499")
    expect(page.get_by_text("Masih kurang 1 poin.")).to_be_visible()
    third.fill("2501")
    look(page, "terminal-shares")
    assert accessible(page) == []
    page.get_by_role("button", name="Pakai pembagian ini").click()
    expect(page.locator(".maker").nth(1)).to_contain_text("24,99 %")
    by_hand(page, "Enter")
    expect(row(page, "proposed")).to_contain_text("3 pembuat")
    (made,) = outputs(stocked, refs[0])
    assert {one["worker_ref"]: one["share_bp"] for one in made["makers"]} == dict(
        zip(refs, (5000, 2499, 2501), strict=True)
    )


def test_the_time_can_be_set_back_and_never_ahead(terminal: Callable[..., Page], stocked: Running) -> None:
    page, ref = terminal(), maker(stocked)
    by_hand(page, "13")
    scan(page, ref)
    page.get_by_role("button", name="Ubah waktu").click()
    field = page.get_by_label("Tanggal dan jam")
    field.fill("2099-01-01T08:00")
    page.get_by_role("button", name="Pakai waktu ini").click()
    expect(page.get_by_role("alert")).to_contain_text("belum tiba")
    look(page, "terminal-time")
    assert accessible(page) == []
    field.fill("2026-01-05T08:30")
    page.get_by_role("button", name="Pakai waktu ini").click()
    expect(page.get_by_text("5 Jan 2026, 08.30")).to_be_visible()
    by_hand(page, "Enter")
    expect(row(page, "proposed")).to_contain_text("5 Jan 2026")
    assert outputs(stocked, ref)[0]["made_at"] == "2026-01-05T00:30:00Z"


def test_a_terminal_that_was_just_paired_asks_to_compare_until_somebody_did(terminal: Callable[..., Page]) -> None:
    """An output has no number and no paper: whether one went with the device before, only people can tell."""
    page = terminal()
    asked = page.locator("[data-compare]")
    expect(asked).to_contain_text("baru dipasangkan")
    for size in (PHONE, PORTRAIT, TABLET, DESKTOP):
        page.set_viewport_size(size["viewport"])
        look(page, f"terminal-compare-{size['viewport']['width']}")
    assert accessible(page) == []
    page.reload()
    asked.get_by_role("button", name="Sudah dibandingkan").click()
    expect(asked).to_have_count(0)
    page.reload()
    expect(page.locator(".tile").first).to_be_visible()
    expect(asked).to_have_count(0)
