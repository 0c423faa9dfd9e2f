"""What the workshop terminal and the receiving screen ask of the API."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.integration.inventory.goods import MAKER, OUTLET, SKILL, SKU, WORKSHOP, Goods, granted, output, product

ELIGIBILITY = f"/workshops/{WORKSHOP}/eligibility"


def _may(goods: Goods, worker_ref: str = MAKER, **query: Any) -> bool:
    return bool(goods.terminal.get(ELIGIBILITY, sku=SKU, worker_ref=worker_ref, **query)["eligible"])


def test_a_badge_with_a_valid_skill_is_eligible_and_others_are_not(goods: Goods) -> None:
    goods.hear(granted("wother0001", "c-2", skill="menjahit-dasar"))
    assert _may(goods)
    assert not _may(goods, "wother0001")
    assert not _may(goods, "wnobody001")


def test_eligibility_and_acceptance_judge_alike_by_the_day_of_production_in_makassar(goods: Goods) -> None:
    goods.hear(granted("wsince0001", "c-2", valid_from=date(2026, 3, 2)))
    share = [{"worker_ref": "wsince0001", "share_bp": 10_000}]
    # 16:30 UTC is half past midnight in Makassar: the day on which the certificate begins.
    for made_at, eligible in (("2026-03-01T15:59:00Z", False), ("2026-03-01T16:30:00Z", True)):
        assert _may(goods, "wsince0001", made_at=made_at) is eligible
        made = goods.propose(made_at=made_at, makers=share)["id"]
        answer = goods.staff.post(f"/outputs/{made}/acceptance", {"good": 100, "rejected": 0})
        assert (answer.status == 200) is eligible, answer


def test_an_output_of_makers_without_the_skill_is_proposed_all_the_same(goods: Goods) -> None:
    assert not _may(goods, "wnobody001")
    share = [{"worker_ref": "wnobody001", "share_bp": 10_000}]
    assert goods.propose(makers=share)["status"] == "proposed"


def test_a_terminal_asks_about_its_own_workshop_and_its_products_alone(goods: Goods) -> None:
    goods.staff.put("/workshops/WS-GRM", {"name": "Garmen"})
    goods.staff.put("/products/GRM-001", product(workshop="WS-GRM"))
    query = {"sku": SKU, "worker_ref": MAKER}
    assert goods.terminal.call("GET", "/workshops/WS-GRM/eligibility", **query).status == 403
    assert goods.terminal.call("GET", ELIGIBILITY, **query | {"sku": "GRM-001"}).status == 404
    assert goods.terminal.call("GET", ELIGIBILITY, **query | {"sku": "NO-SUCH"}).status == 404
    for wrong in ("baso", "Wmaker001", "wmaker001\n", "w1", "", "w" + "a" * 16):
        assert goods.terminal.call("GET", ELIGIBILITY, **query | {"worker_ref": wrong}).status == 422, wrong
    assert goods.staff.get(ELIGIBILITY, **query) == {"eligible": True}


def test_nobody_finds_out_who_works_here_by_trying_badges(goods: Goods) -> None:
    statuses = []
    for number in range(12):
        query = {"sku": SKU, "worker_ref": f"wguess{number:04}"}
        statuses.append(goods.terminal.call("GET", ELIGIBILITY, **query).status)
    assert statuses == [200] * 10 + [429] * 2
    # What is limited is one device: another terminal of the workshop warns on.
    other = goods.person("terminal", "terminal-2", workshop=WORKSHOP)
    assert other.get(ELIGIBILITY, sku=SKU, worker_ref=MAKER) == {"eligible": True}
    # Staff see the makers of every output anyway.
    asked = [goods.staff.get(ELIGIBILITY, sku=SKU, worker_ref=f"wguess{number:04}") for number in range(12)]
    assert asked == [{"eligible": False}] * 12


def test_badges_that_may_can_be_scanned_all_day(goods: Goods) -> None:
    assert all(_may(goods) for _ in range(30))


def test_a_terminal_asks_for_what_it_recorded_from_some_time_on(goods: Goods) -> None:
    early, late = output(recorded_at="2026-03-02T03:00:00Z"), output(recorded_at="2026-03-03T03:00:00Z")
    goods.terminal.post("/outputs", {"outputs": [early, late]})

    def seen(moment: str) -> list[str]:
        return [item["id"] for item in goods.terminal.get("/outputs", recorded_from=moment)["items"]]

    assert seen("2026-03-02T16:00:00Z") == [late["id"]]
    assert seen("2026-03-02T11:00:00+08:00") == [early["id"], late["id"]]
    assert goods.terminal.call("GET", "/outputs", recorded_from="yesterday").status == 422


def test_a_receipt_is_signed_with_a_cashiers_code_that_everyone_sees(goods: Goods) -> None:
    lot = goods.lot(10)
    note = goods.draft(lot, 10)
    goods.dispatch(note)
    receipt = str(uuid7())
    answer = goods.receive(note, lot, 9, id=receipt, signed_by="ksr-07")
    assert (answer.status, answer.body["signed_by"]) == (201, "ksr-07")
    for person in (goods.register, goods.manager, goods.staff, goods.auditor):
        (shown,) = person.get(f"/consignments/{note}/receipts")["items"]
        assert shown["signed_by"] == "ksr-07"
    # The signature is a part of what was recorded: the same again is the same, under another one it is another.
    assert goods.receive(note, lot, 9, id=receipt, signed_by="ksr-07").status == 200
    assert goods.receive(note, lot, 9, id=receipt, signed_by="ksr-08").status == 409
    assert goods.receive(note, lot, 9, id=receipt).status == 409
    goods.prove()


@pytest.mark.parametrize("name", ["Siti Aminah", "KSR-07", "k1", "a" * 17, "", "ksr-07\n", 7])
def test_a_receipt_cannot_be_signed_with_a_name(goods: Goods, name: Any) -> None:
    answer = goods.receive(goods.draft(goods.lot(10), 10), None, 1, signed_by=name)
    assert answer.status == 422
    assert list(answer.body["errors"]) == ["signed_by"]


def test_a_receipt_need_not_be_signed(goods: Goods) -> None:
    lot = goods.lot(10)
    note, receipt = goods.draft(lot, 10), str(uuid7())
    assert goods.receive(note, lot, 10, id=receipt).body["signed_by"] is None
    assert goods.receive(note, lot, 10, id=receipt, signed_by=None).status == 200


def test_an_outlet_asks_for_what_is_on_its_way_and_sees_no_quantity(goods: Goods) -> None:
    lot = goods.lot(30)
    drafted, sent, received = (goods.draft(lot, 10) for _ in range(3))
    for note in (sent, received):
        goods.dispatch(note)
    goods.receive(received, lot, 10)
    found = {}
    for status in ("draft", "dispatched", "received"):
        page = goods.register.get("/consignments", location=OUTLET, status=status)["items"]
        found[status] = [(item["id"], item["status"], sorted(item["lines"][0])) for item in page]
    assert found == {
        "draft": [(drafted, "draft", ["lot", "sku"])],
        "dispatched": [(sent, "dispatched", ["lot", "sku"])],
        "received": [(received, "received", ["lot", "quantity", "sku"])],
    }
    assert goods.register.call("GET", "/consignments", status="lost").status == 422


def test_the_skill_of_the_product_is_what_counts(goods: Goods) -> None:
    goods.staff.put(f"/products/{SKU}", product(required_skill="roti-lanjut"))
    assert not _may(goods)
    goods.hear(granted(reference="c-9", skill="roti-lanjut"))
    assert _may(goods)
    assert SKILL != "roti-lanjut"
