"""What registers really send, at the edges: others' shifts, huge sums, odd text, waiting returns; and stale plans."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from services.sales.models import Sale
from shared.db import Database
from shared.jsontext import instant
from tests.integration.sales.shop import NOON, PRICE, REGISTER, SHIFT, Shop, created, line, received, returned, sale
from tests.waiting import until

OTHER = "OUT-DKR-2"


def test_a_sale_under_another_registers_shift_is_odd_and_not_in_that_drawer(shop: Shop) -> None:
    (result,) = shop.post(sale(2, register_no=1), code=OTHER)
    assert (result["status"], result["work_items"]) == ("recorded", ["shift-unknown"])
    assert shop.close_shift(100_000).body["variance"] == 0
    shop.post(sale(1, register_no=2), code=OTHER)  # late: no amendment of a shift that is not its own
    shown = shop.register.get(f"/shifts/{SHIFT}")
    assert (shown["expected_now"], shown["amendments"]) == (100_000, [])


def test_a_refund_under_another_registers_shift_is_not_in_that_drawer(shop: Shop) -> None:
    sold = shop.sale(2)
    shop.post(sold)
    shop.give_back(returned(sold, 1, shift_id=str(SHIFT)), code=OTHER)
    assert shop.manager.get(f"/shifts/{SHIFT}")["expected_now"] == 100_000 + 2 * PRICE


def test_the_register_counts_blind_until_it_has_counted(shop: Shop) -> None:
    shop.post(shop.sale(2))
    assert shop.register.get(f"/shifts/{SHIFT}")["expected_now"] is None
    assert [one["expected_now"] for one in shop.register.get("/shifts")["items"]] == [None]
    assert shop.manager.get(f"/shifts/{SHIFT}")["expected_now"] == 100_000 + 2 * PRICE
    shop.close_shift(109_000)
    shown = shop.register.get(f"/shifts/{SHIFT}")
    assert (shown["close"]["expected"], shown["close"]["variance"], shown["expected_now"]) == (110_000, -1_000, 110_000)


def test_lot_and_reference_may_be_left_out(shop: Shop) -> None:
    one = shop.sale()
    del one["lines"][0]["lot"], one["payments"][0]["reference"]
    (result,) = shop.post(one)
    assert (result["status"], result["work_items"]) == ("recorded", ["lot-missing"])
    (again,) = shop.post(one | {"lines": [one["lines"][0] | {"lot": None}]})
    assert again["status"] == "duplicate"  # null said or left out is the same content


def test_more_money_than_an_event_can_carry_is_quarantined_with_its_field(shop: Shop) -> None:
    dear = [line(1, unit_price=10**12, amount=10**12) for _ in range(2)]
    huge = shop.sale(lines=dear) | {"total": 10**12}
    huge["payments"][0]["amount"] = 10**12
    (result,) = shop.post(huge)
    assert result["status"] == "quarantined"
    assert result["errors"] == {"lines": ["Together more than 10^12."]}


def test_a_line_holds_what_an_outlet_could_sell_and_more_is_kept_for_a_person(shop: Shop) -> None:
    most = Decimal(100_000)
    free = {"unit_price": 0, "amount": 0}
    nonsense, plain = shop.sale(lines=[line(Decimal("100000.001"), **free)]), shop.sale()
    results = shop.post(shop.sale(lines=[line(most, **free)]), nonsense, plain)
    assert [result["status"] for result in results] == ["recorded", "quarantined", "recorded"]
    assert shop.shelf() == 100 - most - 1
    assert shop.register.get(f"/registers/{REGISTER}/sync")["missing"] == []  # the server has it
    back = returned(plain, 1)
    back["lines"][0] |= {"quantity": 10**11, "amount": 0}
    assert [one["status"] for one in shop.give_back(back, returned(plain, 1))] == ["quarantined", "recorded"]


def test_the_nonsense_of_one_outlet_stops_no_other(shop: Shop) -> None:
    with shop.database.transaction() as session:  # what was accepted before there was a bound
        session.execute(text("UPDATE outlet_stock SET on_hand = -99999999999999999.999"))
    other = shop.till("OUT-KNR-1", outlet="OUT-KNR")
    lines = [line(100_000, unit_price=0, amount=0) for _ in range(200)]
    for number in range(1, 4):
        assert shop.post(shop.sale(lines=lines))[0]["status"] == "recorded"
        body = {"sales": [sale(register_no=number)]}
        answer = other.call("POST", "/registers/OUT-KNR-1/sales", body)
        assert answer.body["results"][0]["status"] == "recorded"
    assert shop.shelf() < Decimal(-10) ** 17


@pytest.mark.parametrize(
    "odd",
    [
        {"note": "\x00"},
        {"\ud800": 1},
        {"id": "\ud83d"},
        {"register_no": 10**40},
        {"total": Decimal("1E+300")},
        {"lines": [[[[[[]]]]]]},
        {"sold_at": "\u202e2026"},
    ],
    ids=str,
)
def test_whatever_cannot_be_read_is_kept_and_harms_no_other(shop: Shop, odd: dict[str, Any]) -> None:
    good, bad = shop.sale(), shop.sale() | odd
    results = shop.post(bad, good)
    assert [one["status"] for one in results] == ["quarantined", "recorded"]
    (kept,) = shop.manager.get("/quarantine")["items"]
    assert kept["errors"] == results[0]["errors"]
    shop.post(bad)
    assert len(shop.manager.get("/quarantine")["items"]) == 1  # the same again is kept once


def test_a_number_in_quarantine_is_not_missing_and_stays_so_when_a_person_has_looked(shop: Shop) -> None:
    shop.post(shop.sale() | {"total": "much"}, shop.sale())
    assert shop.register.get(f"/registers/{REGISTER}/sync")["missing"] == []
    (kept,) = shop.manager.get("/quarantine")["items"]
    answer = shop.manager.call("POST", f"/quarantine/{kept['id']}/resolution", {"note": "typed in by hand"})
    assert answer.status == 200
    synced = shop.register.get(f"/registers/{REGISTER}/sync")
    assert (synced["missing"], synced["last_no"]) == ([], 2)


def test_the_good_one_first_and_the_bad_one_of_its_id_later_leaves_nothing_to_do(shop: Shop) -> None:
    good = shop.sale()
    shop.post(good)
    (result,) = shop.post(good | {"total": "much"})
    assert result["status"] == "quarantined"
    assert shop.manager.get("/quarantine?state=open")["items"] == []


def test_a_batch_brings_a_sale_that_a_return_waits_for_beside_one_that_cannot_be_read(shop: Shop) -> None:
    early, plain = shop.sale(2), shop.sale()
    (waiting,) = shop.give_back(returned(early, 1))
    assert waiting["status"] == "waiting"
    results = shop.post(plain, early, shop.sale() | {"total": None})
    assert [one["status"] for one in results] == ["recorded", "recorded", "quarantined"]
    assert shop.give_back(returned(early, 1) | {"id": waiting["id"]})[0]["status"] == "conflict"
    assert len(shop.announced("SaleReturned")) == 1


def test_the_drift_of_a_return_is_kept_and_noted(shop: Shop) -> None:
    sold = shop.sale()
    shop.post(sold)
    back = returned(sold, 1)
    body = {"returns": [back], "sent_at": instant(NOON)}
    (result,) = shop.register.call("POST", f"/registers/{REGISTER}/returns", body).body["results"]
    assert (result["status"], result["work_items"]) == ("recorded", ["clock-drift"])
    shown = shop.manager.get(f"/returns/{back['id']}")
    assert shown["drift"] > 0
    # The same return sent again by a device whose clock is right now: nothing new.
    assert shop.give_back(back)[0] == {"id": back["id"], "status": "duplicate", "work_items": ["clock-drift"]}


def test_the_same_id_from_another_register_is_a_conflict(shop: Shop) -> None:
    one = shop.sale()
    shop.post(one)
    (result,) = shop.post(one, code=OTHER)
    assert result["status"] == "conflict"


def test_new_and_known_in_one_batch_each_get_their_own_answer(shop: Shop) -> None:
    known, odd = shop.sale(), shop.sale(lines=[line(sku="NEVER-HEARD", lot="NEVERHEARD")])
    shop.post(known, odd)
    new = shop.sale(150)
    results = shop.post(new, odd, known | {"total": 1}, known, new)
    assert [one["status"] for one in results] == ["recorded", "duplicate", "conflict", "duplicate", "duplicate"]
    assert results[0]["work_items"] == results[4]["work_items"] == ["no-stock"]
    assert results[1]["work_items"] == ["no-stock", "unknown-lot", "unknown-sku"]


def test_of_a_batch_those_that_took_the_last_are_short_not_those_before(shop: Shop) -> None:
    results = shop.post(shop.sale(60), shop.sale(40), shop.sale(1))
    assert [one["work_items"] for one in results] == [[], [], ["no-stock"]]


def test_a_register_of_another_outlet_is_refused_and_leaves_no_trace(shop: Shop) -> None:
    shop.post(shop.sale())
    stranger = shop.till(REGISTER, outlet="OUT-ELSEWHERE")
    body = {"sales": [sale(register_no=9)]}
    assert stranger.call("POST", f"/registers/{REGISTER}/sales", body).status == 403
    assert stranger.call("GET", f"/registers/{REGISTER}/sync").status == 403
    with shop.database.transaction() as session:
        assert session.query(Sale).count() == 1


def test_a_lot_assigned_later_is_judged_by_the_news_of_that_lot(shop: Shop) -> None:
    one = shop.sale(lines=[line(1, lot=None)])
    shop.post(one)
    path = next(i for i in shop.manager.get("/work-items")["items"] if i["code"] == "lot-missing")["id"]
    answer = shop.manager.call("POST", f"/work-items/{path}/resolution", {"lot": "LOTLATER22"})
    assert answer.status == 200
    assert shop.open_items() == {"unknown-lot", "no-stock"}
    shop.hear(created("LOTLATER22"), received(1, "LOTLATER22"))
    assert shop.open_items() == set()


def test_a_statement_on_its_own_leaves_the_pool_as_sessions_expect_it(shop: Shop) -> None:
    small = Database(shop.database.url, pool_size=1)
    assert small.call("SELECT %(n)s::int AS n", {"n": 7})[0].n == 7
    with pytest.raises(DBAPIError) as caught:
        small.call("SELECT 1 / %(n)s::int AS n", {"n": 0})
    assert getattr(caught.value.orig, "sqlstate", "") == "22012"
    with small.transaction() as session:
        session.execute(text("INSERT INTO revoked_token (jti, expires_at) VALUES ('gone', now())"))
        session.rollback()
    with small.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM revoked_token")) == 0
    small.dispose()


def test_a_plan_made_on_empty_tables_reads_no_table_from_end_to_end_when_they_are_large(shop: Shop) -> None:
    """A session keeps its plans: without this, each sale after a busy morning read all the sales before it."""
    for _ in range(6):  # from the fifth on, a statement is prepared
        shop.post(shop.sale())
    for _ in range(4):
        shop.post(*(shop.sale() for _ in range(100)))
    before = _scans(shop)
    shop.post(shop.sale())
    shop.post(*(shop.sale() for _ in range(20)))
    grown = {name: count - before[name] for name, count in _scans(shop).items() if count > before[name]}
    assert grown == {}


def _scans(shop: Shop) -> dict[str, int]:
    tables = "('sale', 'sale_line', 'payment', 'product', 'lot', 'price', 'work_item', 'outlet_stock', 'sale_return')"
    mine = """
        SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = current_setting('application_name')
    """
    pids = [row.pid for row in shop.database.call(mine, {})]
    shop.database.dispose()  # a backend tells what it has counted at the latest when it ends
    left = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid = ANY(%(pids)s)"
    until("they have ended", lambda: not shop.database.call(left, {"pids": pids}))
    with shop.database.transaction() as session:
        found = session.execute(text(f"SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname IN {tables}"))
        return {row.relname: row.seq_scan for row in found}


def test_ids_of_all_kinds_keep_the_order_of_the_batch(shop: Shop) -> None:
    sales = [shop.sale() | {"id": str(UUID(int=number))} for number in (9, 3, 2**127, 1)]
    assert [one["id"] for one in shop.post(*sales)] == [one["id"] for one in sales]


def test_a_return_by_another_register_before_its_sale_is_judged_all_the_same(shop: Shop) -> None:
    early = shop.sale(1)
    shop.give_back(returned(early, 1), returned(early, 1) | {"id": str(uuid7())}, code=OTHER)
    shop.post(early)
    with shop.database.transaction() as session:
        verdicts = sorted(session.scalars(text("SELECT verdict FROM return_verdict")))
    assert verdicts == ["exceeds", "recorded"]
