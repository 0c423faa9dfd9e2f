"""A sale that happened is never refused, never lost and never doubled (P1, P2, P3, P8)."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from shared.jsontext import instant
from tests.integration.sales.shop import LOT, NOON, OUTLET, REGISTER, SHIFT, Shop, line, published, sale


def test_an_ordinary_sale_is_recorded_announced_and_taken_off_the_shelf(shop: Shop) -> None:
    one = shop.sale(2)
    (result,) = shop.post(one)
    assert result == {"id": one["id"], "register_no": 1, "status": "recorded", "work_items": []}
    assert shop.shelf() == 98
    (event,) = shop.announced("SaleRecorded")
    assert (event["sale_id"], event["outlet"], event["register_no"]) == (one["id"], OUTLET, 1)
    assert event["total"] == one["total"] == sum(part["amount"] for part in event["lines"])


def test_the_same_sale_fifty_times_at_once_is_one_sale(shop: Shop) -> None:
    one = shop.sale(3)
    gate = threading.Barrier(10)

    def send(_: int) -> str:
        gate.wait()
        return str(shop.post(one)[0]["status"])

    with ThreadPoolExecutor(10) as pool:
        statuses = Counter(pool.map(send, range(50)))
    assert statuses == {"recorded": 1, "duplicate": 49}
    assert shop.shelf() == 97
    assert len(shop.announced("SaleRecorded")) == 1


def test_the_same_id_with_other_content_is_a_conflict_and_changes_nothing(shop: Shop) -> None:
    one = shop.sale()
    shop.post(one)
    assert shop.post({**one, "register_no": 9})[0]["status"] == "conflict"
    assert shop.register.get(f"/sales/{one['id']}")["register_no"] == one["register_no"]


def test_the_same_content_in_other_clothes_is_a_duplicate(shop: Shop) -> None:
    one = shop.sale(lines=[line(1), line(2)])
    shop.post(one)
    dressed = {**one, "lines": list(reversed(one["lines"])), "sold_at": "2026-03-02T12:00:00+08:00"}
    dressed["lines"] = [
        {**part, "quantity": Decimal(part["quantity"]).quantize(Decimal("1.000"))} for part in dressed["lines"]
    ]
    assert shop.post(dressed)[0]["status"] == "duplicate"


def test_twice_in_one_batch_is_once(shop: Shop) -> None:
    one = shop.sale()
    results = shop.post(one, one, {**one, "total": 1})
    assert [result["status"] for result in results] == ["recorded", "duplicate", "conflict"]
    assert shop.shelf() == 99


def test_a_batch_of_a_hundred_with_every_oddity_records_all_that_can_be_read(shop: Shop) -> None:
    shop.close_shift(100_000, NOON + timedelta(minutes=30))
    good = [shop.sale() for _ in range(92)]
    unknown = shop.sale(lines=[line(sku="NEW-001")])
    no_stock = shop.sale(500)
    elsewhen = shop.sale(shift_id=str(uuid4()))
    no_lot = shop.sale(lines=[line(lot=None)])
    dear = shop.sale(lines=[line(unit_price=9000, amount=9000)])
    after_close = shop.sale(sold_at=instant(NOON + timedelta(hours=1)))
    malformed = {**shop.sale(), "lines": [{**line(), "quantity": "two"}]}
    nonsense = "not a sale"
    batch: list[Any] = [*good, unknown, no_stock, after_close, elsewhen, no_lot, dear, malformed, nonsense]
    results = shop.post(*batch)
    assert [result["id"] for result in results[:99]] == [one["id"] for one in batch[:99]]
    assert Counter(result["status"] for result in results) == {"recorded": 98, "quarantined": 2}
    codes = [set(result["work_items"]) for result in results[92:98]]
    assert codes[0] >= {"unknown-sku"}
    assert codes[1] == {"no-stock"}
    assert codes[2] >= {"shift-closed"}
    assert codes[3] >= {"shift-unknown"}
    assert codes[4] == {"lot-missing"}
    assert codes[5] >= {"price-differs"}
    held = {item["item_id"]: item for item in shop.manager.get("/quarantine")["items"]}
    assert '"two"' in held[malformed["id"]]["raw"]
    assert held[malformed["id"]]["errors"] == {"lines.0.quantity": ["Not a number."]}
    assert held[malformed["id"]]["register_no"] == malformed["register_no"]
    assert '"not a sale"' in held[None]["raw"]


def test_a_quarantined_sale_that_comes_well_formed_is_recorded_and_released(shop: Shop) -> None:
    one = shop.sale()
    broken = {**one, "total": "much"}
    assert [shop.post(broken)[0]["status"] for _ in range(2)] == ["quarantined", "quarantined"]
    assert len(shop.manager.get("/quarantine?state=open")["items"]) == 1
    sync = shop.register.get(f"/registers/{REGISTER}/sync")
    assert (sync["missing"], [held["register_no"] for held in sync["quarantined"]]) == ([], [1])
    assert shop.post(one)[0]["status"] == "recorded"
    assert shop.manager.get("/quarantine?state=open")["items"] == []


def test_a_person_can_deal_with_a_quarantined_item(shop: Shop) -> None:
    shop.post({**shop.sale(), "extra": 1})
    (held,) = shop.manager.get("/quarantine")["items"]
    path = f"/quarantine/{held['id']}/resolution"
    assert shop.manager.call("POST", path, {"note": "dicatat di kertas"}).status == 200
    assert shop.manager.call("POST", path, {"note": "dicatat di kertas"}).status == 200
    assert shop.manager.call("POST", path, {"note": "lain"}).status == 409


def test_numbers_that_have_not_arrived_are_named_until_they_do(shop: Shop) -> None:
    sales = [shop.sale() for _ in range(50)]
    late = sales.pop(16)
    shop.post(*sales)
    assert shop.register.get(f"/registers/{REGISTER}/sync") == {
        "last_no": 50,
        "missing": [17],
        "quarantined": [],
        "received": 49,
    }
    shop.post(late)
    assert shop.register.get(f"/registers/{REGISTER}/sync")["missing"] == []


def test_two_receipts_with_one_number_are_noticed_on_both(shop: Shop) -> None:
    first, second = sale(register_no=5), sale(register_no=5)
    assert shop.post(first)[0]["work_items"] == []
    assert shop.post(second)[0]["work_items"] == ["number-reused"]
    assert shop.open_items() == {"number-reused"}
    assert shop.post(first)[0] == {
        "id": first["id"],
        "register_no": 5,
        "status": "duplicate",
        "work_items": ["number-reused"],
    }


def test_two_receipts_with_one_number_in_one_batch_are_both_recorded(shop: Shop) -> None:
    results = shop.post(sale(register_no=5), sale(register_no=5), sale(register_no=4))
    assert [(result["status"], result["work_items"]) for result in results] == [
        ("recorded", ["number-reused"]), ("recorded", ["number-reused"]), ("recorded", []),
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [timedelta(days=-3 * 365), timedelta(days=1)])
def test_a_wrong_clock_loses_nothing_and_the_business_day_is_the_true_one(shop: Shop, wrong: timedelta) -> None:
    now = datetime.now(UTC)
    one = shop.sale(sold_at=instant(now + wrong - timedelta(minutes=10)))
    (result,) = shop.post(one, sent_at=instant(now + wrong))
    assert "clock-drift" in result["work_items"]
    kept = shop.register.get(f"/sales/{one['id']}")
    assert kept["sold_at"][:16] == one["sold_at"][:16]
    effective = datetime.fromisoformat(kept["effective_at"])
    assert abs(effective - (now - timedelta(minutes=10))) < timedelta(seconds=30)
    assert abs(kept["drift"] + int(wrong.total_seconds())) < 30
    assert kept["business_day"] == (effective + timedelta(hours=8)).date().isoformat()


@pytest.mark.parametrize("year", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_an_absurd_clock_loses_nothing(shop: Shop, year: str) -> None:
    assert [shop.post(shop.sale(sold_at=year), sent_at=year)[0]["status"] for _ in range(2)] == ["recorded"] * 2


def test_within_two_minutes_the_clock_counts_as_right(shop: Shop) -> None:
    now = datetime.now(UTC)
    one = shop.sale(sold_at=instant(now - timedelta(minutes=1)))
    assert "clock-drift" not in shop.post(one, sent_at=instant(now - timedelta(seconds=100)))[0]["work_items"]


def test_a_register_nobody_has_heard_of_sells_all_the_same(shop: Shop) -> None:
    assert shop.post(sale(), code="OUT-NEW-7")[0]["status"] == "recorded"
    assert shop.city.get("/registers/OUT-NEW-7")["placeholder"] is True


def test_a_register_sells_for_itself_only(shop: Shop) -> None:
    assert shop.register.call("POST", "/registers/OTHER-1/sales", {"sales": [sale()]}).status == 403
    elsewhere = shop.till(REGISTER, outlet="OUT-KNR")
    assert elsewhere.call("POST", f"/registers/{REGISTER}/sales", {"sales": [sale()]}).status in {200, 403}
    shop.city.call("PUT", f"/registers/{REGISTER}", {"outlet": OUTLET, "name": "Kasir 1"})
    assert elsewhere.call("POST", f"/registers/{REGISTER}/sales", {"sales": [sale()]}).status == 403


@pytest.mark.parametrize("body", [{"sales": []}, {"sales": [1] * 501}, {"sales": {}}, {}, {"sales": [1], "x": 1}, []])
def test_an_envelope_that_cannot_be_read_is_refused_with_the_field(shop: Shop, body: Any) -> None:
    answer = shop.register.call("POST", f"/registers/{REGISTER}/sales", body)
    assert (answer.status, answer.body["code"]) == (422, "invalid")
    assert answer.body["errors"]


def test_a_body_that_is_no_json_too_large_or_of_another_kind_is_refused(shop: Shop) -> None:
    client, path = shop.app.test_client(), f"/sales/v1/registers/{REGISTER}/sales"
    for status, data, kind in (
        (400, b"{", "application/json"),
        (413, b" " * 5_000_000, "application/json"),
        (415, b"a=1", "text/plain"),
    ):
        answer = client.post(path, data=data, headers=shop.register.headers | {"Content-Type": kind})
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")


def test_a_sale_whose_sums_do_not_agree_is_recorded_with_a_work_item(shop: Shop) -> None:
    assert shop.post(shop.sale(total=1))[0]["work_items"] == ["total-differs"]
    (event,) = shop.announced("SaleRecorded")
    assert event["total"] == 5000  # the sum of its lines


def test_half_a_rupiah_is_rounded_up(shop: Shop) -> None:
    shop.hear(published(version=2, list_price=333))
    one = shop.sale(lines=[line(Decimal("0.5"), unit_price=333, amount=167)])
    assert shop.post(one)[0]["work_items"] == []


def test_stock_is_taken_at_each_sale_while_the_shift_is_open(shop: Shop) -> None:
    shop.post(shop.sale(10))
    (item,) = shop.register.get(f"/catalogue?outlet={OUTLET}")["items"]
    assert [(lot["lot"], lot["available"]) for lot in item["lots"]] == [(LOT, 90)]
    assert shop.register.get(f"/shifts/{SHIFT}")["status"] == "open"
