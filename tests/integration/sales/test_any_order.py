"""Which work items are open, and what is on the shelf, follows from the facts and not from their order (P11)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sales.handlers import consumer
from shared.db import Database
from shared.events.inventory import StockMoved
from shared.messaging.apply import apply
from shared.messaging.batch import Batch
from tests.integration.sales.shop import LOT, NOON, OUTLET, SKU, Shop, created, published, recalled, received, sale
from tests.integration.sales.shop import _wire as wire

MOVED = StockMoved(
    move_id=received(1).receipt_id, outlet=OUTLET, sku=SKU, lot=LOT, delta=received(3).lines[0].good * -1,
    reason_code="write-off",
)  # fmt: skip
HISTORY = (
    published(),
    published(version=2, list_price=6000),
    created(expires_on=date(2026, 3, 1)),
    received(3),
    received(2),
    MOVED,
    recalled(NOON - timedelta(hours=1)),
)
SALES = [sale(2, register_no=1), sale(2, register_no=2)]


@pytest.fixture
def forget(forget_of: Callable[[str], Callable[[], None]]) -> Callable[[], None]:
    return forget_of("sales")


def _whole(shop: Shop) -> Batch:
    events = tuple(wire(number, event) for number, event in enumerate(HISTORY, 1))
    return Batch("inventory", shop.epoch, 1, len(events) + 1, consumer.types_from("inventory"), events)


def _live(shop: Shop, order: list[Any]) -> str:
    """Events by number and sales by `s0`, `s1`, in this order; then the hash."""
    whole = _whole(shop)
    for step in order:
        if isinstance(step, int):
            apply(shop.database, consumer, whole.only(whole.events[step]))
        else:
            shop.post(SALES[int(step[1])])
    return shop.hash()


def _expected(shop: Shop, forget: Callable[[], None]) -> str:
    forget()
    return _live(shop, [*range(len(HISTORY)), "s0", "s1"])


def test_every_order_of_a_sale_and_the_news_about_it_gives_the_same_open_items(
    database_for: Callable[..., Database], forget: Callable[[], None]
) -> None:
    shop, hashes, items = Shop(database_for("sales")), set(), set()
    for order in permutations([0, 2, 3, 6, "s0"]):
        forget()
        hashes.add(_live(shop, list(order)))
        items.add(tuple(sorted(shop.open_items())))
    assert items == {("expired-lot", "recalled-lot", "shift-unknown")}
    assert len(hashes) == 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_any_order_with_repetitions_gives_the_same_state(
    database_for: Callable[..., Database], forget: Callable[[], None], seed: int
) -> None:
    dice = random.Random(seed)
    shop = Shop(database_for("sales"))
    expected = _expected(shop, forget)
    steps: list[Any] = [*range(len(HISTORY)), "s0", "s1"]
    steps += dice.choices(steps, k=4)
    dice.shuffle(steps)
    forget()
    assert _live(shop, steps) == expected


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_two_connections_at_once_in_different_orders_give_the_same_state(
    database_for: Callable[..., Database], forget: Callable[[], None], seed: int
) -> None:
    shop = Shop(database_for("sales"))
    expected = _expected(shop, forget)
    forget()
    orders = []
    for half in (0, 1):
        steps: list[Any] = [*range(len(HISTORY)), f"s{half}"]
        random.Random(seed + half).shuffle(steps)
        orders.append(steps)
    threads = [Thread(target=_live, args=(replace(shop), steps)) for steps in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.hash() == expected
