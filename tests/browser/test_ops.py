"""The operator's console in a browser: what stands still shows by itself, and what failed is replayed (P12, P14)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from uuid_utils.compat import uuid7

from services.system.demo.api import Person
from shared.clock import now
from shared.jsontext import instant
from shared.local.running import Running, frozen
from tests.browser.conftest import accessible, look, patient, sign_in
from tests.browser.shop import Shop
from tests.waiting import until

Open = Callable[..., Page]
TABLET: dict[str, Any] = {"viewport": {"width": 820, "height": 1180}, "has_touch": True}
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
_BEYOND = 2 * 10**9  # beyond the log
_KEEP = """
    INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint)
    VALUES ('sales', gen_random_uuid(), %s, %s, %s, %s)
"""


def _sell(shop: Shop, first: int, last: int) -> None:
    paid = {"kind": "cash", "amount": 5000, "reference": None}
    line = {"sku": "RTI-001", "lot": None, "quantity": 1, "unit_price": 5000, "discount": 0, "amount": 5000}
    sales = [
        {"id": str(uuid7()), "register_no": number, "shift_id": str(uuid7()), "sold_at": instant(now()), "total": 5000}
        | {"lines": [line | {"id": str(uuid7())}], "payments": [paid | {"id": str(uuid7())}]}
        for number in range(first, last + 1)
    ]
    shop.till().post(f"/sales/v1/registers/{shop.register}/sales", {"sales": sales})


@pytest.fixture
def letter(stocked: Running) -> Iterator[Callable[..., str]]:
    """`letter(fingerprint, outlet)`: a dead letter of inventory whose cause was mended since; its id."""
    yield lambda fingerprint, outlet: _keep(stocked, fingerprint, outlet)
    with psycopg.connect(stocked.database_url("inventory")) as connection:
        connection.execute("DELETE FROM dead_letter WHERE seq > %s", (_BEYOND,))


def _keep(system: Running, fingerprint: str, outlet: str) -> str:
    data = {"outlet": outlet, "version": 1, "name": "Kedai", "kind": "permanent", "opens_on": None, "closes_on": None}
    sequence = _BEYOND + int(fingerprint[:6], 16)
    event = {"specversion": "1.0", "id": str(uuid4()), "source": "/sales", "type": "lapak.sales.OutletOpened.v1"}
    event |= {"subject": outlet, "time": "2026-01-05T00:00:00Z", "datacontenttype": "application/json"}
    kept = json.dumps(event | {"sequence": sequence, "traceparent": None, "data": data})
    error = "UniqueViolation (uq_outlet) at services/inventory/usecases/outlets.py:41 in open\nx"
    with psycopg.connect(system.database_url("inventory")) as connection:
        connection.execute(_KEEP, (sequence, kept, error, fingerprint))
    return str(event["id"])


def _arrow(page: Page, flow: str) -> Locator:
    return page.locator(f'.arrow[data-flow="{flow}"]')


def _become(page: Page, flow: str, state: str) -> None:
    expect(_arrow(page, flow)).to_have_class(re.compile(rf"\b{state}\b"))


@pytest.fixture
def calm(open_page: Open) -> Callable[..., Page]:
    """`calm(size, lang)`: the console while everything flows."""

    def calm(size: Any = DESK, lang: str = "id") -> Page:
        page = open_page(role="operator", size=size, lang=lang)
        page.goto("/sales/ops")
        for source, consumer in ("sales-inventory", "sales-training"), ("inventory-sales", "training-inventory"):
            _become(page, source, "calm")
            _become(page, consumer, "calm")
        return page

    return calm


@pytest.mark.parametrize(("size", "name"), [(TABLET, "tablet"), pytest.param(DESK, "desktop", marks=pytest.mark.slow)])
def test_a_stall_shows_by_itself_on_its_arrow_and_goes_again(
    calm: Callable[..., Page], stocked: Running, shop: Shop, size: Any, name: str
) -> None:
    page, english = calm(size), calm(size, "en")
    assert accessible(page) == []
    look(page, f"ops-calm-{name}")
    look(english, f"ops-calm-{name}-en")
    page.get_by_text("Lihat tabel").click()
    page.get_by_role("link", name="Perangkat").focus()
    page.evaluate("scrollTo(0, 150)")
    with frozen(stocked.pid("inventory-worker"), stocked.pid("inventory-courier")):
        _sell(shop, 1, 12)
        _become(page, "sales-inventory", "behind")
        expect(_arrow(page, "sales-inventory")).to_contain_text("12 peristiwa")
        needs = page.locator(".needs li")
        expect(needs.filter(has_text="Inventory tertinggal 12 peristiwa dari sales")).to_be_visible()
        expect(needs.filter(has_text="Tidak ada relay inventory yang memimpin")).to_be_visible()
        expect(needs.filter(has_text="Proses inventory tidak bersuara")).to_have_count(2)
        expect(page.locator(".processes .badge.bad", has_text="diam")).to_have_count(2)
        for flow in ("sales-training", "inventory-sales", "inventory-training"):
            expect(_arrow(page, flow)).to_have_class("arrow calm")
        assert page.locator("details[open] table").get_by_role("cell", name="12", exact=True).count() == 1
        assert page.evaluate("document.activeElement.textContent") == "Perangkat"
        assert page.evaluate("document.documentElement.scrollWidth") <= size["viewport"]["width"]
        assert accessible(page) == []
        look(page, f"ops-trouble-{name}")
        look(english, f"ops-trouble-{name}-en")
    _become(page, "sales-inventory", "calm")
    expect(page.locator(".needs li", has_text="Inventory")).to_have_count(0)
    expect(page.locator(".processes .badge.bad")).to_have_count(0)


def test_a_dead_letter_that_turns_up_is_read_and_replayed_by_keyboard_alone(
    calm: Callable[..., Page], stocked: Running, letter: Callable[..., str]
) -> None:
    outlet = f"OUT-{uuid7().hex[-8:].upper()}"
    page = calm(TABLET)
    kept = letter("abcdef0123456789", outlet)
    failure = page.get_by_role("link", name=re.compile("UniqueViolation"))
    expect(failure).to_be_visible()
    expect(_arrow(page, "sales-inventory")).to_contain_text("1 gagal")
    failure.focus()
    page.keyboard.press("Enter")
    card = page.locator(".letter", has_text=kept)
    card.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(card.locator("pre")).to_contain_text(outlet)
    expect(card.locator("pre")).not_to_contain_text("Kedai")
    assert accessible(page) == []
    look(page, "ops-failure")
    page.keyboard.press("Tab")  # its content
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").startswith("Proses ulang")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("1 berhasil diproses ulang.")
    expect(page.locator(".letter")).to_have_count(0)
    look(page, "ops-replayed")
    page.get_by_role("link", name="Keadaan sistem").click()
    expect(page.get_by_role("link", name=re.compile("UniqueViolation"))).to_have_count(0)
    with psycopg.connect(stocked.database_url("inventory")) as connection:
        assert connection.execute("SELECT name FROM outlet WHERE code = %s", (outlet,)).fetchone() == ("Kedai",)
    # What the letter told becomes true: whoever verifies this system later finds no outlet that nobody opened.
    Person(stocked.url, "city").put(f"/sales/v1/outlets/{outlet}", {"name": "Kedai", "kind": "permanent"})


def test_a_letter_is_discarded_with_a_note_without_javascript(
    browser: Browser, stocked: Running, letter: Callable[..., str]
) -> None:
    kept = letter("fedcba9876543210", "OUT-NEVER")
    context = patient(browser.new_context(base_url=stocked.url, java_script_enabled=False, **DESK))
    sign_in(context, stocked, "operator", "en")
    page = context.new_page()
    page.goto("/sales/ops")
    failure = page.get_by_role("link", name=re.compile("UniqueViolation"))

    def shown() -> bool:
        page.get_by_role("link", name="Reload").click()
        return failure.count() > 0

    until("the page has looked again", shown)
    failure.click()
    card = page.locator(".letter", has_text=kept)
    card.locator("summary", has_text="Discard").click()
    card.get_by_label("Why?").fill("a trial")
    card.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("status")).to_have_text("1 discarded.")
    page.get_by_role("link", name="Discarded").click()
    expect(page.locator(".letter", has_text=kept)).to_contain_text("a trial")
    context.close()


def test_the_page_says_when_its_figures_are_old_and_stands_still_when_asked(calm: Callable[..., Page]) -> None:
    page = calm()
    lost = page.get_by_role("alert").filter(has_text="Sales tidak menjawab lagi")
    at = page.locator('[data-live="at"]')
    page.route("**/sales/ops", lambda route: route.abort())
    expect(lost).to_be_visible()
    assert accessible(page) == []
    page.unroute("**/sales/ops")
    expect(lost).to_be_hidden()
    page.get_by_role("button", name="Jeda").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    stood = at.inner_text()
    page.wait_for_timeout(6000)  # twice as long as it would take
    assert (at.inner_text(), asked) == (stood, [])
    page.get_by_role("button", name="Lanjutkan").click()
    expect(at).not_to_have_text(stood)


def test_who_is_signed_out_meanwhile_is_led_to_the_door(calm: Callable[..., Page]) -> None:
    page = calm()
    page.context.clear_cookies()
    page.wait_for_url("**/sales/sign-in?next=/sales/ops")


def test_an_auditor_sees_the_runbook_and_no_button(open_page: Open, letter: Callable[..., str]) -> None:
    letter("0123456789abcdef", "OUT-NEVER-2")
    page = open_page(role="auditor", lang="en", size=TABLET)
    page.goto("/sales/")
    page.get_by_role("link", name="System").click()
    page.get_by_role("link", name=re.compile("UniqueViolation")).click()
    expect(page.locator(".letter")).to_have_count(1)
    assert page.get_by_role("button", name="Replay").count() == 0
    page.get_by_role("link", name="State of the system").click()
    page.get_by_role("link", name="Runbook: Dead letters").first.click()
    expect(page.locator("#dead-letters")).to_be_in_viewport()
    assert accessible(page) == []
    look(page, "ops-runbook")
