"""The register without network: for days, through crashes, in two windows, through new versions of the page."""

from __future__ import annotations

import itertools
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from services.system.demo.api import Person
from shared.clock import now
from tests.browser.conftest import look
from tests.browser.shop import (
    BREAD,
    SHIRT,
    Shop,
    close_shift,
    enter_code,
    give_back,
    last_receipt,
    new_shop,
    open_shift,
    pair,
    scan,
    search,
    sell_one,
    unsent,
)
from tests.browser.tablet import Tablet
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("bread")


def test_from_pairing_to_a_closed_shift_with_the_network_cut_and_the_browser_killed_twice(
    tablet: Tablet, shop: Shop
) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    sell_one(page)
    unsent(page, 0)
    tablet.kept_without_network()
    tablet.context.set_offline(True)
    sell_one(page)
    sell_one(page, SHIRT)
    unsent(page, 2)
    look(page, "register-offline")
    scan(page, BREAD)
    expect(page.locator(".basket .line")).to_have_count(1)
    tablet.kill()

    page = tablet.on(network=False)
    page.goto("/sales/register/")  # from the device
    expect(page.locator(".basket .line")).to_have_count(1)  # what was being bought
    unsent(page, 2)
    page.keyboard.press("F2")
    page.keyboard.press("Enter")
    expect(page.locator(".slip")).to_contain_text("000004")
    tablet.kill()  # the receipt is on the screen: it must be on the disk

    page = tablet.on(network=False)
    page.goto("/sales/register/")
    unsent(page, 3)
    expect(page.locator(".basket .line")).to_have_count(0)
    give_back(page, "2", 1)
    unsent(page, 4)
    expected = 200_000 + 2 * 5000 + 85_000  # three breads and a shirt, one bread given back
    close_shift(page, {100_000: 3}, 300_000 - expected)
    unsent(page, 5)

    tablet.context.set_offline(False)
    unsent(page, 0)
    _everything_arrived(shop, expected)


def _everything_arrived(shop: Shop, expected: int) -> None:
    """Four sales, no number missing, the drawer as it was counted, and the books of all services agree."""
    assert [sale["register_no"] for sale in shop.sales()] == [1, 2, 3, 4]
    known = shop.sync()
    assert (known["last_no"], known["missing"], known["quarantined"]) == (4, [], [])
    (shift,) = shop.till().get("/sales/v1/shifts", register=shop.register)["items"]
    assert (shift["close"]["variance"], shift["expected_now"]) == (300_000 - expected, expected)
    verified = shop.system.run("verify")
    assert verified.returncode == 0, verified.stdout


def test_an_answer_that_is_lost_on_the_way_makes_no_second_sale(tablet: Tablet, shop: Shop) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    unsent(page, 0)
    heard: list[int] = []

    def lose(route: Any) -> None:
        heard.append(route.fetch().status)
        route.abort()

    tablet.context.route(re.compile("/v1/registers/.*/(sales|returns)$"), lose)
    sell_one(page)
    give_back(page, "1", 1)
    until("the server has it, the device does not know", lambda: heard.count(200) > 0)
    unsent(page, 2)
    tablet.kill()
    page = tablet.on()
    page.goto("/sales/register/")
    unsent(page, 0)
    assert [sale["register_no"] for sale in shop.sales()] == [1]
    back = shop.till().get("/sales/v1/returns", register=shop.register)["items"]
    assert [one["status"] for one in back] == ["recorded"]
    assert [lot["available"] for lot in shop.catalogue()[BREAD]["lots"]] == [99]  # one sold, once; it came back damaged


def test_who_is_unsent_may_not_sign_out_and_can_take_the_sales_along_in_a_file(
    tablet: Tablet, shop: Shop, tmp_path: Path
) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    unsent(page, 0)
    tablet.context.set_offline(True)
    sell_one(page)
    sell_one(page)
    expect(page.locator(".badge.state")).to_contain_text("2 belum terkirim")
    page.locator(".badge.state").click()
    look(page, "register-unsent")
    page.get_by_role("button", name="Lepas perangkat").click()
    expect(page.get_by_role("alert")).to_contain_text("Masih ada 2 catatan yang belum terkirim")
    page.keyboard.press("Enter")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Simpan ke berkas").click()
    file = tmp_path / "unsent.json"
    saving.value.save_as(file)
    assert len(json.loads(file.read_text())["entries"]) == 2
    for expected in ("recorded: 2", "duplicate: 2"):
        done = shop.system.run("import-unsent", str(file))
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
    page.keyboard.press("Escape")
    tablet.context.set_offline(False)
    unsent(page, 0)  # the same once more is no second sale
    assert [sale["register_no"] for sale in shop.sales()] == [1, 2]


