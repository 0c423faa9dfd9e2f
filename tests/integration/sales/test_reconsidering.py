"""What concerns many past sales is judged again in chunks: nobody waits, nothing is lost, and the end is the same."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.sales.handlers import consumer
from services.sales.usecases import gates, reconsidering
from shared.jsontext import instant
from tests.integration.sales.shop import LOT, NOON, PRICE, SKU, Shop, created, line, published, recalled, sale

_STANDING = "SELECT code, subject FROM work_item WHERE stands AND code <> 'no-stock' ORDER BY code, subject"
_AT_ANOTHER_PRICE = "SELECT subject FROM work_item WHERE stands AND code = 'price-differs'"
_WHOLE = "SELECT DISTINCT code, subject FROM oddity ORDER BY code, subject"


def _ask(shop: Shop, statement: str) -> list[Any]:
    with shop.database.transaction() as session:
        return [tuple(row) for row in session.execute(text(statement))]


def _page(shop: Shop) -> str:
    """The list of work items as the city sees it."""
    headers = {"Authorization": shop.city.headers["Authorization"]}
    answer = shop.app.test_client().get("/sales/work-items?lang=en", headers=headers)
    assert answer.status_code == 200
    return answer.text


def _left(shop: Shop) -> int:
    return int(_ask(shop, "SELECT count(*) FROM reconsideration")[0][0])


def _finish(shop: Shop) -> None:
    """As the courier does, which finds the chores of the service here."""
    for chore in consumer.chores:
        while chore(shop.database):
            pass
    assert _left(shop) == 0


_TILLS = itertools.count(10)


def _sell(shop: Shop, count: int, **changes: Any) -> list[Any]:
    """So many sales before noon, an hour apart, by a register of their own in one long shift."""
    code, shift = f"OUT-DKR-{next(_TILLS)}", uuid7()
    assert shop.open_shift(shift, code, opened_at=instant(NOON - timedelta(days=5))).status == 201
    sales = [
        sale(
            register_no=number, shift_id=str(shift), sold_at=instant(NOON - timedelta(hours=count - number)), **changes
        )
        for number in range(1, count + 1)
    ]
    shop.post(*sales, code=code)
    return sales


def _price(shop: Shop, price: int, days: int, outlet: str | None = None) -> None:
    body = {"price": price, "valid_from": instant(NOON - timedelta(days=days)), "outlet": outlet}
    assert shop.city.call("PUT", f"/prices/{SKU}", body).status in {200, 201}


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of seven, and nothing is few enough to be done at once."""
    monkeypatch.setattr(reconsidering, "CHUNK", 7)
    monkeypatch.setattr(reconsidering, "FEW", 0)


@pytest.fixture
def no_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sets a price does one chunk and leaves the rest to the courier."""
    monkeypatch.setattr("services.sales.routes.reference._MOMENT", 0)


def test_a_price_set_back_over_few_sales_is_done_when_the_answer_comes(shop: Shop) -> None:
    sales = _sell(shop, 5)
    _price(shop, PRICE + 1, days=1)
    assert _left(shop) == 0
    assert len(_ask(shop, _AT_ANOTHER_PRICE)) == len(sales)
    _price(shop, PRICE, days=1)
    assert _ask(shop, _STANDING) == _ask(shop, _WHOLE)
    assert _ask(shop, _AT_ANOTHER_PRICE) == []


def test_what_is_left_of_a_price_set_back_is_finished_by_the_courier(
    shop: Shop, small_chunks: None, no_moment: None
) -> None:
    _sell(shop, 60)
    assert "judged again" not in _page(shop)
    _price(shop, PRICE + 1, days=2)
    assert "judged again" in _page(shop)
    assert _left(shop) == 1
    assert 0 < len(_ask(shop, _AT_ANOTHER_PRICE)) < 49
    assert shop.post(shop.sale())[0]["work_items"] == ["price-differs"]  # judged by the new price at once
    _finish(shop)
    assert _ask(shop, _STANDING) == _ask(shop, _WHOLE)
    assert len(_ask(shop, _AT_ANOTHER_PRICE)) == 50  # two days of hours, the first included; and the late one


def test_whoever_dies_in_the_middle_of_a_chunk_loses_nothing(shop: Shop, small_chunks: None, no_moment: None) -> None:
    _sell(shop, 30)
    _price(shop, PRICE + 1, days=2)
    with shop.database.transaction() as session:
        assert gates.try_to_reconsider(session)
        reconsidering._judge(session, session.execute(text("SELECT * FROM reconsideration")).one())
        session.rollback()  # as a server does for whoever is gone
    _finish(shop)
    assert _ask(shop, _STANDING) == _ask(shop, _WHOLE)
    assert len(_ask(shop, _AT_ANOTHER_PRICE)) == 30


def test_registers_sell_and_shifts_are_counted_while_a_chunk_is_judged_and_no_two_chunks_meet(
    shop: Shop, small_chunks: None, no_moment: None
) -> None:
    _sell(shop, 30)
    _price(shop, PRICE + 1, days=2)
    with shop.database.transaction() as session:
        assert gates.try_to_reconsider(session)
        reconsidering._judge(session, session.execute(text("SELECT * FROM reconsideration")).one())
        assert shop.post(shop.sale())[0]["status"] == "recorded"
        assert shop.close_shift(100_000).status == 200
        assert not reconsidering.chunk(shop.database)
    _finish(shop)
    assert _ask(shop, _STANDING) == _ask(shop, _WHOLE)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_changes_and_in_whatever_order_the_end_is_what_the_facts_say(
    shop: Shop, small_chunks: None, no_moment: None, seed: int
) -> None:
    dice = random.Random(seed)
    _sell(shop, 12)
    _sell(shop, 6, lines=[line(1, lot="UNHEARD222")])
    _sell(shop, 6, lines=[line(1, sku="UNHEARD", lot=None)])
    steps: list[Any] = [
        lambda: _price(shop, PRICE + 1, days=1),
        lambda: _price(shop, PRICE, days=0),
        lambda: _price(shop, PRICE + 2, days=2, outlet="OUT-DKR"),
        lambda: shop.hear(created("UNHEARD222", expires_on=(NOON - timedelta(days=1)).date())),
        lambda: shop.hear(recalled(NOON - timedelta(hours=5), LOT)),
        lambda: shop.hear(published(sku="UNHEARD", list_price=PRICE - 1)),
        lambda: shop.hear(published(sku="UNHEARD", version=2, list_price=PRICE)),
        lambda: shop.hear(published(version=3, list_price=PRICE + 1)),
        lambda: _sell(shop, 3),
        lambda: reconsidering.chunk(shop.database),
        lambda: reconsidering.chunk(shop.database),
    ]
    dice.shuffle(steps)
    for step in steps:
        step()
    _finish(shop)
    assert _ask(shop, _STANDING) == _ask(shop, _WHOLE)
