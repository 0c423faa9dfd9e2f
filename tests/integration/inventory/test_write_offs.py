"""Write-offs: expired bread and the like, by two people."""

from __future__ import annotations

from typing import Any

from uuid_utils.compat import uuid7

from tests.integration.inventory.goods import OUTLET, SKU, WORKSHOP, Goods


def _moved(goods: Goods) -> list[tuple[Any, ...]]:
    told = goods.announced("StockMoved")
    return [(event["outlet"], event["lot"], event["delta"], event["reason_code"]) for event in told]


def _write_off(goods: Goods, location: str, lot: str | None, quantity: Any, **changes: Any) -> dict[str, Any]:
    body = {
        "id": str(uuid7()),
        "location": location,
        "reason_code": "expired",
        "lines": [{"sku": SKU, "lot": lot, "quantity": quantity}],
    }
    return body | changes


def test_a_write_off_takes_a_second_person(goods: Goods) -> None:
    lot = goods.at_outlet(10)
    body = _write_off(goods, OUTLET, lot, 4)
    assert goods.staff.post("/write-offs", body).status == 201
    assert goods.staff.post("/write-offs", body).status == 200
    assert goods.staff.post("/write-offs", body | {"reason_code": "stolen"}).status == 409
    assert goods.stock(lot)[OUTLET] == 10
    refused = goods.staff.post(f"/write-offs/{body['id']}/approval")
    assert (refused.status, refused.body["code"]) == (409, "recorder-is-approver")
    approved = goods.second.post(f"/write-offs/{body['id']}/approval")
    assert (approved.status, approved.body["status"]) == (200, "approved")
    assert goods.second.post(f"/write-offs/{body['id']}/approval") == approved
    assert goods.stock(lot) == {"production": -10, OUTLET: 6, "scrap": 4}
    assert _moved(goods) == [(OUTLET, lot, -4, "write-off")]


def test_a_workshop_cannot_write_off_what_it_does_not_hold(goods: Goods) -> None:
    lot = goods.lot(10)
    body = _write_off(goods, WORKSHOP, lot, 11)
    goods.staff.post("/write-offs", body)
    refused = goods.second.post(f"/write-offs/{body['id']}/approval")
    assert (refused.status, refused.body["code"]) == (409, "insufficient-stock")
    assert refused.body["lines"][0]["lot"] == lot
    assert goods.staff.get(f"/write-offs/{body['id']}")["status"] == "proposed"
    assert _moved(goods) == []


def test_goods_in_transit_are_not_written_off_but_resolved(goods: Goods) -> None:
    for nowhere in ("transit", "customer", "production", "scrap", "adjustment"):
        assert goods.staff.post("/write-offs", _write_off(goods, nowhere, None, 1)).status == 422
