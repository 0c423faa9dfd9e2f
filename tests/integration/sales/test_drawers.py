"""A closed shift's expected cash changes by dated amendments only, whatever comes late."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from uuid import UUID

from shared.db import Database
from shared.jsontext import instant
from tests.integration.sales.shop import NOON, SHIFT, Shop, returned, sale

SECOND = UUID(int=78)
STEPS = ("first", "second", "third", "sale", "back", "close")


def test_a_refund_that_was_another_shifts_leaves_by_an_amendment(shop: Shop) -> None:
    one = shop.sale()
    shop.post(one)
    back = returned(one, 1, returned_at=instant(NOON + timedelta(hours=25)))
    shop.give_back(back)
    assert shop.close_shift(100_000, NOON + timedelta(hours=26)).body["expected"] == 100_000
    shop.open_shift(SECOND, opened_at=instant(NOON + timedelta(hours=24)))
    shift = shop.register.get(f"/shifts/{SHIFT}")
    assert (shift["close"]["expected"], shift["expected_now"]) == (100_000, 105_000)
    (moved,) = shift["amendments"]
    assert (moved["kind"], moved["id"], moved["cash"]) == ("return-moved", back["id"], 5000)
    assert moved["received_at"] > shift["close"]["closed_at"]


def test_expected_now_is_the_count_and_its_amendments_in_any_order(database_for: Callable[..., Database]) -> None:
    shop = Shop(database_for("sales")).begin()
    numbers = iter(range(10_000))
    orders = [order for order in permutations(STEPS) if order.index("close") > order.index("first")]
    for order in random.Random(20260302).sample(orders, 25):
        run = next(numbers)
        code = f"OUT-DKR-D{run}"
        shifts = [UUID(int=10_000 * (run + 1) + index) for index in range(3)]
        sold = sale(register_no=1, shift_id=str(shifts[0]))
        back = returned(sold, 1, returned_at=instant(NOON + timedelta(hours=25)))
        body = {"closed_at": instant(NOON + timedelta(hours=26)), "counted": {"cash": 0}}
        for step in order:
            if step == "sale":
                shop.post(sold, code=code)
            elif step == "back":
                shop.give_back(back, code=code)
            elif step == "close":
                shop.till(code).call("POST", f"/shifts/{shifts[0]}/close", body)
            else:
                at = ("first", "second", "third").index(step)
                hours = timedelta(hours=(-1, 24, 23)[at])
                shop.open_shift(shifts[at], code, opened_at=instant(NOON + hours))
        shift = shop.till(code).get(f"/shifts/{shifts[0]}")
        changed = sum(part["cash"] for part in shift["amendments"])
        assert shift["expected_now"] == shift["close"]["expected"] + changed, order
        assert shift["expected_now"] == 105_000, order
