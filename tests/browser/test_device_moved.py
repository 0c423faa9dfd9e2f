"""A register that stands elsewhere now, and a server that is another one than a moment ago: nothing is left behind."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from services.system.demo.api import Person
from tests.browser.shop import (
    Open,
    Shop,
    enter_code,
    last_receipt,
    new_shop,
    open_shift,
    pair,
    search,
    sell_one,
    unsent,
)
from tests.browser.tablet import Tablet
from tests.waiting import until

_DEVICE = """async () => {
    const { Store } = await import("/sales/static/shared/store.js");
    const store = await Store.open("lapak-register");
    const device = await store.get("device");
    store.close();
    return device;
}"""
_BEGIN = """async () => {
    const { Store } = await import("/sales/static/shared/store.js");
    const { Again } = await import("/sales/static/shared/again.js");
    const store = await Store.open("lapak-epochs");
    await store.write((tx) => tx.put("records", { kind: "sale", id: "1", no: 1, at: "2026-11-30T00:00:00Z" }));
    window.again = new Again(store, { kinds: ["sale"], requests: () => [] });
    await again.load();
}"""
_SHELF = """async () => {
    const { Catalogue } = await import("/sales/static/register/catalogue.js");
    const { Device } = await import("/sales/static/shared/device.js");
    const { Store } = await import("/sales/static/shared/store.js");
    const store = await Store.open("lapak-shelf");
    const lot = (code, available) => ({ lot: code, available, expires_on: null, blocked: null });
    const item = { sku: "A", name: { id: "A", en: "A" }, lots: [lot("L1", 2), lot("L2", 10)] };
    await store.set("catalogue", { items: [item] });
    const shelf = new Catalogue({ store, device: await new Device(store, "sales").load() });
    await shelf.load();
    const sale = { kind: "sale", body: { lines: [{ lot: "L1", quantity: 1 }] } };
    const told = { ...sale, again: true };
    const left = [[sale, 1], [sale, -1, true], [sale, 1], [sale, -1], [told, 1], [told, -1, true]].map((moved) => {
        shelf.tally(...moved);
        return shelf.left(shelf.items[0].lots[0]);
    });
    return [left, shelf.pick(shelf.items[0], [{ lot: "L1", quantity: 1 }]).lot];
}"""


def _revoke(shop: Shop) -> None:
    """The device that is its register is no longer let in."""
    operator = Person(shop.system.url, "operator")
    pairings = operator.get("/sales/v1/pairings", limit=1000)["items"]
    (mine,) = [one for one in pairings if one["scope"].get("register") == shop.register and one["claimed_at"]]
    operator.post(f"/sales/v1/pairings/{mine['id']}/revocation")


@pytest.mark.usefixtures("bread")
def test_a_register_that_was_moved_is_paired_where_it_stands_now_with_what_is_still_unsent(
    tablet: Tablet, shop: Shop
) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    sell_one(page)
    unsent(page, 0)

    def device() -> dict[str, Any]:
        return dict(page.evaluate(_DEVICE))

    until("the name of the outlet is known", lambda: device().get("outlet_name") == f"Gerai {shop.outlet}")
    old = {"Authorization": f"Bearer {device()['token']}"}
    tablet.context.set_offline(True)
    sell_one(page)
    unsent(page, 1)
    there, city = new_shop(shop.system), Person(shop.system.url, "city")
    city.put(f"/sales/v1/registers/{shop.register}", {"outlet": there.outlet, "name": "Kasir 1"})
    _revoke(shop)
    own = f"{shop.system.url}/sales/v1/registers/{shop.register}/sync"

    def refused() -> bool:  # by every web process, whichever answers
        return all(httpx.get(own, headers=old, timeout=30).status_code == 401 for _ in range(20))

    until("nobody takes its token", refused)
    tablet.context.set_offline(False)
    expect(page.locator(".badge.state")).to_contain_text("dicabut")
    page.locator(".badge.state").click()
    page.get_by_role("button", name="Pasangkan lagi").click()
    enter_code(page, shop)
    last_receipt(page, "2")
    expect(search(page)).to_be_focused()
    unsent(page, 0)
    until("nothing stands on receipts of where it was", lambda: device().get("outlet_name") == f"Gerai {there.outlet}")
    sold = city.get("/sales/v1/sales", register=shop.register, limit=10)["items"]
    assert {one["register_no"]: one["outlet"] for one in sold} == {1: shop.outlet, 2: shop.outlet}


def test_receipts_carry_the_name_that_the_shop_has_now(tablet: Tablet, shop: Shop) -> None:
    page = tablet.on()
    pair(page, shop)
    until("its name is known", lambda: page.evaluate(_DEVICE).get("outlet_name") == f"Gerai {shop.outlet}")
    city = Person(shop.system.url, "city")
    city.put(f"/sales/v1/outlets/{shop.outlet}", {"name": "Kedai Daya", "kind": "permanent"})
    page.reload()
    until("the new one is known", lambda: page.evaluate(_DEVICE).get("outlet_name") == "Kedai Daya")
    tablet.kept_without_network()
    tablet.context.set_offline(True)
    page.reload()  # without network the last that was heard stays
    assert page.evaluate(_DEVICE)["outlet_name"] == "Kedai Daya"


def test_facts_are_sent_again_also_to_a_database_that_was_put_back(open_page: Open) -> None:
    """Another stood there for a while, and took what came; a process that has not heard yet is no other database."""
    page = open_page()
    page.clock.install()
    page.goto("/sales/register/")
    page.evaluate(_BEGIN)

    def heard(epoch: str) -> bool:
        return bool(page.evaluate(f"again.heard('{epoch}', null)"))

    assert not any(heard(epoch) for epoch in ("right", "right"))
    assert [heard(epoch) for epoch in ("wrong", "right", "wrong")] == [True, False, False]
    page.clock.fast_forward(11_000)
    assert [heard(epoch) for epoch in ("wrong", "right", "wrong", "right")] == [False, True, False, False]
    page.clock.fast_forward(11_000)
    assert [heard(epoch) for epoch in ("right", "third")] == [False, True]


def test_what_was_just_sold_is_off_the_shelf_before_the_server_is_asked_again(open_page: Open) -> None:
    page = open_page()
    page.goto("/sales/register/")
    assert page.evaluate(_SHELF) == [[1, 1, 0, 1, 0, 1], "L2"]
