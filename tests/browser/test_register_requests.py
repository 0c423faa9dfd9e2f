"""What the register asks the server for: one request for a sale, which also brings the news."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, expect

from services.system.demo.api import Person, until
from shared.clock import now
from shared.jsontext import instant
from tests.browser.shop import BREAD, Shop, give_back, sell_one, unsent

SALES, ROUND = 6, 3  # requests of the minute's round: sync, state, catalogue


def _asked(page: Page) -> list[str]:
    """The requests to the API from now on, as `METHOD name`; the list grows."""
    asked: list[str] = []

    def note(request: Request) -> None:
        path = urlsplit(request.url).path
        if "/v1/" in path:
            asked.append(f"{request.method} {path.rsplit('/', 1)[-1]}")

    page.on("request", note)
    return asked


def test_a_sale_with_network_is_one_request(till: Callable[..., Page], shop: Shop) -> None:
    page = till()
    unsent(page, 0)
    sell_one(page)
    unsent(page, 0)
    asked, began = _asked(page), time.monotonic()
    for _ in range(SALES):
        sell_one(page)
        unsent(page, 0)
    with page.expect_request("**/returns"):  # none is unsent, before it is made and after it is sent
        give_back(page, "1", 1)
    unsent(page, 0)
    rounds = 1 + int((time.monotonic() - began) / 60)
    others = [one for one in asked if one not in {"POST sales", "POST returns"}]
    print(f"{SALES} sales and a refund: {asked}")
    assert asked.count("POST sales") == SALES
    assert asked.count("POST returns") == 1
    assert others.count("GET 1") == 1  # the receipt that the refund is about
    assert len(others) - 1 <= ROUND * rounds
    assert [sale["register_no"] for sale in shop.sales()] == list(range(1, SALES + 2))


def test_news_come_with_the_answer_to_a_sale(till: Callable[..., Page], shop: Shop) -> None:
    page = till()
    sell_one(page)
    unsent(page, 0)
    city = Person(shop.system.url, "city")
    body = {"outlet": shop.outlet, "price": 7500, "valid_from": instant(now())}
    city.put(f"/sales/v1/prices/{BREAD}", body)
    tile = page.locator(f".tile[data-sku={BREAD}]")

    def shown() -> bool:
        sell_one(page)
        unsent(page, 0)
        return "7.500" in tile.inner_text()

    until("the register knows the new price", shown, seconds=55)
    expect(tile).to_contain_text("7.500")
