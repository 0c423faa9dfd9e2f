"""The page behind the QR code on a label, as a buyer sees it on a phone: light or dark, on a poor network."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from uuid_utils.compat import uuid7

from services.system.demo.api import Person, Refused
from shared.clock import MAKASSAR, now
from shared.jsontext import instant
from shared.local.running import Running
from tests.browser.conftest import PHONE, accessible, look, patient
from tests.waiting import until

SKU, SKILL, WORKSHOP = "BTL-001", "batik-tulis", "WS-BTL"
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def lot(stocked: Running) -> str:
    """A cloth made by one of six who have the skill."""
    instructor, staff = Person(stocked.url, "instructor"), Person(stocked.url, "staff", name="lot-staff")
    for number in range(6):
        ref = instructor.post("/training/v1/residents", {"name": f"Nama {number}"})["worker_ref"]
        body = {"worker_ref": ref, "skill": SKILL, "kind": "competency", "number": ref, "issuer": "LSP"}
        body |= {"valid_from": "2025-01-01", "valid_until": None}
        instructor.put(f"/training/v1/certificates/{uuid7()}", body)
    output, moment = str(uuid7()), instant(now())
    item = {"id": output, "workshop": WORKSHOP, "sku": SKU, "good": 3, "rejected": 0, "made_at": moment}
    item |= {"recorded_at": moment, "makers": [{"worker_ref": ref, "share_bp": 10_000}]}
    Person(stocked.url, "terminal", {"workshop": WORKSHOP}).post("/inventory/v1/outputs", {"outputs": [item]})
    return _accepted(staff, output)


def _accepted(staff: Person, output: str) -> str:
    answers: list[Any] = []

    def accepted() -> bool:
        try:
            answers.append(staff.post(f"/inventory/v1/outputs/{output}/acceptance", {"good": 3, "rejected": 0}))
        except Refused as refused:
            if refused.body.get("code") == "skill-missing":  # the certificates are on their way
                return False
            raise
        return True

    until("skill", accepted)
    return str(answers[0]["lot"])


def test_a_buyer_reads_what_it_is_and_how_to_treat_it(open_page: Open, lot: str) -> None:
    page = open_page(size=PHONE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/inventory/p/{lot}")
    page.get_by_text("Minggu produksi").wait_for()
    for said in ("Batik tulis Lontara 2 m", "Batik Lontara & sablon", "Tekstil", "Batik tulis", lot):
        assert page.get_by_text(said).first.is_visible(), said
    assert page.get_by_text("Digambar dengan canting").is_visible()
    assert page.get_by_text("lerak").is_visible()
    assert [url for url in asked if "favicon" not in url] == [page.url], "one request, for poor networks"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    assert accessible(page) == []
    look(page, "lot-phone")


def test_the_week_is_todays(open_page: Open, lot: str) -> None:
    page = open_page(size=PHONE)
    page.goto(f"/inventory/p/{lot}")
    today = now().astimezone(MAKASSAR).date()
    weeks = {f"{day.isocalendar().week} · {day.isocalendar().year}" for day in (today, today - timedelta(days=1))}
    assert page.locator("dd").filter(has_text=" · ").inner_text() in weeks


def test_a_visitor_reads_it_in_english(open_page: Open, lot: str) -> None:
    page = open_page(size=PHONE)
    page.goto(f"/inventory/p/{lot}")
    page.get_by_role("link", name="English").click()
    page.get_by_text("Hand-drawn Lontara batik").first.wait_for()
    assert page.get_by_text("Drawn by hand with a canting").is_visible()
    assert page.get_by_text("Perawatan").count() == 0
    assert accessible(page) == []
    look(page, "lot-phone-en")


def test_it_is_dark_where_the_phone_is(browser: Browser, stocked: Running, lot: str) -> None:
    context = patient(browser.new_context(base_url=stocked.url, color_scheme="dark", **PHONE))
    page = context.new_page()
    page.goto(f"/inventory/p/{lot}")
    red, green, blue = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
    assert max(red, green, blue) < 60
    assert accessible(page) == []
    look(page, "lot-phone-dark")
    context.close()


def test_a_recalled_lot_warns_first(open_page: Open, stocked: Running, lot: str) -> None:
    Person(stocked.url, "staff").post(f"/inventory/v1/lots/{lot}/recall", {"reason_code": "dye-runs"})
    page = open_page(size=PHONE)
    page.goto(f"/inventory/p/{lot}")
    warning = page.get_by_role("alert")
    assert "ditarik" in warning.inner_text()
    below = page.locator("dl").bounding_box()
    above = warning.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] < below["y"]
    assert accessible(page) == []
    look(page, "lot-phone-recalled")


def test_a_code_that_nobody_knows_gets_a_page_too(open_page: Open, stocked: Running) -> None:
    page = open_page(size=PHONE)
    answer = page.goto("/inventory/p/NEVERSEEN1")
    assert answer is not None
    assert answer.status == 404
    assert page.get_by_role("heading", name="Nomor produksi tidak dikenal").is_visible()
    assert accessible(page) == []
    look(page, "lot-phone-unknown")
