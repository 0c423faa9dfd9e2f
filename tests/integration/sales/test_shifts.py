"""Shifts: counted blind, closed quickly, never rewritten (P5, P6, P26)."""

from __future__ import annotations

from datetime import timedelta

from shared.jsontext import instant
from tests.integration.sales.shop import NOON, SHIFT, Shop, returned


def test_the_close_sets_the_count_against_float_sales_and_refunds(shop: Shop) -> None:
    one = shop.sale(4)
    shop.post(one, shop.sale(1))
    shop.give_back(returned(one, 1))
    answer = shop.close_shift(119_000)
    assert answer.status == 200
    assert (answer.body["expected"], answer.body["counted"], answer.body["variance"]) == (120_000, 119_000, -1_000)


def test_closing_again_with_the_same_count_is_the_same_and_with_another_is_refused(shop: Shop) -> None:
    first = shop.close_shift(100_000)
    assert shop.close_shift(100_000) == first
    assert shop.close_shift(90_000).body["code"] == "closed-otherwise"


def test_a_late_sale_joins_its_shift_and_the_count_stays(shop: Shop) -> None:
    shop.close_shift(100_000)
    late = shop.sale(2)
    assert shop.post(late)[0]["work_items"] == []  # dated within the shift: no oddity
    shift = shop.register.get(f"/shifts/{SHIFT}")
    assert (shift["close"]["expected"], shift["close"]["counted"], shift["expected_now"]) == (100_000, 100_000, 110_000)
    assert [(part["kind"], part["id"], part["cash"]) for part in shift["amendments"]] == [("sale", late["id"], 10_000)]


def test_sale_then_close_and_close_then_sale_end_alike(shop: Shop) -> None:
    inside, after = shop.sale(), shop.sale(sold_at=instant(NOON + timedelta(hours=9)))
    shop.post(inside, after)
    shop.close_shift(100_000)
    assert shop.open_items() == {"shift-closed"}
    assert shop.post(after)[0]["work_items"] == ["shift-closed"]


def test_close_then_sale_opens_the_same_item(shop: Shop) -> None:
    inside, after = shop.sale(), shop.sale(sold_at=instant(NOON + timedelta(hours=9)))
    shop.close_shift(100_000)
    assert [result["work_items"] for result in shop.post(inside, after)] == [[], ["shift-closed"]]


def test_the_same_shift_again_is_the_same_and_another_under_its_id_is_a_conflict(shop: Shop) -> None:
    assert shop.open_shift().status == 200
    assert shop.open_shift(opening_float=1).status == 409


def test_a_shift_that_comes_after_its_sales_explains_them(shop: Shop) -> None:
    from uuid import uuid4

    later = uuid4()
    assert shop.post(shop.sale(shift_id=str(later)))[0]["work_items"] == ["shift-unknown"]
    assert shop.open_shift(later).status == 201
    assert shop.open_items() == set()


def test_a_shift_nobody_opened_cannot_be_closed(shop: Shop) -> None:
    body = {"closed_at": instant(NOON), "counted": {"cash": 0}}
    assert shop.register.call("POST", "/shifts/00000000-0000-7000-8000-000000000000/close", body).status == 404


def test_only_the_shifts_own_register_closes_it(shop: Shop) -> None:
    body = {"closed_at": instant(NOON), "counted": {"cash": 0}}
    assert shop.till("OUT-DKR-2").call("POST", f"/shifts/{SHIFT}/close", body).status == 403
