"""The practice log: what residents made, and what came back from the market."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from tests.integration.training.people import SKU, WORKSHOP, People, accepted, returned

MAKER, OTHER = "wmaker001", "wmaker002"


def _log(people: People, worker_ref: str, **query: Any) -> dict[str, Any]:
    return dict(people.auditor.get(f"/residents/{worker_ref}/practice", **query))


def test_an_accepted_output_is_practice_of_each_of_its_makers(people: People) -> None:
    output = accepted({MAKER: 7000, OTHER: 3000})
    assert people.hear(output).handled == 1
    for maker, share in ((MAKER, 7000), (OTHER, 3000)):
        assert _log(people, maker)["items"] == [
            {
                "output_id": str(output.output_id),
                "sku": SKU,
                "workshop": WORKSHOP,
                "lot": output.lot,
                "made_on": "2026-03-02",
                "good": 100,
                "share_bp": share,
                "returned": 0,
            }
        ]


def test_practice_of_somebody_who_is_not_registered_yet_is_there_when_he_is(people: People) -> None:
    people.hear(accepted({MAKER: 10_000}))
    assert people.rows("practice")[0]["worker_ref"] == MAKER
    people.instructor.put(f"/residents/{MAKER}", {"name": "Daeng Nai"})
    assert len(_log(people, MAKER)["items"]) == 1


def test_the_log_adds_up_the_outputs_by_product_over_all_pages(people: People) -> None:
    people.hear(
        accepted({MAKER: 10_000}),
        accepted({MAKER: 5_000, OTHER: 5_000}, lot="LOTLOTLOT2", good=Decimal("12.5")),
        accepted({MAKER: 10_000}, sku="RTI-002", lot="LOTLOTLOT3"),
    )
    page = _log(people, MAKER, limit=1)
    assert page["totals"] == [{"sku": SKU, "outputs": 2, "good": 112.5}, {"sku": "RTI-002", "outputs": 1, "good": 100}]
    seen = page["items"]
    while page["next"]:
        page = _log(people, MAKER, limit=1, after=page["next"])
        seen += page["items"]
    assert sorted(row["lot"] for row in seen) == ["LOTLOTLOT1", "LOTLOTLOT2", "LOTLOTLOT3"]


def test_the_log_shows_what_came_back_of_each_lot_and_why(people: People) -> None:
    people.hear(accepted({MAKER: 10_000}), accepted({OTHER: 10_000}, lot="LOTLOTLOT2"))
    people.hear(
        returned(("LOTLOTLOT1", "2", "stale"), ("LOTLOTLOT1", "1", "broken"), (None, "5", "stale")),
        returned(("LOTLOTLOT1", "1.5", "stale"), ("NEVERSEEN1", "1", "stale")),
    )
    log = _log(people, MAKER)
    assert log["items"][0]["returned"] == 4.5
    assert log["returns"] == [
        {"lot": "LOTLOTLOT1", "sku": SKU, "reason_code": "broken", "quantity": 1},
        {"lot": "LOTLOTLOT1", "sku": SKU, "reason_code": "stale", "quantity": 3.5},
    ]
    assert _log(people, OTHER)["returns"] == []


def test_one_sold_line_may_come_back_in_parts(people: People) -> None:
    people.hear(accepted({MAKER: 10_000}))
    whole = returned(("LOTLOTLOT1", "1", "stale"))
    parts = (whole.lines[0], msgspec.structs.replace(whole.lines[0], quantity=Decimal(2), reason_code="broken"))
    people.hear(msgspec.structs.replace(whole, lines=parts))
    log = _log(people, MAKER)
    assert log["items"][0]["returned"] == 3
    assert [row["reason_code"] for row in log["returns"]] == ["broken", "stale"]


def test_an_output_heard_of_twice_is_practice_once(people: People) -> None:
    output, back = accepted({MAKER: 10_000}), returned(("LOTLOTLOT1", "1", "stale"))
    people.hear(output, output)
    people.hear(output)
    people.hear(back, back)
    log = _log(people, MAKER)
    assert (len(log["items"]), log["totals"][0]["good"], log["items"][0]["returned"]) == (1, 100, 1)


def test_one_event_that_cannot_be_taken_harms_no_other_in_its_batch(people: People) -> None:
    poison = accepted({MAKER: 10_000}, good=Decimal(10) ** 15)  # more than a quantity can be
    outcome = people.hear(accepted({MAKER: 10_000}), poison, accepted({OTHER: 10_000}))
    assert (outcome.handled, outcome.dead) == (2, 1)
    assert len(people.rows("practice")) == 2