def test_a_revoked_device_keeps_its_sales_until_it_is_paired_again(tablet: Tablet, shop: Shop) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    unsent(page, 0)
    operator = Person(shop.system.url, "operator")
    (mine,) = [
        one
        for one in operator.get("/sales/v1/pairings", limit=1000)["items"]
        if one["scope"].get("register") == shop.register and one["claimed_at"]
    ]
    operator.post(f"/sales/v1/pairings/{mine['id']}/revocation")

    sold = itertools.count(1)

    def noticed() -> int:
        sell_one(page)
        number = next(sold)
        return number if "dicabut" in page.locator(".badge.state").inner_text() else 0

    last = until("the register says so", noticed)
    page.locator(".badge.state").click()
    page.get_by_role("button", name="Pasangkan lagi").click()
    other = new_shop(shop.system)
    page.get_by_label("Kode").fill(other.code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("belum terkirim")
    enter_code(page, shop)
    last_receipt(page, str(last))
    expect(search(page)).to_be_focused()
    unsent(page, 0)
    assert [sale["register_no"] for sale in shop.sales()] == list(range(1, last + 1))


def test_a_clock_that_is_wrong_is_shown_and_loses_nothing(tablet: Tablet, shop: Shop) -> None:
    page = tablet.on()
    wrong = now() + timedelta(minutes=10)
    page.clock.install(time=wrong)
    pair(page, shop)
    open_shift(page)
    expect(page.locator(".badge.state")).to_contain_text("Jam meleset 10 menit")
    sell_one(page)
    unsent(page, 0)
    (sale,) = shop.sales()
    assert datetime.fromisoformat(sale["sold_at"]) >= wrong
    assert abs(datetime.fromisoformat(sale["effective_at"]) - now()) < timedelta(minutes=2)
    assert -620 <= sale["drift"] <= -580


def test_two_windows_cannot_sell_at_once(tablet: Tablet, shop: Shop) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    second = tablet.context.new_page()
    second.goto("/sales/register/")
    expect(second.get_by_role("heading", name="Sudah terbuka di jendela lain")).to_be_visible()
    second.get_by_role("button", name="Pakai di sini").click()
    expect(search(second)).to_be_visible()
    expect(page.get_by_role("heading", name="Sudah terbuka di jendela lain")).to_be_visible()


def test_a_browser_that_is_slow_to_give_the_lock_is_no_other_window(tablet: Tablet, shop: Shop) -> None:
    """A busy tablet takes its time; only a window that really has the lock is called one."""
    page = tablet.on()
    page.add_init_script(
        """const request = LockManager.prototype.request;
        LockManager.prototype.request = async function (...asked) {
            await new Promise((later) => setTimeout(later, 5000));
            return request.apply(this, asked);
        };"""
    )
    pair(page, shop)
    open_shift(page)
    page.reload()
    expect(search(page)).to_be_visible()
    expect(page.get_by_role("heading", name="Sudah terbuka di jendela lain")).to_have_count(0)


def test_a_number_that_the_server_misses_is_sent_again(tablet: Tablet, shop: Shop) -> None:
    page = tablet.on()
    pair(page, shop)
    open_shift(page)
    unsent(page, 0)
    tablet.context.set_offline(True)
    for _ in range(3):
        sell_one(page)
    # What a server that was restored from a backup would look like to the device: number 2 is not there.
    page.evaluate(
        """async () => {
            const { Store } = await import("/sales/static/shared/store.js");
            const store = await Store.open("lapak-register");
            await store.write(async (tx) => {
                for (const entry of await tx.all("outbox")) if (entry.no === 2) await tx.delete("outbox", entry.seq);
            });
            store.close();
        }"""
    )
    tablet.context.set_offline(False)
    until("all three are there", lambda: [sale["register_no"] for sale in shop.sales()] == [1, 2, 3])
    assert shop.sync()["missing"] == []
