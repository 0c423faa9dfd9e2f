"""The handover: sent by the workshop, counted by the outlet, differences settled by a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.integration.inventory.goods import OUTLET, SKU, WORKSHOP, Answer, Goods, sold


def _note(lines: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {"id": str(uuid7()), "from": WORKSHOP, "outlet": OUTLET, "lines": lines} | changes


def _line(lot: str | None, quantity: Any = 1, sku: str = SKU) -> dict[str, Any]:
    return {"sku": sku, "lot": lot, "quantity": quantity}


def _open(goods: Goods, consignment: str) -> list[dict[str, Any]]:
    items = goods.staff.get("/discrepancies", state="open", limit=1000)["items"]
    return [item for item in items if item["consignment_id"] == consignment]


def _resolve(goods: Goods, item: dict[str, Any], reason_code: str) -> Answer:
    return goods.second.post(f"/discrepancies/{item['id']}/resolution", {"reason_code": reason_code})


def test_a_receipt_before_its_dispatch_and_with_a_surplus_fits(goods: Goods) -> None:
    lot = goods.lot(100)
    note = goods.draft(lot, 10)
    assert goods.receive(note, lot, 11, 1).status in {200, 201}
    assert goods.stock(lot) == {"production": -100, WORKSHOP: 100, OUTLET: 11, "scrap": 1, "transit": -12}
    assert goods.dispatch(note).status == 200
    (difference,) = _open(goods, note)
    assert (difference["open"], difference["surplus"], difference["short"]) == (-2, 2, 0)
    assert difference["owner"] == OUTLET
    assert _resolve(goods, difference, "lost").status == 422
    assert _resolve(goods, difference, "sent-uncounted").status == 200
    assert goods.stock(lot) == {"production": -100, WORKSHOP: 88, OUTLET: 11, "scrap": 1}
    assert _open(goods, note) == []
    goods.prove()


def test_goods_received_that_were_never_dispatched_are_an_open_difference(goods: Goods) -> None:
    lot = goods.lot(100)
    note = goods.draft(lot, 10)
    goods.receive(note, lot, 10)
    (difference,) = _open(goods, note)
    assert (difference["sent"], difference["open"]) == (0, -10)
    assert goods.dispatch(note).status == 200
    assert _open(goods, note) == []
    assert "transit" not in goods.stock(lot)


def test_several_receipts_add_up_and_a_later_one_opens_a_settled_difference_again(goods: Goods) -> None:
    lot = goods.lot(100)
    note = goods.draft(lot, 10)
    goods.dispatch(note)
    goods.receive(note, lot, 4)
    assert _open(goods, note)[0]["open"] == 6
    goods.receive(note, lot, 3, 1)
    (difference,) = _open(goods, note)
    assert (difference["open"], difference["owner"]) == (2, WORKSHOP)
    assert _resolve(goods, difference, "not-sent").status == 200
    assert _resolve(goods, difference, "not-sent").status == 200
    assert _resolve(goods, difference, "lost").status == 409
    goods.receive(note, lot, 2)
    assert _open(goods, note)[0]["open"] == -2
    assert _resolve(goods, difference, "surplus").status == 200
    assert goods.stock(lot) == {"production": -100, WORKSHOP: 92, OUTLET: 9, "scrap": 1, "adjustment": -2}
    assert len(goods.staff.get(f"/consignments/{note}/receipts")["items"]) == 3
    goods.prove()


def test_until_its_first_receipt_the_receiver_sees_no_quantities(goods: Goods) -> None:
    lot = goods.lot(100)
    note = goods.draft(lot, 10)
    goods.dispatch(note)
    for blind in (goods.register, goods.manager):
        for shown in (blind.get(f"/consignments/{note}"), blind.get("/consignments")["items"][0]):
            assert shown["lines"] == [{"sku": SKU, "lot": lot}]
    assert goods.staff.get(f"/consignments/{note}")["lines"] == [{"sku": SKU, "lot": lot, "quantity": 10}]
    goods.receive(note, lot, 10)
    assert goods.register.get(f"/consignments/{note}")["lines"][0]["quantity"] == 10


def test_who_sends_goods_back_sees_what_was_sent(goods: Goods) -> None:
    lot = goods.at_outlet(10)
    back = goods.draft(lot, 4, origin=OUTLET, to=WORKSHOP)
    assert goods.register.get(f"/consignments/{back}")["lines"][0]["quantity"] == 4


def test_surplus_of_another_lot_than_those_on_the_note_is_counted(goods: Goods) -> None:
    lot, stray = goods.lot(10), goods.lot(10)
    note = goods.draft(lot, 5)
    goods.dispatch(note)
    lines = [{"sku": SKU, "lot": lot, "good": 5, "damaged": 0}, {"sku": SKU, "lot": stray, "good": 2, "damaged": 0}]
    lines += [{"sku": "NEW-1", "lot": None, "good": 1, "damaged": 0}]
    body = {"id": str(uuid7()), "received_at": "2026-03-03T01:00:00Z", "lines": lines}
    assert goods.register.post(f"/consignments/{note}/receipts", body).status in {200, 201}
    assert {(item["lot"], item["open"]) for item in _open(goods, note)} == {(stray, -2), (None, -1)}
    goods.prove()


def test_a_receipt_under_the_id_of_its_consignment_moves_its_goods_all_the_same(goods: Goods) -> None:
    lot = goods.lot(10)
    note = goods.draft(lot, 5)
    goods.dispatch(note)
    assert goods.receive(note, lot, 4, 1, id=note).status in {200, 201}
    assert goods.stock(lot) == {"production": -10, WORKSHOP: 5, OUTLET: 4, "scrap": 1}
    goods.prove()


def test_a_known_lot_of_another_product_is_a_slip_not_a_receipt(goods: Goods) -> None:
    lot = goods.lot(10)
    note = goods.draft(lot, 5)
    goods.dispatch(note)
    lines = [{"sku": "RTI-002", "lot": lot, "good": 5, "damaged": 0}]
    body = {"id": str(uuid7()), "received_at": "2026-03-03T01:00:00Z", "lines": lines}
    refused = goods.register.post(f"/consignments/{note}/receipts", body)
    assert (refused.status, list(refused.body["errors"])) == (422, ["lines.0.lot"])


def test_the_same_receipt_again_is_the_same_and_another_under_its_id_a_conflict(goods: Goods) -> None:
    lot = goods.lot(10)
    note, other = goods.draft(lot, 5), goods.draft(lot, 5)
    receipt = str(uuid7())
    assert goods.receive(note, lot, 5, id=receipt).status in {200, 201}
    assert goods.receive(note, lot, 5, id=receipt).status == 200
    assert goods.receive(note, lot, 4, id=receipt).status == 409
    assert goods.receive(other, lot, 5, id=receipt).status == 409
    assert goods.stock(lot)[OUTLET] == 5


def test_a_consignment_is_drafted_once(goods: Goods) -> None:
    lot = goods.lot(10)
    note = _note([_line(lot, 5)])
    first = goods.staff.post("/consignments", note)
    again = goods.staff.post("/consignments", note)
    assert (first.status, again.status) == (201, 200)
    assert again.body == first.body
    assert goods.staff.post("/consignments", note | {"lines": [_line(lot, 6)]}).status == 409


@pytest.mark.parametrize(
    "change",
    [
        {"lines": []},
        {"from": "WS-NONE", "outlet": "OUT-X"},
        {"from": WORKSHOP, "outlet": WORKSHOP},
        {"surprise": 1},
        {"id": "1"},
    ],
    ids=["no lines", "no workshop at either end", "workshop to itself", "unknown field", "no UUID"],
)
def test_a_note_that_makes_no_sense_is_refused(goods: Goods, change: dict[str, Any]) -> None:
    assert goods.staff.post("/consignments", _note([_line(goods.lot(10))]) | change).status == 422


def test_a_note_of_lots_that_are_unknown_doubled_or_of_another_product_is_refused(goods: Goods) -> None:
    lot = goods.lot(10)
    for lines in ([_line("NEVERSEEN1")], [_line(lot), _line(lot)], [_line(lot, sku="RTI-002")], [_line(None)]):
        assert goods.staff.post("/consignments", _note(lines)).status == 422


def test_goods_go_to_an_outlet_not_heard_of_yet(goods: Goods) -> None:
    lot = goods.lot(10)
    note = _note([_line(lot)], outlet="OUT-NEW")
    assert goods.staff.post("/consignments", note).status == 201
    assert goods.dispatch(note["id"]).status == 200


def test_who_dispatched_cannot_receive(goods: Goods) -> None:
    lot = goods.lot(10)
    note = goods.draft(lot, 5)
    goods.dispatch(note)
    same = goods.person("register", "staff-1", outlet=OUTLET, register=f"{OUTLET}-1")
    body = {"id": str(uuid7()), "received_at": "2026-03-03T01:00:00Z"}
    lines = [{"sku": SKU, "lot": lot, "good": 5, "damaged": 0}]
    refused = same.post(f"/consignments/{note}/receipts", body | {"lines": lines})
    assert (refused.status, refused.body["code"]) == (409, "recorder-is-approver")


def test_an_outlet_reaches_only_its_own_consignments_stock_and_differences(goods: Goods) -> None:
    lot = goods.lot(10)
    note = goods.draft(lot, 5)
    goods.dispatch(note)
    goods.receive(note, lot, 4)
    (difference,) = _open(goods, note)
    other = goods.person("register", "r-2", outlet="OUT-2", register="OUT-2-1")
    boss = goods.person("outlet", "m-2", outlet="OUT-2")
    body = {"id": str(uuid7()), "received_at": "2026-03-03T01:00:00Z"}
    lines = [{"sku": SKU, "lot": lot, "good": 1, "damaged": 0}]
    assert other.post(f"/consignments/{note}/receipts", body | {"lines": lines}).status == 403
    assert goods.staff.post(f"/consignments/{note}/receipts", body | {"lines": lines}).status == 403
    assert (
        other.get("/consignments")["items"]
        == other.get("/discrepancies")["items"]
        == other.get("/stock")["items"]
        == []
    )
    for path in (f"/consignments/{note}", f"/consignments/{note}/receipts", f"/discrepancies/{difference['id']}"):
        assert other.call("GET", path).status == 403
    assert other.call("GET", "/stock", location=OUTLET).status == 403
    assert other.call("GET", "/stock", location="transit").status == 403
    assert other.call("GET", "/discrepancies", outlet=OUTLET).status == 403
    reason = {"reason_code": "lost"}
    assert boss.post(f"/discrepancies/{difference['id']}/resolution", reason).status == 403
    assert goods.manager.post(f"/discrepancies/{difference['id']}/resolution", reason).status == 200
    assert [item["location"] for item in goods.register.get("/stock")["items"]] == [OUTLET]


def test_sales_hear_of_what_an_outlet_counted_as_good(goods: Goods) -> None:
    lot = goods.lot(10)
    note = goods.draft(lot, 5)
    goods.dispatch(note)
    assert goods.announced("ConsignmentReceived") == []
    goods.receive(note, lot, 4, 1)
    (event,) = goods.announced("ConsignmentReceived")
    assert (event["outlet"], event["consignment_id"]) == (OUTLET, note)
    assert event["lines"] == [{"sku": SKU, "lot": lot, "good": 4}]
    goods.receive(note, lot, 0, 1)
    assert len(goods.announced("ConsignmentReceived")) == 1, "nothing good: nothing to sell"


def _moved(goods: Goods) -> list[tuple[Any, ...]]:
    return [
        (event["outlet"], event["lot"], event["delta"], event["reason_code"]) for event in goods.announced("StockMoved")
    ]


def test_unsold_goods_go_back_and_sales_hear_of_each_step_that_changes_the_outlet(goods: Goods) -> None:
    lot = goods.at_outlet(10)
    back = goods.draft(lot, 6, origin=OUTLET, to=WORKSHOP)
    assert goods.dispatch(back).status == 200
    assert _moved(goods) == [(OUTLET, lot, -6, "sent-back")]
    body = {"id": str(uuid7()), "received_at": "2026-03-04T01:00:00Z"}
    lines = [{"sku": SKU, "lot": lot, "good": 3, "damaged": 1}]
    assert goods.second.post(f"/consignments/{back}/receipts", body | {"lines": lines}).status in {200, 201}
    assert goods.stock(lot) == {"production": -10, OUTLET: 4, WORKSHOP: 3, "scrap": 1, "transit": 2}
    (difference,) = _open(goods, back)
    assert difference["owner"] == OUTLET
    assert _resolve(goods, difference, "not-sent").status == 200
    assert goods.stock(lot) == {"production": -10, OUTLET: 6, WORKSHOP: 3, "scrap": 1}
    assert _moved(goods)[1:] == [(OUTLET, lot, 2, "sent-back")]
    assert len(goods.announced("ConsignmentReceived")) == 1
    goods.prove()


def test_an_outlet_may_send_back_what_its_balance_does_not_show(goods: Goods) -> None:
    back = goods.draft(None, 2, origin=OUTLET, to=WORKSHOP)
    assert goods.dispatch(back).status == 200
    assert goods.stock() == {OUTLET: -2, "transit": 2}


def test_an_outlet_that_sells_more_than_it_received_is_negative_not_refused(goods: Goods) -> None:
    lot = goods.at_outlet(3)
    assert goods.hear(sold([(lot, 5)])).handled == 1
    assert goods.stock(lot)[OUTLET] == -2


@pytest.mark.parametrize("verb", ["dispatch", "receipts"])
def test_what_does_not_exist_is_not_found(goods: Goods, verb: str) -> None:
    lines = [{"sku": SKU, "lot": None, "good": 1, "damaged": 0}]
    body: Any = {"id": str(uuid7()), "received_at": "2026-03-03T01:00:00Z", "lines": lines}
    send: Callable[..., Answer] = goods.staff.post
    assert send(f"/consignments/{uuid7()}/{verb}", body if verb == "receipts" else {}).status == 404
    assert send(f"/discrepancies/{uuid7()}/resolution", {"reason_code": "lost"}).status == 404
    assert send(f"/write-offs/{uuid7()}/approval").status == 404


def test_an_outlet_named_like_a_workshop_or_a_virtual_location_sees_only_its_own_shelf(goods: Goods) -> None:
    lot = goods.lot(10)
    goods.dispatch(goods.draft(lot, 5))
    for code in (WORKSHOP, "transit", "production"):
        nosy = goods.person("register", "r-3", outlet=code, register="R-3")
        assert nosy.get("/stock")["items"] == nosy.get("/stock", location=code)["items"] == []
    assert goods.staff.put("/workshops/transit", {"name": "Transit"}).status == 422
