"""A device that was long without network, or has sold for years: selling costs what it cost on the first day.

`./lapak test tests/browser/test_device_years.py -rP` prints the figures.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from shared.local.running import Running
from tests.browser.conftest import TABLET, look
from tests.browser.shop import BREAD, Open, new_shop, open_shift, pair, search, sell_one, unsent

RECORDS, UNSENT = 80_000, 8_000

#: Sales of the past, as the register would have kept them: `sent` of them are on the server, the others wait.
_PAST = """async ([first, sent, waiting, sku]) => {
    const { Store } = await import("/sales/static/shared/store.js");
    const { uuid7 } = await import("/sales/static/shared/device.js");
    const { requests } = await import("/sales/static/register/desk.js");
    const store = await Store.open("lapak-register");
    const shift = (await store.get("shift")).id, { register } = await store.get("device");
    const began = Date.now() - 300 * 86_400_000, last = first + sent + waiting;
    for (let no = first; no < last; ) {
        await store.write(async (tx) => {
            for (let some = 0; some < 1000 && no < last; some++, no++) {
                const at = new Date(began + no * 200_000).toISOString();
                const id = uuid7(Date.parse(at)), had = no < first + sent;
                const line = { id: uuid7(), sku, lot: null, quantity: 1, unit_price: 5000, discount: 0, amount: 5000 };
                const payments = [{ id: uuid7(), kind: "cash", amount: 5000, reference: null }];
                const lines = [line];
                const sale = { id, register_no: no, shift_id: shift, sold_at: at, lines, payments, total: 5000 };
                const record = { kind: "sale", id, no, at, shift, sale, tendered: 5000, names: {}, cashier: "kasir-1",
                    status: had ? "recorded" : "unsent", had_at: had ? at : null, printed: 0 };
                tx.put("records", record);
                const [entry] = requests(record, register);
                if (!had) tx.put("outbox", { method: "POST", ...entry });
            }
            await tx.put("kv", no, "next_no");
        });
    }
    store.close();
}"""
_TIDY = """async ([days, least, room]) => {
    const { Store } = await import("/sales/static/shared/store.js");
    const { tidy } = await import("/sales/static/shared/tidy.js");
    const { kinds } = await import("/sales/static/register/desk.js");
    const store = await Store.open("lapak-register");
    await tidy({ store, screen: { kinds } }, Date.now(), { days, least, room });
    const left = await store.read((tx) => tx.count("records"));
    store.close();
    return left;
}"""


def _took(page: Page) -> float:
    """ms from the last key of a sale until its receipt is there; what is written is on the disk by then."""
    page.keyboard.type(BREAD)
    page.keyboard.press("Enter")
    expect(page.locator(".basket .line")).to_have_count(1)
    page.keyboard.press("F2")
    expect(page.locator("[data-finish]")).to_be_visible()
    took = page.evaluate(
        """() => new Promise((done) => {
            const began = performance.now();
            new MutationObserver(() => document.querySelector("[data-next]") && done(performance.now() - began))
                .observe(document.body, { childList: true, subtree: true });
            document.querySelector("[data-finish]").click();
        })"""
    )
    page.keyboard.press("Enter")
    expect(search(page)).to_be_focused()
    return float(took)


def _opened(page: Page, key: str) -> float:
    """ms from a key until what it opens is there."""
    took = page.evaluate(
        """(key) => new Promise((done) => {
            const began = performance.now();
            const seen = () => document.querySelector("dialog[open] tr[data-no]") && done(performance.now() - began);
            new MutationObserver(seen).observe(document.body, { childList: true, subtree: true });
            dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
        })""",
        key,
    )
    return float(took)


def _history(page: Page) -> float:
    """ms until the history is there: the median of several times, each beside whatever else the machine does."""
    took = []
    for _ in range(7):
        took.append(_opened(page, "F9"))
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
    return median(took)


@pytest.mark.timeout(600)
def test_selling_and_the_history_stay_as_quick_as_on_the_first_day(open_page: Open, stocked: Running) -> None:
    page = open_page(size=TABLET)
    pair(page, new_shop(stocked))
    open_shift(page)
    unsent(page, 0)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    for _ in range(3):
        sell_one(page)
    early = [_took(page) for _ in range(9)]
    first = _history(page)
    page.evaluate(_PAST, [1000, RECORDS - UNSENT, UNSENT, BREAD])
    page.reload()
    unsent(page, UNSENT + 12)
    expect(search(page)).to_be_focused()
    late = [_took(page) for _ in range(9)]
    history = _history(page)
    page.keyboard.press("F9")
    expect(page.locator("dialog tr[data-no]").first).to_be_visible()
    look(page, "register-history-pages")
    assert page.locator("dialog tr[data-no]").count() == 50
    page.locator("[data-older]").click()
    expect(page.locator("dialog tr[data-no]")).to_have_count(100)
    numbers = [int(row.get_attribute("data-no") or 0) for row in page.locator("dialog tr[data-no]").all()]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == 100
    page.keyboard.press("Escape")
    before, after = median(early), median(late)
    grown = f"{RECORDS:,} records and {UNSENT:,} unsent"
    print(f"a sale: {before:.0f} ms; with {grown} {after:.0f} ms ({after / before:.1f}x)")
    print(f"the history: {first:.0f} ms, {history:.0f} ms ({history / first:.1f}x)")
    assert after < 3 * before
    assert history < 6 * first


def test_what_the_server_has_is_forgotten_in_the_end_and_nothing_that_is_unsent(
    open_page: Open, stocked: Running
) -> None:
    shop = new_shop(stocked)
    page = open_page(size=TABLET)
    pair(page, shop)
    open_shift(page)
    unsent(page, 0)
    page.context.set_offline(True)
    page.evaluate(_PAST, [1, 1500, 300, BREAD])
    kept: list[Any] = [page.evaluate(_TIDY, limits) for limits in ([400, 35, 50e6], [299, 35, 50e6], [400, 35, 1000])]
    assert kept[0] == 1801  # with the shift
    assert 1801 > kept[1] > 1000
    assert kept[2] == 301  # what is unsent, and the shift that is open
    page.reload()
    unsent(page, 300)
    sell_one(page)
    page.context.set_offline(False)
    unsent(page, 0)
    assert {sale["register_no"] for sale in shop.sales()} == set(range(1501, 1802))
