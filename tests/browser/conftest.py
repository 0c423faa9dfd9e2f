"""A real Chromium (Debian's) on a whole running system.

`open_page(role="staff")` is a page of a browser in which that person has signed in; `open_page(size=TABLET)` one that
nobody has. A page on which a script failed, or the policy of the page was broken, fails its test.
LAPAK_SCREENSHOTS=folder keeps the pictures that `look` takes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect, sync_playwright

from services.system.demo import reference
from services.system.demo.api import Person
from shared.http.guard import COOKIE
from shared.local.running import Running
from tests.browser.shop import BREAD, Open, Shop, new_shop, open_shift, pair
from tests.waiting import PATIENCE, until

if TYPE_CHECKING:
    from tests.browser.tablet import Tablet

#: Read now: no test sees a setting of whoever runs it.
PICTURES = os.environ.get("LAPAK_SCREENSHOTS")

PRODUCTS = 30

expect.set_options(timeout=PATIENCE * 1000)  # by itself it waits 5 s: a loaded machine takes longer for a page

TABLET: dict[str, Any] = {"viewport": {"width": 1024, "height": 768}, "has_touch": True}
PORTRAIT: dict[str, Any] = {"viewport": {"width": 768, "height": 1024}, "has_touch": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1366, "height": 850}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

#: Chromium must neither call home nor need a screen, a card or (as root) a sandbox of its own.
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Debian's Chromium; without it the browser tests say that they were not run."""
    found = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("NOT RUN: no chromium on PATH (Debian: apt install chromium)")
    return found


def patient(context: BrowserContext) -> BrowserContext:
    """The same, whose pages wait for what is clicked as long as for what is expected (by themselves: 30 s)."""
    context.set_default_timeout(PATIENCE * 1000)
    return context


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all tests of this process; each page has a profile of its own."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def stocked(system: Running) -> Running:
    """A system that knows the demo's products, outlets, registers and skills."""
    people = (Person(system.url, role) for role in ("staff", "instructor", "city"))
    reference.load(**dict(zip(("staff", "instructor", "city"), people, strict=True)))
    city, wanted = Person(system.url, "city"), {"outlet": "OUT-DKR"}
    until("sales knows them", lambda: len(city.get("/sales/v1/catalogue", **wanted)["items"]) >= PRODUCTS)
    return system


@pytest.fixture
def open_page(browser: Browser, stocked: Running) -> Iterator[Callable[..., Page]]:
    """`open_page(role=None, size=DESKTOP, lang="id", **scope)`: a page in a browser of its own."""
    with ExitStack() as stack:
        complaints: list[str] = []

        def open_page(role: str | None = None, size: dict[str, Any] = DESKTOP, lang: str = "id", **scope: str) -> Page:
            place: dict[str, Any] = {"locale": "id-ID", "timezone_id": "Asia/Makassar"}
            context = patient(browser.new_context(base_url=stocked.url, **place, **size))
            stack.callback(context.close)
            sign_in(context, stocked, role, lang, **scope)
            page = context.new_page()
            complain(page, complaints)
            return page

        yield open_page
    assert complaints == []


def sign_in(context: BrowserContext, system: Running, role: str | None, lang: str = "id", **scope: str) -> None:
    """Give a browser the cookies of a person and of a language."""
    cookies: list[Any] = [{"name": "lapak-lang", "value": lang, "url": system.url}]
    if role is not None:
        token = system.token(role, **scope)
        strict = {"httpOnly": True, "sameSite": "Strict"}
        cookies.append({"name": COOKIE, "value": token, "url": system.url, **strict})
    context.add_cookies(cookies)


def complain(page: Page, complaints: list[str]) -> None:
    """Note what a page's scripts and policies complain of; a request that was meant to fail is no complaint."""

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(f"{page.url}: {message.text}")

    def failed(error: Error) -> None:
        complaints.append(f"{page.url}: {error.message}")

    page.on("console", heard)
    page.on("pageerror", failed)


#: A button that is enabled again has the colours of neither for a moment.
_AT_REST = """() => Promise.allSettled(
    document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished)
).then(() => true)"""


def accessible(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA; empty when all is well."""
    page.wait_for_load_state()  # words may be there before their style sheet
    page.evaluate(_AT_REST)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}}).response["violations"]
    return [
        f"{one['impact']}: {one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:4]}" for one in found
    ]


def look(page: Page, name: str) -> None:
    """Take a picture, when somebody wants to look at it."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.fixture
def shop(stocked: Running) -> Shop:
    """A shop of this test's own; its shelf is empty."""
    return new_shop(stocked)


@pytest.fixture
def bread(shop: Shop) -> str:
    """Bread on the shop's shelf; its lot."""
    return shop.deliver(BREAD, 100)


@pytest.fixture
def till(open_page: Open, shop: Shop) -> Callable[..., Page]:
    """`till(lang="id")`: the shop's register on a tablet, paired, its shift open."""

    def till(lang: str = "id") -> Page:
        page = open_page(size=TABLET, lang=lang)
        pair(page, shop)
        open_shift(page)
        return page

    return till


@pytest.fixture
def tablet(chromium: str, browser: Browser, shop: Shop, tmp_path: Path) -> Iterator[Tablet]:
    """A tablet in the shop, switched off."""
    from tests.browser.tablet import Tablet  # here: it builds on this module

    launched: list[BrowserContext] = []

    def launch(folder: Path, **options: Any) -> BrowserContext:
        options |= {"executable_path": chromium, "args": FLAGS}
        context = patient(browser.browser_type.launch_persistent_context(folder, **options))
        launched.append(context)
        return context

    made = Tablet(launch, tmp_path / "tablet", shop.system.url)
    yield made
    for context in launched:
        with suppress(Error):  # it was killed
            context.close()
    assert made.complaints == []
