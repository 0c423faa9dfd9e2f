"""A batch of which nothing is to be wondered at gets in one look the very times that it gets sale by sale (P8)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared.jsontext import instant
from tests.integration.sales.shop import Shop, sale

RUNS = (None, UUID(int=1), UUID(int=2))
_TIMES = "SELECT * FROM {how}(:register, :outlet, :received, CAST(:sales AS jsonb))"

#: One sale: which number after the last, seconds after the last, by how much its clock is off, which run, and by how
#: much the run's milliseconds are.
SOLD = st.tuples(
    st.sampled_from([1, 1, 1, 1, 3, 0, -2]),
    st.sampled_from([0, 1, 30, 30, 30, 600, -5]),
    st.sampled_from([0, 0, 0, 0, 0, 1, 119, 121, -121, 90_000]),
    st.sampled_from([1, 1, 1, 1, 2, 0]),
    st.sampled_from([0, 0, 0, 0, 100, 121, 100_000]),
)


def _times(shop: Shop, how: str, register: str, received: datetime, sales: Sequence[dict[str, Any]]) -> list[Any]:
    values = {"register": register, "outlet": "OUT-DKR", "received": received, "sales": json.dumps(sales)}
    with shop.database.transaction() as session:
        return [tuple(row) for row in session.execute(text(_TIMES.format(how=how)), values)]


def _batch(
    sold: Sequence[tuple[int, int, int, int, int]], received: datetime, lag: int, shift: UUID
) -> list[dict[str, Any]]:
    """As `record_sales` is given it."""
    moment, number, began = received - timedelta(seconds=60 * len(sold)), 10, received - timedelta(days=1)
    sales = []
    for step, seconds, off, run, drift in sold:
        moment, number = moment + timedelta(seconds=seconds), number + step
        ms = int((moment - began).total_seconds() * 1000)
        sent_ms = int((received - began).total_seconds() * 1000)
        one = {"register_no": number, "shift_id": str(shift), "sold_at": instant(moment + timedelta(seconds=off))}
        one |= {"sent_at": instant(received + timedelta(seconds=lag)), "arrived_at": instant(received)}
        if run:
            one |= {"run": str(RUNS[run]), "run_ms": ms + 1000 * drift, "sent_run": str(RUNS[1]), "sent_ms": sent_ms}
        sales.append(one)
    return sales


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sold=st.lists(SOLD, min_size=1, max_size=6),
    lag=st.sampled_from([0, 0, 0, 1, -119, 121]),
    before=st.sampled_from([None, None, 5, 10, 40]),
    opened=st.sampled_from([None, 7200, 30]),
)
def test_they_are_the_times_of_each_in_turn(
    shop: Shop, sold: list[tuple[int, int, int, int, int]], lag: int, before: int | None, opened: int | None
) -> None:
    register, received = f"T-{uuid4().hex[:8].upper()}", datetime.now(UTC)
    first = received - timedelta(seconds=60 * len(sold))
    shift = uuid4()
    if opened is not None:
        shop.open_shift(shift, register, opened_at=instant(first - timedelta(seconds=opened)))
    if before is not None:
        told = instant(first - timedelta(seconds=20))
        shop.post(sale(register_no=before, shift_id=str(shift), sold_at=told), code=register)
    sales = _batch(sold, received, lag, shift)
    plain = _times(shop, "plain_times", register, received, sales)
    assert not plain or plain == _times(shop, "times_in_turn", register, received, sales)


def test_an_ordinary_batch_is_plain(shop: Shop) -> None:
    """Else the test above would show nothing."""
    register, received, shift = "T-PLAIN", datetime.now(UTC), uuid4()
    shop.open_shift(shift, register, opened_at=instant(received - timedelta(hours=1)))
    shop.post(sale(register_no=3), code=register)
    sales = _batch([(1, 30, 0, 1, 0)] * 5, received, 1, shift)
    assert len(_times(shop, "plain_times", register, received, sales)) == 5
    assert _times(shop, "plain_times", register, received, [sales[1], sales[0], *sales[2:]]) == []
