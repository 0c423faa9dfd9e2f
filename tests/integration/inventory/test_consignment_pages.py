"""Delivery notes at the pages of staff, when something is wrong with them: said in words, nothing typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.integration.inventory.desk import Desk
from tests.integration.inventory.goods import OUTLET, SKU, WORKSHOP, Goods


def note_of(goods: Goods, lot: str, **changes: Any) -> dict[str, str]:
    return {"id": str(uuid7()), "from": WORKSHOP, "outlet": OUTLET, f"n.{SKU}/{lot}": "5"} | changes


def test_the_same_form_sent_twice_writes_one_delivery_note(goods: Goods, staff: Desk) -> None:
    lot = goods.lot()
    note = note_of(goods, lot)
    first, second = staff.post("consignments", **note), staff.post("consignments", **note)
    assert (first.status, second.status, first.location) == (303, 303, second.location)
    assert len(goods.staff.get("/consignments")["items"]) == 1
    other = staff.post("consignments", **note | {f"n.{SKU}/{lot}": "6"})
    assert (other.status, "sudah tersimpan dengan isi lain" in other.alert()) == (409, True)


def test_the_same_form_sent_again_after_dispatch_is_still_the_same_note(goods: Goods, staff: Desk) -> None:
    note = note_of(goods, goods.lot(5))
    assert staff.post("consignments", **note).status == 303
    assert goods.dispatch(note["id"]).status == 200
    assert staff.post("consignments", **note).status == 303  # although nothing is left on the shelf


@pytest.mark.parametrize(
    ("quantity", "changes", "says"),
    [
        ("5", {"outlet": WORKSHOP}, "pilih satu bengkel dan satu gerai"),
        ("5", {"from": OUTLET}, "pilih satu bengkel dan satu gerai"),
        ("5", {"id": "x"}, "nomor formulir: buka formulirnya lagi"),
        ("lima", {}, "bukan angka"),
        ("0", {}, "harus lebih dari 0"),
        ("", {}, "Barang: isi 1 sampai 500 baris"),
        ("100.5", {}, "diminta 100,5, di rak hanya ada 100"),
    ],
)
def test_a_delivery_note_that_cannot_be_is_refused_in_words(
    goods: Goods, staff: Desk, quantity: str, changes: dict[str, str], says: str
) -> None:
    lot = goods.lot()
    page = staff.post("consignments", **note_of(goods, lot) | {f"n.{SKU}/{lot}": quantity} | changes)
    assert page.status in {409, 422}
    assert says in page.alert()
    assert goods.staff.get("/consignments")["items"] == []
    assert page.value(f"n.{SKU}/{lot}") == quantity


def test_a_lot_that_left_the_shelf_while_the_form_was_filled_in_stays_in_sight(goods: Goods, staff: Desk) -> None:
    lot = goods.lot(5)
    assert goods.dispatch(goods.draft(lot, 5)).status == 200
    page = staff.post("consignments", **note_of(goods, lot))
    assert (page.status, page.value(f"n.{SKU}/{lot}")) == (409, "5")
    assert "diminta 5, di rak hanya ada 0" in page.alert()


def test_goods_that_left_before_are_named_when_a_draft_is_sent(goods: Goods, staff: Desk) -> None:
    lot = goods.lot(10)
    first, second = goods.draft(lot, 6), goods.draft(lot, 6)
    assert staff.post(f"consignments/{first}/dispatch").status == 303
    refused = staff.post(f"consignments/{second}/dispatch")
    assert (refused.status, "diminta 6, di rak hanya ada 4" in refused.alert()) == (409, True)
    assert goods.stock()[WORKSHOP] == 4
    goods.prove()


def test_what_comes_back_is_counted_blind_by_somebody_who_did_not_send_it(goods: Goods, staff: Desk) -> None:
    lot = goods.at_outlet(20)
    note = note_of(goods, lot, **{"from": OUTLET, "outlet": WORKSHOP, f"n.{SKU}/{lot}": "17"})
    assert staff.post("consignments", **note).status == 303
    here = f"consignments/{note['id']}"
    assert staff.post(f"{here}/dispatch").status == 303
    count = {f"g.{SKU}/{lot}": "15", f"d.{SKU}/{lot}": "1"}
    second = Desk(goods.app, "staff", "staff-2")
    blind = second.get(f"{here}/count")
    number = re.search(r"SJ-\S+", blind.words())
    assert number is not None
    assert "17" not in blind.words().replace(number[0], "").replace(lot, "")
    made = {"id": blind.value("id"), "received_at": blind.value("received_at")}
    own = staff.post(f"{here}/count", **count | made)
    assert (own.status, own.value(f"g.{SKU}/{lot}")) == (409, "15")
    wrong = second.post(f"{here}/count", **count | made | {f"d.{SKU}/{lot}": "x"})
    assert (wrong.status, f"({lot}): bukan angka" in wrong.alert()) == (422, True)
    assert [second.post(f"{here}/count", **count | made).status for _ in range(2)] == [303, 303]
    assert goods.stock()[WORKSHOP] == 15
    assert "kurang 1" in second.get(here).words()
    goods.prove()


def test_what_goes_to_an_outlet_is_not_counted_by_staff(goods: Goods, staff: Desk) -> None:
    note = goods.draft(goods.lot(), 5)
    assert staff.get(f"consignments/{note}/count").status == 403
    assert staff.post(f"consignments/{note}/count", id=str(uuid7()), received_at="2026-03-03T01:00:00Z").status == 403


def test_there_is_no_goods_receipt_before_anybody_has_counted(goods: Goods, staff: Desk) -> None:
    lot = goods.lot()
    note = goods.draft(lot, 5)
    assert staff.get(f"consignments/{note}/goods-receipt").status == 404
    assert goods.dispatch(note).status == 200
    goods.receive(note, lot, 3, 1)
    assert "Roti manis" in staff.get(f"consignments/{note}/goods-receipt").words()


def test_consignments_are_listed_the_latest_first_by_state_and_page(goods: Goods, staff: Desk) -> None:
    lot = goods.lot(1000)
    notes = [goods.draft(lot, 1) for _ in range(52)]
    for note in notes[:2]:
        goods.dispatch(note)
    goods.receive(notes[0], lot, 0, 0)
    first = staff.get("consignments")
    assert notes[51] in first.text
    assert notes[0] not in first.text
    after = first.text.split("after=")[1].split('"')[0]
    assert all(note in staff.get("consignments", after=after).text for note in notes[:2])
    states = {"dispatched": notes[1], "received": notes[0], "open": notes[0]}
    for state, only in states.items():
        listed = staff.get("consignments", state=state).text
        assert [note for note in notes if note in listed] == [only], state
    assert staff.get("consignments", state="lost").status == 422
    assert staff.get("consignments", after="x").status == 422
