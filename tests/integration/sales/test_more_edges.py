"""What a stranger found: one bad item, one wrong register, one closed work item must not spoil anything beside it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.sales.schemas.facts import read_sales
from services.sales.usecases import recording
from services.sales.usecases.clocks import Sending
from shared.batches import Item
from shared.canonical import content_hash
from shared.clock import now
from shared.db import Database
from shared.jsontext import dumps, instant
from tests.integration.sales.shop import (
    LOT,
    NOON,
    OUTLET,
    PRICE,
    REGISTER,
    SHIFT,
    Shop,
    line,
    published,
    recalled,
    received,
    returned,
    sale,
)

OTHER = "OUT-DKR-2"
#: JSON, and yet no number here can hold it.
NUMBERS = {"an exponent of twenty digits": "1e99999999999999999999", "five thousand digits": "7" * 5000}


def _items(shop: Shop, state: str = "open") -> list[dict[str, Any]]:
    return list(shop.manager.get(f"/work-items?state={state}&limit=1000")["items"])


def _post_text(shop: Shop, body: str) -> Any:
    answer = shop.app.test_client().post(
        f"/sales/v1/registers/{REGISTER}/sales", headers=shop.register.headers, data=body
    )
    return answer.status_code, answer.get_json()


# -- one bad item harms no other --------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, [], "", 0, False])
def test_nothing_in_place_of_a_sale_harms_no_other(shop: Shop, nothing: Any) -> None:
    results = shop.post(nothing, shop.sale())
    assert [(one["id"] is None, one["status"]) for one in results] == [(True, "quarantined"), (False, "recorded")]
    assert [one["status"] for one in shop.give_back(nothing)] == ["quarantined"]


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("field", ["total", "register_no", "note"])
def test_a_number_beyond_all_bounds_harms_no_other(shop: Shop, field: str, number: str) -> None:
    bad, good = shop.sale() | {field: "HERE"}, shop.sale()
    status, body = _post_text(shop, dumps({"sales": [bad, good]}).replace('"HERE"', number))
    assert status == 200
    assert [one["status"] for one in body["results"]] == ["quarantined", "recorded"]
    (kept,) = shop.manager.get("/quarantine")["items"]
    assert number in kept["raw"]  # digit by digit


def test_a_number_beyond_all_bounds_outside_a_batch_is_an_invalid_field(shop: Shop) -> None:
    shift = {"register": "R", "opened_at": "2026-01-01T00:00:00Z", "opening_float": "HERE", "cashier": "abc"}
    body = dumps(shift).replace('"HERE"', "1e99999999999999999999")
    answer = shop.app.test_client().put(f"/sales/v1/shifts/{UUID(int=5)}", headers=shop.till("R").headers, data=body)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["opening_float"])


def test_a_quantity_of_one_with_very_many_noughts_is_one(shop: Shop) -> None:
    one = shop.sale()
    one["lines"][0]["quantity"] = "HERE"
    status, body = _post_text(shop, dumps({"sales": [one, shop.sale()]}).replace('"HERE"', "1." + "0" * 17_000))
    assert (status, [done["status"] for done in body["results"]]) == (200, ["recorded", "recorded"])
    assert shop.shelf() == 98


def test_an_id_with_a_space_in_it_is_not_silently_another(shop: Shop) -> None:
    odd = " 1a20d66-fe74-732c-a057-42e3a9a52573"
    (result,) = shop.post(shop.sale() | {"id": odd})
    assert (result["id"], result["status"]) == (odd, "quarantined")


def test_while_the_database_is_away_a_sale_is_asked_to_come_again(shop: Shop) -> None:
    # The process has asked for the revoked tokens while the database was still there; then it went away.
    shop.register.get(f"/shifts/{SHIFT}")
    gone = Database("postgresql://nobody:nothing@127.0.0.1:1/none", pool_size=1)
    shop.app.extensions["lapak.database"] = gone
    device = shop.register
    answer = device.call("POST", f"/registers/{REGISTER}/sales", {"sales": [sale()]})
    assert (answer.status, answer.body["code"]) == (503, "unavailable")


# -- numbers and quarantine -------------------------------------------------------------------------------


def test_a_conflict_releases_nothing_from_quarantine(shop: Shop) -> None:
    one = shop.sale()
    shop.post(one)
    shop.post(one | {"register_no": 1, "total": "much"}, code=OTHER)
    (result,) = shop.post(one, code=OTHER)
    assert result["status"] == "conflict"
    synced = shop.till(OTHER).get(f"/registers/{OTHER}/sync")
    assert (synced["missing"], len(synced["quarantined"])) == ([], 1)


def test_a_number_that_was_put_right_leaves_its_gap(shop: Shop) -> None:
    one = sale(register_no=17) | {"total": "much"}
    shop.post(one)
    shop.post(one | {"register_no": 3, "total": PRICE}, sale(register_no=1), sale(register_no=2), sale(register_no=18))
    assert shop.register.get(f"/registers/{REGISTER}/sync")["missing"] == list(range(4, 18))


def test_malformed_and_well_formed_at_once_leave_nothing_in_quarantine(shop: Shop) -> None:
    one = shop.sale()
    malformed = threading.Thread(target=shop.post, args=(one | {"total": "much"},))
    with shop.database.transaction() as session:
        loaded = _loaded(one)
        at = recording.Till(REGISTER, OUTLET, Sending(now()))
        recording.record(session, at=at, sales=[loaded])
        malformed.start()
        malformed.join(0.5)
        assert malformed.is_alive()  # it waits for its register's turn
    malformed.join()
    assert shop.manager.get("/quarantine?state=open")["items"] == []


def _loaded(one: dict[str, Any]) -> dict[str, Any]:
    item: Item = read_sales([one])[0]
    assert item.loaded is not None
    return item.loaded


def test_the_same_nonsense_as_a_sale_and_as_a_return_is_kept_as_both(shop: Shop) -> None:
    shop.post({"nonsense": 1})
    shop.give_back({"nonsense": 1})
    assert sorted(one["kind"] for one in shop.manager.get("/quarantine")["items"]) == ["return", "sale"]


# -- whose drawer -----------------------------------------------------------------------------------------


def test_a_late_refund_without_a_shift_joins_the_one_of_its_time(shop: Shop) -> None:
    sold = shop.sale()
    shop.post(sold)
    shop.close_shift(105_000)
    second = UUID(int=78)
    shop.open_shift(second, opened_at=instant(NOON + timedelta(hours=9)))
    (result,) = shop.give_back(returned(sold, 1))  # an hour after noon: in the first shift
    assert (result["status"], result["work_items"]) == ("recorded", [])
    first = shop.manager.get(f"/shifts/{SHIFT}")
    assert (first["expected_now"], [one["kind"] for one in first["amendments"]]) == (100_000, ["return"])
    assert shop.manager.get(f"/shifts/{second}")["expected_now"] == 100_000


def test_a_refund_before_any_shift_is_odd_until_the_shift_comes(shop: Shop) -> None:
    sold = shop.sale()
    shop.post(sold)
    (result,) = shop.give_back(returned(sold, 1), code=OTHER)
    assert (result["status"], result["work_items"]) == ("recorded", ["shift-unknown"])
    shop.open_shift(UUID(int=78), register=OTHER)
    assert shop.open_items() == set()
    assert shop.manager.get(f"/shifts/{UUID(int=78)}")["expected_now"] == 100_000 - PRICE


def test_a_refund_after_the_close_is_odd_whichever_comes_first(shop: Shop) -> None:
    sold = shop.sale()
    shop.post(sold)
    late = returned(sold, 1, returned_at=instant(NOON + timedelta(hours=8, minutes=1)))
    shop.give_back(late)
    assert shop.open_items() == set()
    shop.close_shift(100_000)
    assert shop.open_items() == {"shift-closed"}


def test_a_refund_of_other_money_than_its_lines_say_is_odd(shop: Shop) -> None:
    sold = shop.sale(5)
    shop.post(sold)
    (result,) = shop.give_back(returned(sold, 5) | {"refund": {"kind": "cash", "amount": 1}})
    assert (result["status"], result["work_items"]) == ("recorded", ["total-differs"])


def test_a_returned_lot_that_was_not_sold_is_odd(shop: Shop) -> None:
    sold = shop.sale(2)
    shop.post(sold)
    other, none = returned(sold, 1), returned(sold, 1)
    other["lines"][0]["lot"], none["lines"][0]["lot"] = "LOTNEVERSO", None
    assert [one["work_items"] for one in shop.give_back(other, none)] == [["unknown-lot"], ["lot-missing"]]


def test_a_lot_of_another_product_is_no_lot_of_this_one(shop: Shop) -> None:
    shop.hear(published(sku="GRM-001"))
    (result,) = shop.post(shop.sale(lines=[line(sku="GRM-001")]))
    assert "unknown-lot" in result["work_items"]


# -- work items -------------------------------------------------------------------------------------------


def test_what_a_person_closed_opens_again_when_it_comes_about_again(shop: Shop) -> None:
    shop.post(shop.sale(101))
    (item,) = _items(shop)
    shop.manager.call("POST", f"/work-items/{item['id']}/resolution", {"note": "counted, it is so"})
    (result,) = shop.post(shop.sale(1))
    assert (result["work_items"], shop.open_items()) == ([], set())  # still the same shortage, which somebody has seen
    shop.hear(received(500))
    assert shop.open_items() == set()
    (result,) = shop.post(shop.sale(999))
    assert (result["work_items"], shop.open_items()) == (["no-stock"], {"no-stock"})
    (again,) = _items(shop)
    assert (again["closed_by"], again["note"]) == (None, None)


def test_an_outlet_leaves_to_the_city_what_is_the_citys(shop: Shop) -> None:
    shop.post(shop.sale(lines=[line(1, unit_price=1, amount=1)]))
    (item,) = _items(shop)
    assert (item["code"], item["owner"]) == ("price-differs", "city")
    path = f"/work-items/{item['id']}/resolution"
    assert shop.manager.call("POST", path, {"note": "fine"}).status == 403
    assert shop.city.call("POST", path, {"note": "fine"}).status == 200


def test_a_note_beside_an_assigned_lot_is_kept(shop: Shop) -> None:
    shop.post(shop.sale(lines=[line(1, lot=None)]))
    (item,) = _items(shop)
    body = {"lot": LOT, "note": "read from the label"}
    answer = shop.manager.call("POST", f"/work-items/{item['id']}/resolution", body)
    assert (answer.status, answer.body["note"], answer.body["closed_at"] is None) == (200, "read from the label", False)


def test_a_register_of_another_outlet_learns_nothing_from_an_id(shop: Shop) -> None:
    one = shop.sale(lines=[line(1, lot=None)])
    shop.post(one)
    stranger = shop.till("OUT-KNR-1", outlet="OUT-KNR")
    (result,) = stranger.call("POST", "/registers/OUT-KNR-1/sales", {"sales": [one]}).body["results"]
    assert (result["status"], result["work_items"]) == ("conflict", [])


def test_a_recalled_lot_is_blocked_also_when_none_should_be_left(shop: Shop) -> None:
    shop.post(shop.sale(100))
    shop.hear(recalled(NOON))
    (item,) = shop.register.get(f"/catalogue?outlet={OUTLET}")["items"]
    assert [(lot["lot"], lot["blocked"], lot["available"]) for lot in item["lots"]] == [(LOT, "recalled", 0)]


def test_a_price_set_for_the_past_judges_the_sales_until_the_next_price_only(shop: Shop) -> None:
    for hours, price in ((2, 6000), (-2, 5000)):
        body = {"price": price, "valid_from": instant(NOON + timedelta(hours=hours))}
        shop.city.call("PUT", "/prices/RTI-001", body)
    early, late = shop.sale(), shop.sale(sold_at=instant(NOON + timedelta(hours=3)))
    shop.post(early, late)
    assert [(one["sale_id"]) for one in _items(shop)] == [late["id"]]
    shop.city.call("PUT", "/prices/RTI-001", {"price": 4000, "valid_from": instant(NOON - timedelta(hours=1))})
    assert {one["sale_id"] for one in _items(shop)} == {early["id"], late["id"]}
    shop.city.call("PUT", "/prices/RTI-001", {"price": 5000, "valid_from": instant(NOON - timedelta(hours=1))})
    assert {one["sale_id"] for one in _items(shop)} == {late["id"]}


def test_the_hash_of_a_content_never_changes() -> None:
    """It is stored: another one would turn each sale that is sent again into a conflict."""
    loaded = _loaded(
        sale(2, register_no=7, lines=[line(2, id=str(UUID(int=3)))])
        | {"id": str(UUID(int=1)), "payments": [{"id": str(UUID(int=2)), "kind": "cash", "amount": 10_000}]}
    )
    assert content_hash(loaded).hex() == "f6c006f79c94cd6fe14c8865f88c8a95fbdce00dddaff68e41423c598cd3fa5b"
