"""Receipt numbers: kept as ranges, missing until they come or the city says that they will not (P1)."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.sales.queries import registers
from tests.integration.sales.desk import OWN
from tests.integration.sales.shop import OUTLET, REGISTER, Answer, Person, Shop, sale


def _missing(shop: Shop, code: str = REGISTER) -> list[int]:
    return list(shop.till(code).get(f"/registers/{code}/sync")["missing"])


def _close(shop: Shop, number: int, note: str = "tablet hilang", **more: Any) -> Answer:
    return shop.city.call("POST", f"/registers/{REGISTER}/missing/{number}/resolution", {"note": note, **more})


def test_a_gap_is_closed_with_a_note_and_a_sale_that_comes_all_the_same_is_recorded(shop: Shop) -> None:
    sales = [shop.sale() for _ in range(9)]
    shop.post(sales[0], sales[4], sales[8])
    assert _missing(shop) == [2, 3, 4, 6, 7, 8]
    answer = _close(shop, 3)
    assert (answer.status, [(one["lo"], one["hi"], one["note"]) for one in answer.body["closed"]]) == (
        200,
        [(3, 3, "tablet hilang")],
    )
    assert _close(shop, 3).status == 200  # the same again
    assert _close(shop, 3, "lain").body["code"] == "closed-otherwise"
    assert _missing(shop) == [2, 4, 6, 7, 8]
    assert [(one["lo"], one["hi"]) for one in _close(shop, 4, to=9).body["closed"]] == [(4, 4), (6, 8)]
    assert _missing(shop) == [2]
    assert shop.post(sales[6])[0]["status"] == "recorded"
    assert _missing(shop) == [2]
    with shop.database.transaction() as session:
        assert [(one.lo, one.hi) for one in registers.closed(session, REGISTER)] == [(4, 4), (6, 8), (3, 3)]


def test_only_what_is_missing_is_closed(shop: Shop) -> None:
    shop.post(shop.sale())
    assert _close(shop, 1).body["code"] == "not-missing"
    assert _close(shop, 2).body["code"] == "not-missing"  # the register has not come so far
    assert _close(shop, 5, to=4).status == 422
    assert _close(shop, 1, "").status == 422
    assert shop.city.call("POST", "/registers/NOBODY/missing/1/resolution", {"note": "x"}).status == 404
    assert shop.manager.call("POST", f"/registers/{REGISTER}/missing/1/resolution", {"note": "x"}).status == 403


def test_the_city_closes_a_gap_on_its_page_beside_the_times_of_its_neighbours(shop: Shop) -> None:
    first, _, third = shop.sale(), shop.sale(), shop.sale()
    shop.post(first, third)
    client, path = shop.app.test_client(), f"/sales/registers/{REGISTER}"
    page = client.get(path, headers=shop.city.headers).text
    assert f'action="{path}/missing"' in page
    assert "2026" in page.partition("Nomor yang hilang")[2]
    assert f'action="{path}/missing"' not in client.get(path, headers=shop.manager.headers).text
    headers = {"Authorization": shop.city.headers["Authorization"], **OWN}
    form = {"lo": "2", "hi": "2", "note": "nota kertas: 1 roti"}
    assert client.post(f"{path}/missing", data=form | {"note": ""}, headers=headers).status_code == 422
    assert client.post(f"{path}/missing", data=form, headers=headers).status_code == 303
    page = client.get(path, headers=shop.city.headers).text
    assert "nota kertas: 1 roti" in page
    assert _missing(shop) == []
    shown = {till.row.code: till.row.missing for till in _tills(shop)}
    assert shown == {REGISTER: 0}


def _tills(shop: Shop) -> list[Any]:
    from services.sales.queries.tills import tills
    from shared.clock import now

    with shop.database.transaction() as session:
        return tills(session, outlet=OUTLET, moment=now())


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=6), min_size=1, max_size=6))
def test_what_is_kept_is_what_counting_all_would_say(shop: Shop, batches: list[list[tuple[int, bool]]]) -> None:
    shop.numbers += 1
    code, seen, recorded = f"OUT-DKR-N{shop.numbers}", set(), 0
    for batch in batches:
        items = [sale(register_no=number) | ({} if well else {"total": "much"}) for number, well in batch]
        results = shop.post(*items, code=code)
        recorded += sum(result["status"] == "recorded" for result in results)
        seen |= {number for number, _ in batch}
    known = shop.till(code).get(f"/registers/{code}/sync")
    expected = {"last_no": max(seen), "missing": sorted(set(range(1, max(seen))) - seen), "received": recorded}
    assert {key: known[key] for key in expected} == expected


def test_sync_reads_as_much_after_ten_thousand_sales_as_after_ten(shop: Shop) -> None:
    shop.post(*(shop.sale() for _ in range(10)))
    few = _blocks(shop)
    with shop.database.transaction() as session:
        session.execute(text("UPDATE register_numbers SET seen = '{[1,10001)}', received = 10000"))
    assert _blocks(shop) <= few + 1
    assert shop.register.get(f"/registers/{REGISTER}/sync")["received"] == 10_000


def _blocks(shop: Shop) -> int:
    statement = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + registers._SYNC.text
    with shop.database.transaction() as session:
        plan = session.execute(text(statement), {"register": REGISTER, "most": 1000}).scalar_one()[0]["Plan"]
    assert "sale" not in str(plan)
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def test_receipts_of_other_outlets_are_seen_as_a_refund_needs_them_and_not_by_the_hundred(shop: Shop) -> None:
    one = shop.sale()
    one["payments"][0] |= {"kind": "qris", "reference": "QR-123"}
    shop.post(one)
    path = f"/receipts/{REGISTER}/1"
    assert shop.register.get(path)["payments"][0]["reference"] == "QR-123"
    assert shop.till("OUT-DKR-2").get(path)["payments"][0]["reference"] == "QR-123"  # its own outlet's
    assert shop.city.get(path)["payments"][0]["reference"] == "QR-123"
    foreign = shop.till("OUT-KNR-1", outlet="OUT-KNR")
    seen = foreign.get(path)
    assert (seen["payments"][0]["reference"], seen["payments"][0]["kind"], seen["shift_id"]) == (None, "qris", None)
    assert [(part["id"], part["amount"]) for part in seen["lines"]] == [(one["lines"][0]["id"], 5000)]
    assert seen["returned"] == []
    answers = [_raw(shop, foreign, f"/receipts/{REGISTER}/{number}") for number in range(1, 40)]
    assert {answer.status_code for answer in answers} == {200, 404, 429}
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert all(shop.register.call("GET", path).status == 200 for _ in range(40))  # one's own as often as one likes


def _raw(shop: Shop, person: Person, path: str) -> Any:
    return shop.app.test_client().get(f"/sales/v1{path}", headers=person.headers)
