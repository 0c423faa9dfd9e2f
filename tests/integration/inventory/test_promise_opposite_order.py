"""P19: sixteen workers on the same products in opposite order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.inventory.handlers import consumer
from shared.db import Database
from shared.messaging.apply import apply
from tests.integration.inventory.goods import OUTLET, SKU, WORKSHOP, Answer, Goods, returned, sold

WORKERS, ROUNDS = 16, 6

Done = TypeVar("Done")


def _together(count: int, work: Callable[[int], Done]) -> list[Done]:
    gate = Barrier(count)

    def one(index: int) -> Done:
        gate.wait()
        return work(index)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def _patient(database: Database) -> Database:
    """Sixteen wait in one line, on a machine that may have other work: nobody is cut off for that."""
    return Database(database.url, pool_size=WORKERS, options="-c statement_timeout=120s -c lock_timeout=120s")


def _deadlocks(database: Database) -> int:
    with database.transaction() as session:
        query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(session.scalars(text(query)).one())


def _note(goods: Goods, order: list[str]) -> str:
    made = {"id": str(uuid7()), "from": WORKSHOP, "outlet": OUTLET}
    lines = [{"sku": SKU, "lot": lot, "quantity": 1} for lot in order]
    assert goods.staff.post("/consignments", made | {"lines": lines}).status in {200, 201}
    return made["id"]


def _receive(goods: Goods, consignment: str, order: list[str]) -> Answer:
    lines = [{"sku": SKU, "lot": lot, "good": 1, "damaged": 0} for lot in order]
    body = {"id": str(uuid7()), "received_at": "2026-03-03T01:00:00Z", "lines": lines}
    return goods.register.post(f"/consignments/{consignment}/receipts", body)


@pytest.mark.parametrize("mixed", [False, True], ids=["sales", "sales, returns"])
def test_no_event_is_lost_when_sixteen_workers_apply_the_same_products_in_opposite_order(
    database_for: Callable[..., Database], mixed: bool
) -> None:
    database = _patient(database_for("inventory"))
    goods = Goods(database).begin()
    lots = [goods.at_outlet(100) for _ in range(4)]
    batches = []
    for worker in range(WORKERS):
        ordered = lots if worker % 2 else lots[::-1]
        for _ in range(ROUNDS):
            sales = [sold([(lot, 1) for lot in order]) for order in (ordered, ordered[::-1])]
            back = [returned(sales[0], lot, 1, restock=True) for lot in reversed(ordered)] if mixed else []
            batches.append((worker, goods.batch(*sales, *back)))

    def work(worker: int) -> int:
        mine = [batch for owner, batch in batches if owner == worker]
        return sum(apply(database, consumer, batch).dead for batch in mine)

    assert sum(_together(WORKERS, work)) == 0
    left = 100 - WORKERS * ROUNDS * (2 - mixed)
    assert {lot: goods.stock(lot)[OUTLET] for lot in lots} == dict.fromkeys(lots, left)
    assert _deadlocks(database) == 0
    goods.prove()
    database.dispose()


def test_no_dispatch_fails_while_events_move_the_same_products(database_for: Callable[..., Database]) -> None:
    database = _patient(database_for("inventory"))
    goods = Goods(database).begin()
    lots = [goods.lot(200) for _ in range(4)]

    notes = {
        worker: [_note(goods, lots[::-1] if worker % 2 else lots) for _ in range(ROUNDS)] for worker in range(WORKERS)
    }
    batches = {
        worker: [
            goods.batch(sale, *(returned(sale, lot, 1, restock=False) for lot in lots))
            for sale in (sold([(lot, 1) for lot in lots[::-1]]) for _ in range(ROUNDS))
        ]
        for worker in range(0, WORKERS, 4)
    }

    def work(worker: int) -> list[int]:
        statuses = []
        for index, consignment in enumerate(notes[worker]):
            if worker in batches:
                apply(database, consumer, batches[worker][index])
            statuses.append(goods.dispatch(consignment).status)
            statuses.append(_receive(goods, consignment, lots[::-1] if index % 2 else lots).status)
        return statuses

    statuses = {status for found in _together(WORKERS, work) for status in found}
    assert statuses <= {200, 201}
    sent, scrapped = WORKERS * ROUNDS, len(batches) * ROUNDS
    for lot in lots:
        assert goods.stock(lot) == {
            "production": -200,
            WORKSHOP: 200 - sent,
            OUTLET: sent - scrapped,
            "scrap": scrapped,
        }
    goods.prove()
    database.dispose()


def test_no_receipt_fails_while_one_batch_sells_one_lot_and_takes_back_another(
    database_for: Callable[..., Database],
) -> None:
    # A batch of events is several statements, one per type: it may hold a later lot and want an earlier one.
    database = _patient(database_for("inventory"))
    goods = Goods(database).begin()
    low, high = sorted([goods.lot(500), goods.lot(500)])
    batches = [goods.batch(sold([(high, 1)]), returned(sold([(low, 1)]), low, 1, restock=True)) for _ in range(60)]
    note = goods.draft(low, 1)

    def work(worker: int) -> list[int]:
        if worker % 2:
            return [apply(database, consumer, batch).dead for batch in batches[worker // 2 :: 4]]
        return [_receive(goods, note, [low, high]).status for _ in range(15)]

    results = {status for found in _together(8, work) for status in found}
    assert results == {0, 201}
    assert goods.stock(low)[OUTLET] == goods.stock(high).get(OUTLET, 0) + 120
    assert _deadlocks(database) == 0
    goods.prove()
    database.dispose()
