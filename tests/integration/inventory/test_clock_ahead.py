"""A device whose clock runs ahead: what it told is kept, and nothing that follows from it lies after its receipt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared import jsontext
from shared.clock import business_day, now
from tests.integration.inventory.desk import Desk
from tests.integration.inventory.goods import SKU, WORKSHOP, Goods, granted, output

AHEAD = timedelta(hours=36)
DAY = timedelta(days=1)
SAYS = "Jam perangkat mendahului"


def ahead(by: timedelta = AHEAD, **changes: Any) -> dict[str, Any]:
    """An output made a moment ago, by a terminal whose clock is ahead."""
    moment = jsontext.instant(now() + by)
    return output(made_at=moment, recorded_at=moment, **changes)


def proposed(goods: Goods, item: dict[str, Any]) -> str:
    assert goods.terminal.post("/outputs", {"outputs": [item]}).body["results"][0]["status"] == "proposed"
    return str(item["id"])


def accepted(goods: Goods, output_id: str) -> Any:
    return goods.staff.post(f"/outputs/{output_id}/acceptance", {"good": 100, "rejected": 0})


def moved_at(goods: Goods, document: str) -> set[datetime]:
    with goods.database.transaction() as session:
        found = session.scalars(text("SELECT moved_at FROM stock_move WHERE document_id = :id"), {"id": document})
        return set(found)


def moment(shown: str) -> datetime:
    return datetime.fromisoformat(shown).astimezone(UTC)


def test_a_lot_is_made_on_the_day_on_which_the_server_heard_of_it(goods: Goods) -> None:
    today, item, began = business_day(now()), ahead(), now()
    lot = accepted(goods, proposed(goods, item)).body["lot"]
    until = (today + 5 * DAY).isoformat()
    shown = goods.staff.get(f"/lots/{lot}")
    assert (shown["made_on"], shown["expires_on"]) == (today.isoformat(), until)
    (created,), (told,) = goods.announced("LotCreated"), goods.announced("OutputAccepted")
    assert (created["made_on"], created["expires_on"], told["made_on"]) == (today.isoformat(), until, today.isoformat())
    (when,) = moved_at(goods, item["id"])
    assert began <= when <= now()


def test_what_the_terminal_told_stays_and_is_the_same_when_sent_again(goods: Goods) -> None:
    item, began = ahead(), now()
    proposed(goods, item)
    shown = goods.terminal.get(f"/outputs/{item['id']}")
    assert (moment(shown["made_at"]), moment(shown["recorded_at"])) == (moment(item["made_at"]),) * 2
    assert began <= moment(shown["effective_at"]) <= now()
    other = item | {"made_at": jsontext.instant(now())}
    results = goods.terminal.post("/outputs", {"outputs": [item, other]}).body["results"]
    assert [result["status"] for result in results] == ["duplicate", "conflict"]
    assert goods.terminal.get(f"/outputs/{item['id']}") == shown
    # It asks by its own clock for what it recorded on its own day.
    its_day = jsontext.instant(moment(item["recorded_at"]) - timedelta(hours=1))
    listed = goods.terminal.get("/outputs", recorded_from=its_day)
    assert [one["id"] for one in listed["items"]] == [item["id"]]


def test_a_time_that_can_be_is_believed(goods: Goods) -> None:
    item = ahead(by=-timedelta(hours=30))
    shown = goods.staff.get(f"/outputs/{proposed(goods, item)}")
    assert shown["effective_at"] == shown["made_at"]
    lot = accepted(goods, item["id"]).body["lot"]
    assert goods.staff.get(f"/lots/{lot}")["made_on"] == business_day(moment(item["made_at"])).isoformat()


@pytest.mark.parametrize(
    ("days", "may"),
    [({"valid_until": 0}, True), ({"valid_from": 1}, False), ({"valid_until": -1}, False)],
)
def test_skills_are_asked_for_on_the_day_of_receipt(goods: Goods, staff: Desk, days: dict[str, int], may: bool) -> None:
    today = business_day(now())
    limits = {name: today + by * DAY for name, by in days.items()}
    goods.hear(granted("wlimited01", "c-2", **limits))
    item = ahead(makers=[{"worker_ref": "wlimited01", "share_bp": 10_000}])
    asked = {"sku": SKU, "worker_ref": "wlimited01", "made_at": item["made_at"]}
    assert goods.terminal.get(f"/workshops/{WORKSHOP}/eligibility", **asked) == {"eligible": may}
    proposed(goods, item)
    assert ("belum punya keahlian" not in staff.get("outputs").words()) is may
    assert (accepted(goods, item["id"]).status == 200) is may


@pytest.mark.parametrize(("by", "said"), [(AHEAD, True), (timedelta(minutes=3), True), (timedelta(minutes=1), False)])
def test_staff_see_a_clock_that_is_ahead_where_they_decide(
    goods: Goods, staff: Desk, by: timedelta, said: bool
) -> None:
    item = ahead(by)
    proposed(goods, item)
    for page in ("outputs", f"outputs/{item['id']}"):
        assert (SAYS in staff.get(page, lang="id").words()) is said, page
        assert ("Device clock ahead" in staff.get(page, lang="en").words()) is said, page


def test_goods_are_counted_no_later_than_the_server_heard_of_it(goods: Goods, staff: Desk) -> None:
    lot = goods.lot(10)
    note, receipt = goods.draft(lot, 10), str(uuid7())
    goods.dispatch(note)
    told, began = jsontext.instant(now() + AHEAD), now()
    first = goods.receive(note, lot, 10, id=receipt, received_at=told)
    assert first.status == 201
    assert moment(first.body["received_at"]) == moment(told)
    again = goods.receive(note, lot, 10, id=receipt, received_at=told)
    assert (again.status, again.body) == (200, first.body)
    (event,) = goods.announced("ConsignmentReceived")
    (when,) = moved_at(goods, receipt)
    assert began <= when <= now()
    assert moment(event["received_at"]) == moment(first.body["effective_at"]) == when
    assert SAYS in staff.get(f"consignments/{note}").words()
    paper = staff.get(f"consignments/{note}/goods-receipt").text
    assert when.isoformat() in paper
    assert moment(told).isoformat() not in paper
