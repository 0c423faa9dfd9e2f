"""New versions of the register's page, while sales wait to be sent and a customer stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from services.system.demo import reference
from services.system.demo.api import Person
from shared.local.running import running_system
from tests.browser.conftest import FLAGS, TABLET, patient
from tests.browser.shop import SHIRT, new_shop, open_shift, pair, scan, sell_one, unsent
from tests.waiting import until


def test_a_new_version_of_the_page_comes_in_and_the_queue_stays(
    chromium: str, browser: Any, keys: None, tmp_path: Path
) -> None:
    """The server goes away, and comes back with other files (its discount limit is a part of the page)."""
    with running_system(tmp_path / "system") as system:
        port = int(system.url.rsplit(":", 1)[1])
        people = {role: Person(system.url, role) for role in ("staff", "instructor", "city")}
        reference.load(**people)
        shop = new_shop(system)
        until("the shop knows its goods", lambda: SHIRT in shop.catalogue())
        options: dict[str, Any] = {"executable_path": chromium, "args": FLAGS, "base_url": system.url, **TABLET}
        context = patient(browser.browser_type.launch_persistent_context(tmp_path / "tablet", **options))
        page = context.pages[0]
        pair(page, shop)
        open_shift(page)
        unsent(page, 0)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        (before,) = _versions(page)
    sell_one(page, SHIRT)
    unsent(page, 1)
    scan(page, SHIRT)  # a customer stands there: nothing may be swapped now
    expect(page.locator(".basket .line")).to_have_count(1)
    with running_system(tmp_path / "system", port=port, environment={"LAPAK_DISCOUNT_PERCENT": "35"}):
        page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update())")
        expect(page.get_by_role("button", name="Versi baru: mulai")).to_be_visible()
        assert page.evaluate("document.body.dataset.discountLimit") == "20"
        page.get_by_role("button", name="Versi baru: mulai").click()
        expect(page.locator("body[data-discount-limit='35']")).to_be_attached()
        expect(page.locator(".basket .line")).to_have_count(1)
        unsent(page, 0)
        assert len(shop.sales()) == 1
        until("the old files are gone", lambda: len(_versions(page)) == 1)
        assert _versions(page) != [before]
        context.close()


def _versions(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "caches.keys().then((names) => names.filter((name) => name.startsWith('lapak-sales-register-')))"
    )
    return found
