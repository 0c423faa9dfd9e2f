"""P18: twenty requests for the last ten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from uuid_utils.compat import uuid7

from shared.db import Database
from tests.integration.inventory.goods import OUTLET, SKU, WORKSHOP, Answer, Goods


def _at_once(count: int, call: Callable[[int], Answer]) -> list[Answer]:
    gate = Barrier(count)

    def one(index: int) -> Answer:
        gate.wait()
        return call(index)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_of_twenty_requests_for_the_last_ten_exactly_ten_get_them(database_for: Callable[..., Database]) -> None:
    goods = Goods(database_for("inventory")).begin()
    lot = goods.lot(10)
    notes = [goods.draft(lot, 1) for _ in range(20)]
    answers = _at_once(20, lambda index: goods.dispatch(notes[index]))
    assert Counter(answer.status for answer in answers) == {200: 10, 409: 10}
    for refused in (answer.body for answer in answers if answer.status == 409):
        assert refused["code"] == "insufficient-stock"
        assert [(line["sku"], line["lot"]) for line in refused["lines"]] == [(SKU, lot)]
    assert goods.stock(lot) == {"production": -10, "transit": 10}
    goods.prove()


def test_who_was_refused_gets_the_goods_when_there_are_some_again(database_for: Callable[..., Database]) -> None:
    goods = Goods(database_for("inventory")).begin()
    lot = goods.lot(10)
    first, second = goods.draft(lot, 7), goods.draft(lot, 4)
    assert goods.dispatch(first).status == 200
    refused = goods.dispatch(second)
    assert (refused.status, refused.body["code"]) == (409, "insufficient-stock")
    third = {"id": str(uuid7()), "from": OUTLET, "outlet": WORKSHOP}
    goods.receive(first, lot, 7)
    goods.staff.post("/consignments", third | {"lines": [{"sku": SKU, "lot": lot, "quantity": 1}]})
    goods.dispatch(third["id"])
    body = {"id": str(uuid7()), "received_at": "2026-03-04T01:00:00Z"}
    lines = [{"sku": SKU, "lot": lot, "good": 1, "damaged": 0}]
    assert goods.second.post(f"/consignments/{third['id']}/receipts", body | {"lines": lines}).status in {200, 201}
    assert goods.dispatch(second).status == 200
    assert goods.stock(lot) == {"production": -10, OUTLET: 6, "transit": 4}
    goods.prove()


def test_a_dispatch_of_several_lots_goes_as_a_whole_or_not_at_all(database_for: Callable[..., Database]) -> None:
    goods = Goods(database_for("inventory")).begin()
    full, short = goods.lot(10), goods.lot(3)
    note = {"id": str(uuid7()), "from": WORKSHOP, "outlet": OUTLET}
    lines = [{"sku": SKU, "lot": full, "quantity": 5}, {"sku": SKU, "lot": short, "quantity": 5}]
    assert goods.staff.post("/consignments", note | {"lines": lines}).status in {200, 201}
    refused = goods.dispatch(note["id"])
    assert refused.status == 409
    assert [line["lot"] for line in refused.body["lines"]] == [short]
    assert goods.stock(full) == {"production": -10, WORKSHOP: 10}
    assert goods.staff.get(f"/consignments/{note['id']}")["status"] == "draft"


def test_the_same_dispatch_sent_twenty_times_at_once_moves_goods_once(database_for: Callable[..., Database]) -> None:
    goods = Goods(database_for("inventory")).begin()
    lot = goods.lot(10)
    note = goods.draft(lot, 6)
    answers = _at_once(20, lambda _: goods.dispatch(note))
    assert Counter(answer.status for answer in answers) == {200: 20}
    assert goods.stock(lot) == {"production": -10, "transit": 6, WORKSHOP: 4}


def test_an_output_accepted_twenty_times_at_once_is_one_lot(database_for: Callable[..., Database]) -> None:
    goods = Goods(database_for("inventory")).begin()
    output = goods.propose(good=12)["id"]
    body = {"good": 11, "rejected": 1}
    answers = _at_once(20, lambda _: goods.staff.post(f"/outputs/{output}/acceptance", body))
    assert {answer.status for answer in answers} == {200}
    (lot,) = {answer.body["lot"] for answer in answers}
    assert goods.stock() == {"production": -12, WORKSHOP: 11, "scrap": 1}
    assert [event["lot"] for event in goods.announced("LotCreated")] == [lot]
    goods.prove()


def test_the_same_receipt_sent_twenty_times_at_once_counts_once(database_for: Callable[..., Database]) -> None:
    goods = Goods(database_for("inventory")).begin()
    lot = goods.lot(10)
    note = goods.draft(lot, 10)
    goods.dispatch(note)
    receipt = str(uuid7())
    answers = _at_once(20, lambda _: goods.receive(note, lot, 9, 1, id=receipt))
    assert {answer.status for answer in answers} <= {200, 201}
    assert goods.stock(lot) == {"production": -10, OUTLET: 9, "scrap": 1}
    assert len(goods.announced("ConsignmentReceived")) == 1
