"""A browser that dies between any two steps of a sale: sold once, or still in the basket; never both, never neither."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shop import BREAD, Shop, has_lines, open_shift, pair, pay_exactly, scan, search, unsent
from tests.browser.tablet import Tablet

pytestmark = pytest.mark.usefixtures("bread")


def _scanned(page: Page) -> None:
    scan(page, BREAD)
    has_lines(page, 1)


def _paying(page: Page) -> None:
    _scanned(page)
    page.keyboard.press("F2")
    expect(page.locator("[data-finish]")).to_be_visible()


def _finishing(page: Page) -> None:
    _paying(page)
    page.keyboard.press("Enter")  # and at once …


def _receipt(page: Page) -> None:
    _finishing(page)
    expect(page.locator("[data-next]")).to_be_visible()


def _next(page: Page) -> None:
    _receipt(page)
    page.keyboard.press("Enter")


def _sent(page: Page) -> None:
    _next(page)
    unsent(page, 0)


STEPS = [_scanned, _paying, _finishing, _finishing, _receipt, _next, _sent]


@pytest.mark.parametrize("network", [False, True], ids=["without network", "with network"])
def test_a_browser_that_dies_between_any_two_steps_loses_and_doubles_nothing(
    tablet: Tablet, shop: Shop, network: bool
) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    unsent(page, 0)
    tablet.kept_without_network()
    for number, reach in enumerate(STEPS if network else STEPS[:-1], 1):
        tablet.context.set_offline(not network)
        reach(page)
        tablet.kill()
        page = tablet.on(network=network)
        page.goto("/sales/register/")
        expect(page.locator("[data-total]")).to_be_visible()
        expect(search(page)).to_be_focused()
        if page.locator(".basket .line").count():
            pay_exactly(page)
        tablet.context.set_offline(False)
        unsent(page, 0)
        sales = shop.sales()
        assert [sale["register_no"] for sale in sales] == list(range(1, number + 1)), reach.__name__
        assert {len(sale["lines"]) for sale in sales} == {1}
    assert shop.sync()["missing"] == []
