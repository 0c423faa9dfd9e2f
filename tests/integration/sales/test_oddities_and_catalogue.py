"""Work items explain themselves or are dealt with by a person; the catalogue offers what can be sold."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.clock import business_day, now
from shared.jsontext import instant
from tests.integration.sales.shop import (
    LOT,
    NOON,
    OUTLET,
    PRICE,
    SKU,
    Shop,
    created,
    line,
    published,
    recalled,
    received,
    returned,
)


def test_a_sale_of_an_unknown_product_is_explained_when_the_product_comes(shop: Shop) -> None:
    shop.post(shop.sale(lines=[line(sku="NEW-001", lot=None)]))
    assert shop.open_items() == {"unknown-sku", "lot-missing"}
    shop.hear(published(sku="NEW-001", list_price=PRICE))
    assert shop.open_items() == {"lot-missing"}


def test_no_stock_closes_when_the_goods_come(shop: Shop) -> None:
    assert shop.post(shop.sale(120))[0]["work_items"] == ["no-stock"]
    shop.hear(received(19))
    assert shop.open_items() == {"no-stock"}
    shop.hear(received(1))
    assert shop.open_items() == set()


@pytest.mark.parametrize("recall_first", [True, False])
def test_selling_a_recalled_lot_is_noticed_whichever_comes_first(shop: Shop, recall_first: bool) -> None:
    recall = recalled(NOON)
    if recall_first:
        shop.hear(recall)
    before = shop.sale(sold_at=instant(NOON - timedelta(seconds=1)))
    at_that_moment = shop.sale(sold_at=instant(NOON))
    shop.post(before, at_that_moment)
    if not recall_first:
        shop.hear(recall)
    items = shop.manager.get("/work-items?code=recalled-lot")["items"]
    assert [item["sale_id"] for item in items] == [at_that_moment["id"]]


def test_a_price_set_for_the_outlet_goes_before_a_general_one_and_that_before_the_list(shop: Shop) -> None:
    shop.city.call("PUT", f"/prices/{SKU}", {"price": 6000, "valid_from": instant(NOON - timedelta(days=2))})
    assert shop.post(shop.sale())[0]["work_items"] == ["price-differs"]
    own = {"outlet": OUTLET, "price": PRICE, "valid_from": instant(NOON - timedelta(days=1))}
    assert shop.manager.call("PUT", f"/prices/{SKU}", own).status == 201
    assert shop.open_items() == set()  # set after the sale, in force before it
    assert shop.manager.call("PUT", f"/prices/{SKU}", own).status == 200
    assert shop.manager.call("PUT", f"/prices/{SKU}", {**own, "outlet": "OUT-KNR"}).status == 403


def test_an_older_list_price_is_no_oddity(shop: Shop) -> None:
    shop.hear(published(version=2, list_price=7000))
    assert shop.post(shop.sale())[0]["work_items"] == []


def test_a_person_says_which_lot_it_was_and_inventory_hears_of_it(shop: Shop) -> None:
    one = shop.sale(lines=[line(2, lot=None)])
    shop.post(one)
    (item,) = shop.manager.get("/work-items?state=open")["items"]
    assert (item["code"], item["owner"], item["age"] >= 0) == ("lot-missing", "outlet", True)
    path = f"/work-items/{item['id']}/resolution"
    closed = shop.manager.call("POST", path, {"lot": LOT})
    assert (closed.status, closed.body["closed_at"] is not None) == (200, True)
    assert [shop.shelf(), shop.shelf(None)] == [98, 0]
    (event,) = shop.announced("SaleLotAssigned")
    assert event == {"sale_id": one["id"], "line_id": one["lines"][0]["id"], "lot": LOT, "version": 1}
    assert shop.manager.call("POST", path, {"lot": LOT}).status == 200
    assert len(shop.announced("SaleLotAssigned")) == 1


def test_what_a_person_closed_stays_closed(shop: Shop) -> None:
    shop.post(shop.sale(120))
    (item,) = shop.manager.get("/work-items?state=open")["items"]
    path = f"/work-items/{item['id']}/resolution"
    assert shop.manager.call("POST", path, {"note": "dihitung"}).status == 200
    assert shop.manager.call("POST", path, {"note": "lain"}).status == 409
    shop.post(shop.sale(5))
    assert shop.open_items() == set()
    assert shop.manager.call("POST", path, {"lot": LOT}).status == 422


def test_an_outlet_sees_and_closes_its_own_items_only(shop: Shop) -> None:
    shop.post(shop.sale(120))
    (item,) = shop.manager.get("/work-items")["items"]
    from tests.integration.sales.shop import Person

    stranger = Person(shop.app, "outlet", outlet="OUT-KNR")
    assert stranger.get("/work-items")["items"] == []
    assert stranger.call("GET", f"/work-items/{item['id']}").status == 403
    assert stranger.call("GET", f"/work-items?outlet={OUTLET}").status == 403
    assert stranger.call("POST", f"/work-items/{item['id']}/resolution", {}).status == 403


def _lots(shop: Shop) -> list[tuple[str, Any, Any]]:
    (item,) = shop.register.get(f"/catalogue?outlet={OUTLET}")["items"]
    return [(lot["lot"], lot["available"], lot["blocked"]) for lot in item["lots"]]


def test_the_catalogue_lists_lots_first_expired_first_and_says_what_is_blocked(shop: Shop) -> None:
    today = business_day(now())
    for lot, days in (("LOTKEEPS01", 30), ("LOTTODAY01", 0), ("LOTRECALL1", 2)):
        shop.hear(created(lot, today + timedelta(days=days)), received(5, lot))
    shop.hear(created("LOTFOREVER", None), received(Decimal("2.5"), "LOTFOREVER"))  # type: ignore[arg-type]
    shop.hear(recalled(now(), "LOTRECALL1"))
    assert _lots(shop) == [
        (LOT, 100, "expired"),
        ("LOTTODAY01", 5, None),
        ("LOTRECALL1", 5, "recalled"),
        ("LOTKEEPS01", 5, None),
        ("LOTFOREVER", Decimal("2.5"), None),
    ]


def test_the_catalogue_answers_not_modified_until_something_changes(shop: Shop) -> None:
    client, headers = shop.app.test_client(), shop.register.headers
    path = f"/sales/v1/catalogue?outlet={OUTLET}"
    tag = client.get(path, headers=headers).headers["ETag"]
    assert client.get(path, headers=headers | {"If-None-Match": tag}).status_code == 304
    shop.post(shop.sale())
    assert client.get(path, headers=headers | {"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("group", "keys"), [("day", ["2026-03-02"]), ("outlet", [OUTLET]), ("sku", [SKU]), ("workshop", ["WS-RTI"])]
)
def test_reports_tell_sales_refunds_and_what_remains(shop: Shop, group: str, keys: list[str]) -> None:
    one = shop.sale(4)
    shop.post(one, shop.sale(1))
    shop.give_back(returned(one, 2))
    body = shop.city.get(f"/reports/sales?from=2026-03-01&to=2026-03-03&group={group}")
    assert [row["key"] for row in body["items"]] == keys
    (row,) = body["items"]
    assert (row["sales"], row["quantity"], row["gross"], row["refunds"], row["net"]) == (2, 3, 25_000, 10_000, 15_000)


def test_a_report_of_no_days_or_of_too_many_is_refused(shop: Shop) -> None:
    for query in (
        "from=2026-03-02&to=2026-03-01",
        "from=2000-01-01&to=2026-01-01",
        "from=x&to=2026-01-01",
        "from=2026-01-01",
    ):
        assert shop.city.call("GET", f"/reports/sales?{query}").status == 422


def test_outlets_are_announced_when_they_change_and_only_then(shop: Shop) -> None:
    body = {"name": "Serambi", "kind": "permanent"}
    statuses = [shop.city.call("PUT", "/outlets/OUT-X", body).status for _ in range(2)]
    assert statuses == [201, 200]
    changed = shop.city.call("PUT", "/outlets/OUT-X", {**body, "closes_on": "2026-12-31"})
    assert (changed.status, changed.body["version"]) == (200, 2)
    assert [event["version"] for event in shop.announced("OutletOpened")] == [1, 2]


def test_an_outlet_named_by_a_register_is_a_placeholder_until_it_is_described(shop: Shop) -> None:
    shop.city.call("PUT", "/registers/OUT-Y-1", {"outlet": "OUT-Y", "name": "Kasir"})
    assert shop.city.get("/outlets/OUT-Y")["placeholder"] is True
    answer = shop.city.call("PUT", "/outlets/OUT-Y", {"name": "Gerai", "kind": "permanent"})
    assert (answer.status, answer.body["placeholder"], answer.body["version"]) == (201, False, 1)


def test_lists_page_to_the_end_without_repeating(shop: Shop) -> None:
    shop.post(*(shop.sale() for _ in range(25)))
    seen, after = [], ""
    while True:
        page = shop.register.get(f"/sales?limit=10{after}")
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(seen) == len(set(seen)) == 25
    assert shop.register.call("GET", "/sales?after=nonsense").status == 422


def test_expiry_counts_the_last_day_of_sale(shop: Shop) -> None:
    shop.hear(created("LOTEXPIRE1", date(2026, 3, 2)), received(5, "LOTEXPIRE1"))
    on_the_day = shop.sale(lines=[line(lot="LOTEXPIRE1")])
    day_after = shop.sale(lines=[line(lot="LOTEXPIRE1")], sold_at=instant(NOON + timedelta(days=1)))
    codes = [result["work_items"] for result in shop.post(on_the_day, day_after)]
    assert codes == [[], ["expired-lot"]]
