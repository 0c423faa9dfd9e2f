"""A register that is moved: what happened at the old outlet stays there, whoever sends it, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from shared.jsontext import instant
from tests.integration.sales.shop import LOT, NOON, OUTLET, REGISTER, SHIFT, Shop, returned, sale

NEW = "OUT-KNR"


def _move(shop: Shop, outlet: str = NEW) -> None:
    assert shop.city.call("PUT", f"/registers/{REGISTER}", {"outlet": outlet, "name": "Kasir 1"}).status in {200, 201}


def _outlets(shop: Shop, table: str) -> dict[str, str]:
    with shop.database.transaction() as session:
        return {str(row.id): row.outlet for row in session.execute(text(f"SELECT id, outlet FROM {table}"))}


def test_what_happened_before_a_move_is_the_old_outlets_whichever_device_sends_it(shop: Shop) -> None:
    kept, late, later = shop.sale(2), shop.sale(3), shop.sale()
    shop.post(kept)
    _move(shop)
    assert shop.post(late)[0]["status"] == "recorded"  # by the device that still names the old outlet
    new = shop.till(REGISTER, outlet=NEW)
    path = f"/registers/{REGISTER}/sales"
    assert new.call("POST", path, {"sales": [later]}).body["results"][0]["status"] == "recorded"
    here = sale(register_no=4, sold_at=instant(datetime.now(UTC) + timedelta(seconds=1)))
    assert new.call("POST", path, {"sales": [here]}).body["results"][0]["status"] == "recorded"
    assert _outlets(shop, "sale") == {kept["id"]: OUTLET, late["id"]: OUTLET, later["id"]: OUTLET, here["id"]: NEW}
    assert shop.shelf() == 94
    told = {event["sale_id"]: event["outlet"] for event in shop.announced("SaleRecorded")}
    assert told == _outlets(shop, "sale")
    # The same again is the same, from either device.
    assert shop.post(later)[0]["status"] == "duplicate"
    assert new.call("POST", path, {"sales": [late]}).body["results"][0]["status"] == "duplicate"


def test_a_shift_that_was_open_is_closed_and_refunds_are_the_old_outlets(shop: Shop) -> None:
    one = shop.sale(2)
    shop.post(one)
    _move(shop)
    back = returned(one, 1)
    back["lines"][0]["restock"] = True
    assert shop.give_back(back)[0]["status"] == "recorded"
    assert _outlets(shop, "sale_return") == {back["id"]: OUTLET}
    assert shop.shelf() == 99
    new = shop.till(REGISTER, outlet=NEW)
    assert new.get(f"/shifts/{SHIFT}")["outlet"] == OUTLET  # its own, where it stood then
    assert [one["id"] for one in new.get(f"/shifts?register={REGISTER}")["items"]] == [str(SHIFT)]
    body = {"closed_at": instant(NOON + timedelta(hours=8)), "counted": {"cash": 105_000}}
    assert new.call("POST", f"/shifts/{SHIFT}/close", body).body["variance"] == 0
    assert shop.close_shift(105_000).status == 200


def test_a_shift_opened_before_the_move_is_the_old_outlets(shop: Shop) -> None:
    _move(shop)
    late = uuid4()
    assert shop.open_shift(late).status == 201
    assert _outlets(shop, "shift")[str(late)] == OUTLET
    new: dict[str, Any] = {"register": REGISTER, "opened_at": instant(datetime.now(UTC) + timedelta(seconds=1))}
    body = new | {"opening_float": 0, "cashier": "kasir-1"}
    shift = uuid4()
    assert shop.till(REGISTER, outlet=NEW).call("PUT", f"/shifts/{shift}", body).status == 201
    assert _outlets(shop, "shift")[str(shift)] == NEW


def test_an_outlet_where_it_never_stood_may_not_speak_for_it(shop: Shop) -> None:
    _move(shop)
    stranger = shop.till(REGISTER, outlet="OUT-XXX")
    sold = shop.sale()
    shop.post(sold)
    for method, path, body in (
        ("POST", f"/registers/{REGISTER}/sales", {"sales": [shop.sale()]}),
        ("POST", f"/registers/{REGISTER}/returns", {"returns": [returned(sold, 1)]}),
        ("GET", f"/registers/{REGISTER}/sync", None),
        ("GET", f"/shifts/{SHIFT}", None),
        ("GET", f"/sales/{sold['id']}", None),
        ("GET", "/sales", None),
        ("POST", f"/shifts/{SHIFT}/close", {"closed_at": instant(NOON), "counted": {"cash": 0}}),
    ):
        assert stranger.call(method, path, body).status == 403, path


def test_moved_twice_it_is_where_it_was_at_each_time(shop: Shop) -> None:
    shop.post(shop.sale())
    _move(shop)
    _move(shop, OUTLET)
    with shop.database.transaction() as session:
        found = session.scalars(text("SELECT outlet FROM register_placement ORDER BY since")).all()
    assert found == [OUTLET, NEW, OUTLET]
    assert shop.shelf(LOT) == 99


def test_a_move_is_entered_again_after_a_restore_as_of_when_it_was(shop: Shop) -> None:
    """The server has lost it: without `since` all that was sold there meanwhile would be the old outlet's."""
    moved = datetime.now(UTC) - timedelta(hours=2)
    body = {"outlet": NEW, "name": "Kasir 1", "since": instant(moved)}
    assert shop.city.call("PUT", f"/registers/{REGISTER}", body).status in {200, 201}
    assert shop.city.call("PUT", f"/registers/{REGISTER}", body).status == 200  # the same again is no other move
    before = sale(register_no=1, sold_at=instant(moved - timedelta(minutes=5)))
    after = sale(register_no=2, sold_at=instant(moved + timedelta(minutes=5)))
    new = shop.till(REGISTER, outlet=NEW)
    answer = new.call("POST", f"/registers/{REGISTER}/sales", {"sales": [before, after]})
    assert [one["status"] for one in answer.body["results"]] == ["recorded", "recorded"]
    assert _outlets(shop, "sale") == {before["id"]: OUTLET, after["id"]: NEW}


def test_a_move_is_not_before_the_last_one_nor_in_the_future(shop: Shop) -> None:
    path, moved = f"/registers/{REGISTER}", {"outlet": NEW, "name": "Kasir 1"}
    late = shop.city.call("PUT", path, moved | {"since": instant(datetime.now(UTC) + timedelta(minutes=5))})
    assert (late.status, late.body["errors"]) == (422, {"since": ["Must not be in the future."]})
    hour = datetime.now(UTC) - timedelta(hours=1)
    shop.city.call("PUT", path, moved | {"since": instant(hour)})
    shop.city.call("PUT", path, {"outlet": OUTLET, "name": "Kasir 1", "since": instant(hour - timedelta(hours=3))})
    with shop.database.transaction() as session:
        places = session.execute(
            text("SELECT outlet FROM register_placement WHERE register = :r ORDER BY since"), {"r": REGISTER}
        )
        assert list(places.scalars()) == [OUTLET, NEW, OUTLET]
