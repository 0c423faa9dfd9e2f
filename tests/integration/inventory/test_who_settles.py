"""Whoever sent goods off neither counts them nor settles what is missing: a second person does."""

from __future__ import annotations

from typing import Any

from tests.integration.inventory.goods import Answer, Goods


def _resolve(goods: Goods, item: dict[str, Any], reason_code: str) -> Answer:
    return goods.second.post(f"/discrepancies/{item['id']}/resolution", {"reason_code": reason_code})


def test_who_dispatched_does_not_settle_what_is_missing_nor_the_other_way_round(goods: Goods) -> None:
    lot = goods.lot(30)
    note = goods.draft(lot, 10)
    goods.dispatch(note)
    goods.receive(note, lot, 8)
    (missing,) = goods.staff.get("/discrepancies")["items"]
    refused = goods.staff.post(f"/discrepancies/{missing['id']}/resolution", {"reason_code": "lost"})
    assert (refused.status, refused.body["code"]) == (409, "recorder-is-approver")
    assert goods.staff.get("/discrepancies")["items"][0]["open"] == missing["open"], "nothing has changed"
    assert _resolve(goods, missing, "lost").status == 200
    # Goods that were counted before their dispatch was known, and settled by the one who then says that he sent them.
    early = goods.draft(lot, 5)
    goods.receive(early, lot, 5)
    (surplus,) = [one for one in goods.staff.get("/discrepancies")["items"] if one["consignment_id"] == early]
    assert _resolve(goods, surplus, "surplus").status == 200
    late = goods.second.post(f"/consignments/{early}/dispatch")
    assert (late.status, late.body["code"]) == (409, "recorder-is-approver")
    assert goods.dispatch(early).status == 200
