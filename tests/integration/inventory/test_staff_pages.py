"""What the pages of staff do when something is wrong: they say it in words, and nothing typed is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.integration.inventory.desk import Desk
from tests.integration.inventory.goods import MAKER, OUTLET, SKU, WORKSHOP, Goods, output, product


def proposed(goods: Goods, **changes: Any) -> str:
    item = output(**changes)
    assert goods.terminal.post("/outputs", {"outputs": [item]}).body["results"][0]["status"] == "proposed"
    return str(item["id"])


# -- outputs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("good", "says"),
    [
        ("banyak", "Jumlah baik: bukan angka."),
        ("-4", "Jumlah baik: bukan angka."),
        ("", "Jumlah baik: harus diisi."),
        ("0", "Jumlah baik: harus lebih dari 0 dan paling banyak 100.000."),
        ("1.2345", "Jumlah baik: paling banyak 3 angka di belakang koma."),
        ("1e5", "Jumlah baik: bukan angka."),
        ("100001", "Jumlah baik: harus lebih dari 0 dan paling banyak 100.000."),
    ],
)
def test_figures_that_cannot_be_are_refused_in_words_and_stay_in_the_form(
    goods: Goods, staff: Desk, good: str, says: str
) -> None:
    page = staff.post(f"outputs/{proposed(goods)}/acceptance", good=good, rejected="7")
    assert page.status == 422
    assert says in page.alert()
    assert (page.value("good"), page.value("rejected")) == (good, "7")


def test_a_comma_is_a_decimal_comma(goods: Goods, staff: Desk) -> None:
    assert staff.post(f"outputs/{proposed(goods)}/acceptance", good="97,5", rejected="2").status == 303
    assert sum(goods.stock().values()) == 0
    assert goods.stock()[WORKSHOP] == pytest.approx(97.5)


def test_who_proposed_an_output_does_not_decide_about_it(goods: Goods) -> None:
    same = Desk(goods.app, "staff", "terminal-1")
    waiting = proposed(goods)
    shown = same.get("outputs")
    assert "Anda sendiri yang mencatat ini" in shown.words()
    assert "/acceptance" not in shown.text
    refused = same.post(f"outputs/{waiting}/acceptance", good="100", rejected="0")
    assert refused.status == 409
    assert "Yang mencatat tidak boleh memutuskan" in refused.alert()


def test_makers_without_the_skill_are_flagged_by_the_rule_that_would_refuse_them(goods: Goods, staff: Desk) -> None:
    both = [{"worker_ref": MAKER, "share_bp": 6000}, {"worker_ref": "wstranger1", "share_bp": 4000}]
    waiting = proposed(goods, makers=both)
    row = staff.get("outputs").words()
    assert f"{MAKER} 60% ahli" in row
    assert "wstranger1 40% belum punya keahlian" in row
    refused = staff.post(f"outputs/{waiting}/acceptance", good="100", rejected="0")
    assert (refused.status, "wstranger1 tidak punya keahlian bakery-dasar" in refused.alert()) == (409, True)
    # The certificate was withdrawn, or was not yet valid, on that day: the flag follows the day of production.
    long_ago = output(made_at="2024-12-31T15:59:59Z")
    goods.terminal.post("/outputs", {"outputs": [long_ago]})
    assert "belum punya keahlian" in staff.get(f"outputs/{long_ago['id']}").words()
    # 16:00 UTC is the next day in Makassar, on which the certificate begins.
    next_day = output(made_at="2024-12-31T16:00:00Z")
    goods.terminal.post("/outputs", {"outputs": [next_day]})
    assert "belum punya keahlian" not in staff.get(f"outputs/{next_day['id']}").words()


def test_what_a_colleague_decided_is_said_and_shown(goods: Goods, staff: Desk) -> None:
    waiting = proposed(goods)
    assert goods.second.post(f"/outputs/{waiting}/rejection", {"reason": "gosong"}).status == 200
    late = staff.post(f"outputs/{waiting}/acceptance", good="100", rejected="0")
    assert (late.status, "Sudah ditolak oleh petugas lain" in late.alert()) == (409, True)
    assert "gosong" in late.words()
    assert "gosong" in staff.get("outputs").words()


@pytest.mark.parametrize("reason", ["", "x" * 501, "a\x00b"])
def test_a_rejection_needs_a_reason_that_can_be_kept(goods: Goods, staff: Desk, reason: str) -> None:
    page = staff.post(f"outputs/{proposed(goods)}/rejection", reason=reason)
    assert page.status == 422
    assert "Alasan:" in page.alert()


def test_outputs_that_wait_are_shown_oldest_first_a_page_at_a_time(goods: Goods, staff: Desk) -> None:
    ids = [proposed(goods) for _ in range(23)]
    first = staff.get("outputs")
    assert [first.text.index(f"o-{one}") for one in ids[:20]] == sorted(
        first.text.index(f"o-{one}") for one in ids[:20]
    )
    assert f"o-{ids[20]}" not in first.text
    after = first.text.split('rel="next" href="?')[1].split('"')[0].split("after=")[1]
    second = staff.get("outputs", after=after)
    assert [f"o-{one}" in second.text for one in ids] == [False] * 20 + [True] * 3


# -- lots ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copies", ["0", "-1", "viel", "1001", "1.5"])
def test_a_number_of_labels_that_cannot_be_is_refused_and_stays_in_the_form(
    goods: Goods, staff: Desk, copies: str
) -> None:
    page = staff.get(f"lots/{goods.lot()}/label", copies=copies)
    assert (page.status, page.value("copies")) == (422, copies)
    assert "Jumlah lembar:" in page.alert()


def test_a_lot_that_nobody_knows_is_not_found_on_any_page(goods: Goods, staff: Desk) -> None:
    for path in ("lots/NOPE", "lots/NOPE/label", f"outputs/{uuid7()}", f"consignments/{uuid7()}"):
        assert staff.get(path).status == 404, path
    assert staff.post("lots/NOPE/recall", reason_code="unsafe").status == 404
    assert staff.get("lots/%00").status == 422


def test_a_recall_needs_a_reason_and_is_made_once(goods: Goods, staff: Desk) -> None:
    lot = goods.lot()
    nothing = staff.post(f"lots/{lot}/recall", reason_code="")
    assert (nothing.status, "Alasan: harus diisi." in nothing.alert()) == (422, True)
    assert staff.post(f"lots/{lot}/recall", reason_code="unsafe").status == 303
    assert "tidak aman dipakai" in staff.get(f"lots/{lot}").words()
    other = staff.post(f"lots/{lot}/recall", reason_code="damaged")
    assert (other.status, "sudah ditarik" in other.alert()) == (409, True)


def test_lots_are_found_by_the_start_of_their_number_and_by_words_taken_literally(goods: Goods, staff: Desk) -> None:
    lot = goods.lot()
    for words, found in (
        (lot[:4].lower(), True),
        ("manis", True),
        (SKU, True),
        ("%", False),
        ("_", False),
        ("\\", False),
    ):
        assert (lot in staff.get("lots", q=words).text) is found, words
    assert staff.get("lots", q="a\x00").status == 422


# -- differences, stock, write-offs ----------------------------------------------------------------------------


def test_a_difference_is_settled_once_with_a_reason_that_fits(goods: Goods, staff: Desk) -> None:
    lot = goods.lot()
    note = goods.draft(lot, 10)
    goods.dispatch(note)
    goods.receive(note, lot, 8)
    one = goods.staff.get("/discrepancies")["items"][0]["id"]
    nothing = staff.post(f"discrepancies/{one}/resolution", reason_code="")
    assert (nothing.status, "Alasan: harus diisi." in nothing.alert()) == (422, True)
    assert staff.post(f"discrepancies/{one}/resolution", reason_code="surplus").status == 422
    assert staff.post(f"discrepancies/{one}/resolution", reason_code="lost").status == 409, "who sent them"
    second = Desk(goods.app, "staff", "staff-2")
    assert second.post(f"discrepancies/{one}/resolution", reason_code="lost").status == 303
    settled = second.get("discrepancies").words()
    assert "Tidak ada selisih" in settled
    assert "hilang" in settled
    again = second.post(f"discrepancies/{one}/resolution", reason_code="not-sent")
    assert (again.status, "sudah diselesaikan" in again.alert()) == (409, True)
    assert second.post(f"discrepancies/{uuid7()}/resolution", reason_code="lost").status == 404


def test_an_outlet_sees_and_settles_the_differences_of_its_own_deliveries(goods: Goods, staff: Desk) -> None:
    lot = goods.lot(20)
    note = goods.draft(lot, 10)
    goods.dispatch(note)
    goods.receive(note, lot, 8)
    one = goods.staff.get("/discrepancies")["items"][0]["id"]
    own, other = (Desk(goods.staff.app, "outlet", "toko", outlet=code) for code in (OUTLET, "OUT-OTHER"))
    assert lot not in other.get("discrepancies").text
    assert other.post(f"discrepancies/{one}/resolution", reason_code="lost").status == 403
    page = own.get("discrepancies")
    assert lot in page.text
    assert "/inventory/consignments" not in page.text  # the papers are the prison's
    assert own.post(f"discrepancies/{one}/resolution", reason_code="lost").status == 303
    assert lot in own.get("discrepancies").text
    assert lot not in other.get("discrepancies").text


def test_what_is_expired_is_marked_in_the_stock(goods: Goods, staff: Desk) -> None:
    old = goods.lot(3)
    moment = datetime.now(UTC)
    fresh = output(good=4, made_at=moment.isoformat(), recorded_at=moment.isoformat())
    goods.terminal.post("/outputs", {"outputs": [fresh]})
    lot = goods.staff.post(f"/outputs/{fresh['id']}/acceptance", {"good": 4, "rejected": 0}).body["lot"]
    rows = {code: staff.get("stock").text.split(code)[2].split("</tr>")[0] for code in (old, lot)}
    assert "lewat" in rows[old]
    assert "lewat" not in rows[lot]
    assert old not in staff.get("stock", location=f"outlet/{OUTLET}").text
    assert old in staff.get("stock", location=f"workshop/{WORKSHOP}", sku=SKU).text
    assert staff.get("stock", location="\x00").status == 422


def test_a_write_off_takes_two_people(goods: Goods, staff: Desk) -> None:
    lot = goods.lot(10)
    body = {"id": str(uuid7()), "location": WORKSHOP, f"n.{SKU}/{lot}": "4"}
    nothing = staff.post("write-offs", **body)
    assert (nothing.status, nothing.value(f"n.{SKU}/{lot}")) == (422, "4")
    assert [staff.post("write-offs", **body, reason_code="expired").status for _ in range(2)] == [303, 303]
    own = staff.post(f"write-offs/{body['id']}/approval")
    assert (own.status, "Yang mencatat tidak boleh memutuskan" in own.alert()) == (409, True)
    assert goods.stock()[WORKSHOP] == 10
    assert Desk(goods.app, "staff", "staff-2").post(f"write-offs/{body['id']}/approval").status == 303
    assert goods.stock()[WORKSHOP] == 6
    goods.prove()


def test_an_auditor_reads_and_finds_nothing_to_press(goods: Goods, staff: Desk) -> None:
    proposed(goods)
    lot = goods.lot()
    note = goods.draft(lot, 5)
    auditor = Desk(goods.app, "auditor", "auditor-1")
    for path in ("outputs", "lots", f"lots/{lot}", "consignments", f"consignments/{note}", "discrepancies", "stock"):
        page = auditor.get(path)
        assert page.status == 200, path
        assert page.text.count('method="post"') == 1, path  # signing out
    assert auditor.post(f"consignments/{note}/dispatch").status == 403


def test_an_unknown_product_or_place_is_shown_by_its_code(goods: Goods, staff: Desk) -> None:
    lot = goods.lot()
    note = goods.draft(lot, 5, to="OUT-NEW")
    assert "OUT-NEW" in staff.get(f"consignments/{note}").words()
    assert "OUT-NEW" in staff.get(f"consignments/{note}/delivery-note").words()


def test_a_product_without_shelf_life_has_no_best_before_on_its_label(goods: Goods, staff: Desk) -> None:
    keeps = goods.lot()
    assert "Baik sebelum" in staff.get(f"lots/{keeps}/label").words()
    goods.staff.put(f"/products/{SKU}", product(shelf_life_days=None))
    assert "Baik sebelum" not in staff.get(f"lots/{goods.lot()}/label").words()


def test_an_age_is_that_of_the_waiting(goods: Goods, staff: Desk) -> None:
    proposed(goods, made_at=(datetime.now(UTC) - timedelta(days=3)).isoformat())
    assert "menunggu 1 menit" in staff.get("outputs").words()
