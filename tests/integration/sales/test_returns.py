"""Refunds: never more than was sold, from any register, before or after the sale (P7)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from uuid import UUID

import pytest

from services.sales.usecases import lots
from tests.integration.sales.shop import OUTLET, SHIFT, Shop, line, returned


def test_a_return_is_recorded_announced_and_back_on_the_shelf_when_it_can_be_sold_again(shop: Shop) -> None:
    one = shop.sale(5)
    shop.post(one)
    back = returned(one, 2)
    back["lines"][0]["restock"] = True
    assert shop.give_back(back) == [{"id": back["id"], "status": "recorded", "work_items": []}]
    assert shop.shelf() == 97
    (event,) = shop.announced("SaleReturned")
    assert (event["return_id"], event["sale_id"], event["outlet"]) == (back["id"], one["id"], OUTLET)
    assert event["lines"][0]["restock"] is True


def test_the_same_return_again_is_a_duplicate_and_another_under_its_id_a_conflict(shop: Shop) -> None:
    one = shop.sale(5)
    shop.post(one)
    back = returned(one, 2)
    other = {**back, "refund": {"kind": "cash", "amount": 1}}
    statuses = [shop.give_back(item)[0]["status"] for item in (back, back, other)]
    assert statuses == ["recorded", "duplicate", "conflict"]
    assert len(shop.announced("SaleReturned")) == 1


def test_more_than_was_sold_exceeds_counts_in_the_drawer_and_is_not_announced(shop: Shop) -> None:
    one = shop.sale(2)
    shop.post(one)
    results = shop.give_back(returned(one, 2), returned(one, 1))
    assert [result["status"] for result in results] == ["recorded", "exceeds"]
    assert results[1]["work_items"] == ["refund-exceeds-sale"]
    assert shop.open_items() == {"refund-exceeds-sale"}
    assert len(shop.announced("SaleReturned")) == 1
    assert shop.manager.get(f"/shifts/{SHIFT}")["expected_now"] == 100_000 + 10_000 - 15_000


def test_two_registers_at_once_cannot_refund_the_same_goods_twice(shop: Shop) -> None:
    one = shop.sale(10)
    shop.post(one)
    backs = [returned(one, 6) for _ in range(8)]
    gate = threading.Barrier(8)

    def send(index: int) -> str:
        gate.wait()
        return str(shop.give_back(backs[index], code=f"OUT-DKR-{index % 2 + 1}")[0]["status"])

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(send, range(8)))
    assert statuses == ["exceeds"] * 7 + ["recorded"]


def test_a_refund_before_its_sale_waits_visibly_and_is_judged_when_the_sale_comes(shop: Shop) -> None:
    one = shop.sale(3)
    first, second = returned(one, 2), returned(one, 2, returned_at="2026-03-02T09:00:00Z")
    assert [result["status"] for result in shop.give_back(second, first)] == ["waiting", "waiting"]
    assert len(shop.register.get("/returns?status=waiting")["items"]) == 2
    shop.post(one)
    assert shop.register.get("/returns?status=waiting")["items"] == []
    # In the order in which they happened, not in which they came:
    assert shop.register.get(f"/returns/{first['id']}")["status"] == "recorded"
    assert shop.register.get(f"/returns/{second['id']}")["status"] == "exceeds"
    assert [event["return_id"] for event in shop.announced("SaleReturned")] == [first["id"]]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_sale_and_refunds_in_any_order_never_give_back_more_than_was_sold(shop: Shop, order: tuple[int, ...]) -> None:
    one = shop.sale(3)
    steps = [
        lambda: shop.post(one),
        lambda: shop.give_back(returned(one, 2)),
        lambda: shop.give_back(returned(one, 1)),
    ]
    for index in order:
        steps[index]()
    assert sum(line["quantity"] for event in shop.announced("SaleReturned") for line in event["lines"]) == 3
    assert shop.open_items() == set()


def test_a_line_that_was_never_sold_exceeds(shop: Shop) -> None:
    one, other = shop.sale(3), shop.sale(3)
    shop.post(one, other)
    stranger = returned(one, 1)
    stranger["lines"][0]["line_id"] = other["lines"][0]["id"]
    renamed = returned(one, 1)
    renamed["lines"][0]["sku"] = "GRM-001"
    assert [result["status"] for result in shop.give_back(stranger, renamed)] == ["exceeds", "exceeds"]


def test_a_return_that_cannot_be_read_is_quarantined_and_harms_no_other(shop: Shop) -> None:
    one = shop.sale(3)
    shop.post(one)
    broken = {**returned(one, 1), "refund": {"kind": "gold", "amount": 1}}
    results = shop.give_back(broken, returned(one, 1))
    assert [result["status"] for result in results] == ["quarantined", "recorded"]
    assert results[0]["errors"] == {"refund.kind": ["Must be one of: cash, qris, card, transfer."]}


@pytest.mark.parametrize("order", list(permutations(("sale", "back", "first", "second"))))
def test_what_comes_back_without_a_lot_is_what_a_person_says_that_the_line_was(
    shop: Shop, order: tuple[str, ...]
) -> None:
    one = shop.sale(lines=[line(3, lot=None)])
    back = returned(one, 2)
    back["lines"][0]["restock"] = True
    said = [step for step in order if step in {"first", "second"}]
    for step in order:
        if step == "sale":
            shop.post(one)
        elif step == "back":
            shop.give_back(back)
        elif order.index(step) > order.index("sale"):
            lot = ("LOTLOTLOT1", "LOTLOTLOT2")[said.index(step)]
            with shop.database.transaction() as session:
                ids = {"sale_id": UUID(one["id"]), "line_id": UUID(one["lines"][0]["id"])}
                lots.assign(session, **ids, lot=lot, assigned_by="kota")
    after = [step for step in said if order.index(step) > order.index("sale")]
    last: str | None = ("LOTLOTLOT1", "LOTLOTLOT2")[said.index(after[-1])] if after else None
    held = {name: shop.shelf(name) for name in (None, "LOTLOTLOT1", "LOTLOTLOT2")}
    assert held == {None: 0, "LOTLOTLOT1": 100, "LOTLOTLOT2": 0} | {last: (100 if last == "LOTLOTLOT1" else 0) - 1}
    assert "lot-missing" not in shop.open_items() or last is None
