"""What the journeys at the workshop's terminal share: hands, scanners, badges, a PC that is switched off and on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect
from uuid_utils.compat import uuid7

from services.system.demo.api import Person
from shared.local.running import Running
from tests.browser.conftest import DESKTOP, FLAGS, complain, patient
from tests.waiting import until

WORKSHOP, SKU = "WS-RTI", "RTI-001"


def by_hand(page: Page, keys: str) -> None:
    """As a hand types: much slower than a scanner, which may end its lines with two Enters."""
    page.wait_for_timeout(130)
    for key in [keys] if len(keys) > 1 and keys[0].isupper() else keys:
        page.keyboard.press(key, delay=130)
    page.wait_for_timeout(130)


def scan(page: Page, code: str) -> None:
    """As a scanner types: at once, then Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def scan_in_haste(page: Page, code: str) -> None:
    """The same within one breath of the page, for a code whose haste is all that tells it from a figure."""
    press = (
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))"
    )
    page.evaluate(f"(keys) => keys.forEach((key) => {press})", [*code, "Enter"])


def pair(page: Page, system: Running, path: str = "/inventory/terminal/", **body: str) -> None:
    """Open the screen, and let it in with a code from an operator."""
    code = Person(system.url, "operator").post(f"/{path.split('/')[1]}/v1/pairings", body)["code"]
    page.goto(path)
    page.get_by_label("Kode").fill(code)
    page.keyboard.press("Enter")


def let_in(page: Page, system: Running, workshop: str = WORKSHOP) -> Page:
    """Pair a terminal, and wait until the service worker keeps its files."""
    pair(page, system, role="terminal", workshop=workshop)
    ready(page)
    return page


def ready(page: Page) -> None:
    expect(page.get_by_role("heading", name="Apa yang selesai dibuat?")).to_be_visible()
    expect(page.locator(".tile").first).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")


def maker(system: Running, skill: str | None = "bakery-dasar") -> str:
    """A resident, with a certificate that inventory has heard of."""
    instructor = Person(system.url, "instructor")
    ref = str(instructor.post("/training/v1/residents", {"name": "Baso"})["worker_ref"])
    if skill:
        body = {"worker_ref": ref, "skill": skill, "kind": "competency", "number": f"C-{ref}", "issuer": "BLK"}
        dates = {"valid_from": "2020-01-01", "valid_until": "2099-01-01"}
        instructor.put(f"/training/v1/certificates/{uuid7()}", body | dates)
        staff, query = Person(system.url, "staff"), {"sku": SKU, "worker_ref": ref}
        path = f"/inventory/v1/workshops/{WORKSHOP}/eligibility"
        until("the certificate is known", lambda: bool(staff.get(path, **query)["eligible"]))
    return ref


def outputs(system: Running, ref: str, workshop: str = WORKSHOP) -> list[dict[str, Any]]:
    """What the server has of a maker's outputs."""
    items = Person(system.url, "staff").get("/inventory/v1/outputs", workshop=workshop, limit=1000)["items"]
    return [item for item in items if ref in {one["worker_ref"] for one in item["makers"]}]


def row(page: Page, state: str) -> Any:
    return page.locator(f".made[data-state={state}]")


@contextmanager
def reopened(browser: Browser, chromium: str, system: Running, folder: Path, complaints: list[str]) -> Iterator[Page]:
    """A browser whose memory lies in a folder, as on a PC that is switched off and on."""
    kind = browser.browser_type
    options = {"executable_path": chromium, "args": FLAGS, "base_url": system.url, "locale": "id-ID", **DESKTOP}
    context = patient(kind.launch_persistent_context(folder, **options))
    try:
        page = context.pages[0] if context.pages else context.new_page()
        complain(page, complaints)
        yield page
    finally:
        context.close()
