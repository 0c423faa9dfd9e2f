"""A device whose clock is behind: it knows by what the server said last, says so, and goes by that."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from shared.clock import business_day, now
from shared.jsontext import loads
from tests.browser.conftest import look
from tests.browser.shop import Shop, open_shift, pair, sell_one, unsent
from tests.browser.tablet import Tablet

_LAST = """async () => {
    const { Store } = await import("/sales/static/shared/store.js");
    const store = await Store.open("lapak-register");
    const [sale] = await store.read((tx) => tx.last("sale", "no", 1));
    store.close();
    return JSON.stringify(sale);
}"""


pytestmark = pytest.mark.usefixtures("bread")


def test_a_tablet_that_starts_in_2019_without_network_sells_today(tablet: Tablet, shop: Shop) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    sell_one(page)
    unsent(page, 0)
    tablet.kept_without_network()
    began = now()
    tablet.kill()

    page = tablet.on(network=False)  # its battery was empty: the clock begins anew
    page.clock.install(time="2019-03-01T08:00:00+08:00")
    page.goto("/sales/register/")
    expect(page.locator(".badge.state")).to_contain_text("Jam perangkat salah")
    look(page, "register-clock-behind")
    for _ in range(2):
        sell_one(page)
    unsent(page, 2)
    page.locator(".badge.state").click()
    expect(page.get_by_role("dialog")).to_contain_text("Jam perangkat ini terlambat")
    page.keyboard.press("Escape")
    kept = loads(page.evaluate(_LAST))
    assert began - timedelta(minutes=5) < datetime.fromisoformat(kept["at"]) <= now(), "what the receipt says"
    assert kept["sale"]["sold_at"].startswith("2019"), "what the server works out the time from"
    tablet.context.set_offline(False)
    unsent(page, 0)
    sales = shop.sales()
    assert [sale["register_no"] for sale in sales] == [1, 2, 3]
    assert {sale["business_day"] for sale in sales} == {business_day(now()).isoformat()}


def test_sales_by_a_clock_that_was_wrong_are_not_put_on_the_day_before(tablet: Tablet, shop: Shop) -> None:
    """Nobody can tell any more when it was: it arrives today, and a person is asked."""
    page = tablet.on()
    page.clock.install(time=now() - timedelta(days=1))
    pair(page, shop)
    open_shift(page)
    sell_one(page)
    unsent(page, 0)
    tablet.kept_without_network()
    tablet.kill()
    page = tablet.on(network=False)
    page.clock.install(time="2019-03-01T08:00:00+08:00")
    page.goto("/sales/register/")
    sell_one(page)
    unsent(page, 1)
    tablet.kill()
    page = tablet.on()  # another run, and the clock is right again
    page.goto("/sales/register/")
    unsent(page, 0)
    _, late = shop.sales()
    assert late["business_day"] == business_day(now()).isoformat()
    assert "clock-drift" in {item["code"] for item in shop.work_items(late["id"])}


def test_a_clock_that_is_set_back_in_the_middle_of_a_shift_changes_nothing(tablet: Tablet, shop: Shop) -> None:
    page = tablet.on()
    page.clock.install()
    pair(page, shop)
    open_shift(page, float_=0)
    sell_one(page)
    unsent(page, 0)
    tablet.context.set_offline(True)
    page.clock.set_system_time("2019-03-01T08:00:00+08:00")
    sell_one(page)
    page.clock.set_system_time(now() - timedelta(days=2))
    sell_one(page)
    page.keyboard.press("F10")
    page.locator("[data-note='5000']").fill("3")
    page.locator("[data-close]").click()
    page.get_by_role("button", name="Tutup kasir").last.click()
    expect(page.locator("[data-variance]")).to_have_attribute("data-variance", "0")  # all three are in the drawer
    page.locator("[data-done]").click()
    tablet.context.set_offline(False)
    unsent(page, 0)
    assert {sale["business_day"] for sale in shop.sales()} == {business_day(now()).isoformat()}
    (shift,) = shop.till().get("/sales/v1/shifts", register=shop.register)["items"]
    assert (shift["close"]["variance"], shift["amendments"]) == (0, [])
