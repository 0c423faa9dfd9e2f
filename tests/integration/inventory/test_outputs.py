"""Outputs: proposed in batches by a terminal, decided by staff, gated by the makers' skills."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from shared.events.training import SkillWithdrawn
from tests.integration.inventory.goods import MAKER, SKILL, SKU, WORKSHOP, Goods, granted, output, product


def _shares(*refs_and_shares: Any) -> list[dict[str, Any]]:
    pairs = zip(refs_and_shares[::2], refs_and_shares[1::2], strict=True)
    return [{"worker_ref": ref, "share_bp": share} for ref, share in pairs]


def test_one_bad_item_harms_no_other_and_each_has_its_own_result(goods: Goods) -> None:
    good, again = output(), output()
    items: list[Any] = [
        good,
        output(good="5"),
        output(sku="NO-SUCH"),
        output(workshop="WS-OTHER"),
        output(makers=_shares(MAKER, 4000, "wmaker002", 5999)),
        output(makers=_shares(MAKER, 5000, MAKER, 5000)),
        output(good=0, rejected=0),
        output(note="Baso made this"),
        "not an object",
        again,
        again,
        good | {"good": 99},
        output(id="not-a-uuid"),
    ]
    answer = goods.terminal.post("/outputs", {"outputs": items})
    results = answer.body["results"]
    assert answer.status == 200
    assert [result["status"] for result in results] == (
        ["proposed"] + ["invalid"] * 8 + ["proposed", "duplicate", "conflict", "invalid"]
    )
    assert [sorted(result["errors"]) for result in results[1:9]] == [
        ["good"],
        ["sku"],
        ["workshop"],
        ["makers"],
        ["makers"],
        ["good"],
        ["note"],
        ["body"],
    ]
    assert [result["id"] for result in results[:2]] == [item["id"] for item in items[:2]]
    assert len(goods.staff.get("/outputs")["items"]) == 2


def test_a_batch_that_is_empty_too_long_or_no_batch_is_refused_as_a_whole(goods: Goods) -> None:
    bodies: list[Any] = [{}, {"outputs": []}, {"outputs": [output()] * 501}, {"outputs": [output()], "more": 1}, []]
    for body in bodies:
        assert goods.terminal.post("/outputs", body).status == 422, body
    assert goods.staff.get("/outputs")["items"] == []


def test_the_same_batch_in_another_order_at_the_same_time_is_recorded_once(goods: Goods) -> None:
    items = [output() for _ in range(20)]
    assert goods.terminal.post("/outputs", {"outputs": items}).status == 200
    results = goods.terminal.post("/outputs", {"outputs": items[::-1]}).body["results"]
    assert {result["status"] for result in results} == {"duplicate"}


def test_a_share_in_another_order_or_a_time_in_another_zone_is_the_same_content(goods: Goods) -> None:
    one = output(makers=_shares(MAKER, 4000, "wmaker002", 6000), good=5)
    other = one | {"makers": one["makers"][::-1], "made_at": "2026-03-02T11:00:00+08:00"}
    results = goods.terminal.post("/outputs", {"outputs": [one, other]}).body["results"]
    assert [result["status"] for result in results] == ["proposed", "duplicate"]


def test_acceptance_bears_a_lot_with_its_expiry_and_tells_sales_and_training(goods: Goods) -> None:
    made = goods.propose(good=120, rejected=4, made_at="2026-03-01T20:00:00Z")
    accepted = goods.staff.post(f"/outputs/{made['id']}/acceptance", {"good": 118, "rejected": 6})
    lot = accepted.body["lot"]
    assert accepted.body == {"id": made["id"], "status": "accepted", "good": 118, "rejected": 6, "lot": lot}
    assert len(lot) == 10
    assert set(lot) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    # 20:00 UTC is the next morning in Makassar.
    shown = goods.staff.get(f"/lots/{lot}")
    assert (shown["made_on"], shown["expires_on"], shown["flags"]) == ("2026-03-02", "2026-03-07", [])
    assert goods.stock(lot) == {"production": -124, WORKSHOP: 118, "scrap": 6}
    (created,), (told,) = goods.announced("LotCreated"), goods.announced("OutputAccepted")
    assert created == {
        "lot": lot,
        "sku": SKU,
        "workshop": WORKSHOP,
        "made_on": "2026-03-02",
        "expires_on": "2026-03-07",
    }
    assert told["makers"] == [{"worker_ref": MAKER, "share_bp": 10_000}]


def test_repeating_an_acceptance_answers_the_same_and_another_one_is_a_conflict(goods: Goods) -> None:
    path = f"/outputs/{goods.propose()['id']}"
    first = goods.staff.post(f"{path}/acceptance", {"good": 100, "rejected": 0})
    assert goods.second.post(f"{path}/acceptance", {"good": 100, "rejected": 0}) == first
    assert goods.staff.post(f"{path}/acceptance", {"good": 99, "rejected": 0}).status == 409
    assert goods.staff.post(f"{path}/rejection", {"reason": "gosong"}).status == 409
    assert len(goods.announced("LotCreated")) == 1


def test_a_rejected_output_stays_rejected(goods: Goods) -> None:
    made = goods.propose()["id"]
    assert goods.staff.post(f"/outputs/{made}/rejection", {"reason": "gosong"}).body["status"] == "rejected"
    assert goods.staff.post(f"/outputs/{made}/rejection", {"reason": "gosong"}).status == 200
    assert goods.staff.post(f"/outputs/{made}/rejection", {"reason": "lain"}).status == 409
    assert goods.staff.post(f"/outputs/{made}/acceptance", {"good": 1, "rejected": 0}).status == 409
    assert goods.stock() == {}


def test_accepting_nothing_good_is_refused_reject_it_instead(goods: Goods) -> None:
    made = goods.propose()["id"]
    assert goods.staff.post(f"/outputs/{made}/acceptance", {"good": 0, "rejected": 5}).status == 422


def test_who_proposed_an_output_cannot_accept_it(goods: Goods) -> None:
    made = goods.propose()["id"]
    same = goods.person("staff", "terminal-1")
    refused = same.post(f"/outputs/{made}/acceptance", {"good": 100, "rejected": 0})
    assert (refused.status, refused.body["code"]) == (409, "recorder-is-approver")


def test_the_database_itself_refuses_a_decision_by_who_proposed(goods: Goods) -> None:
    made = goods.propose()["id"]
    for proposed_by, rule in (("terminal-1", "recorder_is_not_approver"), ("somebody", "fk_output_decision")):
        with pytest.raises(IntegrityError, match=rule), goods.database.transaction() as session:
            session.execute(
                text(
                    "INSERT INTO output_decision (output_id, proposed_by, decision, reason, decided_by, decided_at)"
                    " VALUES (:id, :by, 'rejected', 'x', 'terminal-1', now())"
                ),
                {"id": made, "by": proposed_by},
            )


def test_an_output_by_an_uncertified_maker_is_refused_with_a_clear_reason(goods: Goods) -> None:
    made = goods.propose(makers=_shares(MAKER, 5000, "wnobody02", 3000, "wnobody01", 2000))["id"]
    refused = goods.staff.post(f"/outputs/{made}/acceptance", {"good": 100, "rejected": 0})
    assert (refused.status, refused.body["code"]) == (409, "skill-missing")
    assert (refused.body["makers"], refused.body["skill"]) == (["wnobody01", "wnobody02"], SKILL)
    assert goods.stock() == {}
    goods.hear(granted("wnobody01", "c-2"), granted("wnobody02", "c-3"))
    assert goods.staff.post(f"/outputs/{made}/acceptance", {"good": 100, "rejected": 0}).status == 200


@pytest.mark.parametrize(
    ("grant", "withdrawn", "holds"),
    [
        ({"valid_from": date(2026, 3, 2)}, None, True),
        ({"valid_from": date(2026, 3, 3)}, None, False),
        ({"valid_until": date(2026, 3, 2)}, None, True),
        ({"valid_until": date(2026, 3, 1)}, None, False),
        ({}, date(2026, 3, 3), True),
        ({}, date(2026, 3, 2), False),
        ({"skill": "menjahit-dasar"}, None, False),
    ],
)
def test_the_day_of_production_decides(
    goods: Goods, grant: dict[str, Any], withdrawn: date | None, holds: bool
) -> None:
    if withdrawn:
        goods.hear(SkillWithdrawn(worker_ref="wother001", skill=SKILL, reference="c-9", effective=withdrawn, version=2))
    goods.hear(granted("wother001", "c-9", **grant))
    made = goods.propose(makers=_shares("wother001", 10_000), made_at="2026-03-02T03:00:00Z")["id"]
    answer = goods.staff.post(f"/outputs/{made}/acceptance", {"good": 1, "rejected": 0})
    assert answer.status == (200 if holds else 409)


def test_a_certificate_withdrawn_later_flags_the_lot_and_rewrites_nothing(goods: Goods) -> None:
    lot, other = goods.lot(), goods.lot()
    before = goods.stock()
    withdrawal = {"worker_ref": MAKER, "skill": SKILL, "reference": "c-1", "version": 2}
    goods.hear(SkillWithdrawn(effective=date(2026, 3, 3), **withdrawal))  # type: ignore[arg-type]
    assert goods.staff.get(f"/lots/{lot}")["flags"] == []
    goods.hear(SkillWithdrawn(effective=date(2026, 3, 2), **withdrawal))  # type: ignore[arg-type]
    assert goods.staff.get(f"/lots/{lot}")["flags"] == ["skill-withdrawn"]
    listed = goods.staff.get("/lots", flag="skill-withdrawn")["items"]
    assert {item["lot"] for item in listed} == {lot, other}
    assert goods.stock() == before


def test_only_the_lots_of_the_days_without_the_certificate_are_flagged(goods: Goods) -> None:
    lots = {}
    for day in (1, 2, 3, 4):
        made = goods.propose(made_at=f"2026-03-0{day}T03:00:00Z")["id"]
        lots[day] = goods.staff.post(f"/outputs/{made}/acceptance", {"good": 1, "rejected": 0}).body["lot"]
    goods.hear(SkillWithdrawn(worker_ref=MAKER, skill=SKILL, reference="c-1", effective=date(2026, 3, 3), version=2))
    flagged = {item["lot"] for item in goods.staff.get("/lots", flag="skill-withdrawn")["items"]}
    assert flagged == {lots[3], lots[4]}
    for day, lot in lots.items():
        assert goods.staff.get(f"/lots/{lot}")["flags"] == (["skill-withdrawn"] if day >= 3 else [])


def test_a_product_that_asks_for_another_skill_from_now_on_flags_no_older_lot(goods: Goods) -> None:
    lot = goods.lot()
    assert goods.staff.put(f"/products/{SKU}", product(required_skill="bakery-lanjut")).status == 200
    assert goods.staff.get(f"/lots/{lot}")["flags"] == []
    assert goods.staff.get("/lots", flag="skill-withdrawn")["items"] == []


def test_a_terminal_sees_its_own_proposals_and_its_workshop_and_no_money(goods: Goods) -> None:
    mine = goods.propose()["id"]
    neighbour = goods.person("terminal", "terminal-2", workshop=WORKSHOP)
    stranger = goods.person("terminal", "terminal-3", workshop="WS-OTHER")
    assert [item["id"] for item in goods.terminal.get("/outputs")["items"]] == [mine]
    assert neighbour.get("/outputs")["items"] == stranger.get("/outputs")["items"] == []
    assert neighbour.call("GET", f"/outputs/{mine}").status in {403, 404}
    assert goods.terminal.call("GET", "/outputs", workshop="WS-OTHER").status == 403
    assert stranger.get("/products")["items"] == []
    assert stranger.call("GET", f"/products/{SKU}").status == 403
    assert goods.terminal.call("GET", "/products", workshop="WS-OTHER").status == 403
    (shown,) = goods.terminal.get("/products")["items"]
    assert shown["sku"] == SKU
    for seen in (shown, goods.terminal.get(f"/products/{SKU}")):
        assert not {"list_price", "material_cost"} & set(seen), "residents never see money"
    assert goods.staff.get(f"/products/{SKU}")["list_price"] == 5000


def test_a_product_is_announced_only_when_it_changed(goods: Goods) -> None:
    assert goods.staff.put(f"/products/{SKU}", product()).status == 200
    assert [event["version"] for event in goods.announced("ProductPublished")] == [1]
    assert goods.staff.put(f"/products/{SKU}", product(list_price=5500)).body["version"] == 2
    assert [event["list_price"] for event in goods.announced("ProductPublished")] == [5000, 5500]
    assert goods.staff.put("/products/NEW-1", product(workshop="WS-NONE")).status == 422
    assert goods.staff.put("/products/NEW-1", product(list_price=10**30)).status == 422


def test_numbers_and_times_beyond_all_reason_are_refused_not_a_crash(goods: Goods) -> None:
    odd = [
        output(good=10**30),
        output(good=-1),
        output(made_at="9999-12-31T23:59:59Z"),
        output(made_at="0001-01-01T00:00:00+14:00"),
        output(made_at="yesterday"),
        output(good=0.0001),
        output(good=True),
    ]
    results = goods.terminal.post("/outputs", {"outputs": odd}).body["results"]
    assert {result["status"] for result in results} == {"invalid"}
    ancient = goods.propose(made_at="0001-01-01T00:00:00Z")
    if ancient["status"] == "proposed":
        body = {"good": 1, "rejected": 0}
        assert goods.staff.post(f"/outputs/{ancient['id']}/acceptance", body).status in {200, 409}
    assert goods.staff.post(f"/outputs/{uuid7()}/acceptance", {"good": 1, "rejected": 0}).status == 404
    assert goods.staff.post("/outputs/not-a-uuid/acceptance", {"good": 1, "rejected": 0}).status == 404
