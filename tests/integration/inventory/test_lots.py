"""Lots: recalled, traced, and what a buyer may know of them."""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import event
from werkzeug.test import TestResponse

from tests.integration.inventory.goods import MAKER, OUTLET, SKU, WORKSHOP, Goods, granted, product, returned, sold


def _page(goods: Goods, lot: str) -> TestResponse:
    return goods.app.test_client().get(f"/inventory/p/{lot}")


def test_a_lot_is_recalled_once_and_sales_hear_of_it(goods: Goods) -> None:
    lot = goods.lot()
    first = goods.staff.post(f"/lots/{lot}/recall", {"reason_code": "foreign-body"})
    assert first.status == 200
    assert goods.second.post(f"/lots/{lot}/recall", {"reason_code": "foreign-body"}) == first
    assert goods.staff.post(f"/lots/{lot}/recall", {"reason_code": "mould"}).status == 409
    assert goods.staff.post(f"/lots/{lot}/recall", {"reason_code": "Pak Baso said so"}).status == 422
    assert goods.staff.post("/lots/NEVERSEEN1/recall", {"reason_code": "mould"}).status == 404
    (told,) = goods.announced("LotRecalled")
    assert (told["lot"], told["sku"], told["reason_code"]) == (lot, SKU, "foreign-body")
    assert told["recalled_at"] == first.body["recalled_at"]
    assert goods.staff.get(f"/lots/{lot}")["recalled_at"] == first.body["recalled_at"]


def test_a_trace_leads_from_the_output_to_the_buyers_and_never_to_the_makers(goods: Goods) -> None:
    lot = goods.lot(100, rejected=3)
    note = goods.draft(lot, 40)
    goods.dispatch(note)
    goods.receive(note, lot, 37, 1)
    sale = sold([(lot, 10)])
    goods.hear(sale, returned(sale, lot, 2, restock=True))
    trace = goods.staff.get(f"/lots/{lot}/trace")
    steps = [(step["kind"], step["from"], step["to"], step["quantity"]) for step in trace["steps"]]
    assert steps == [
        ("output", "production", WORKSHOP, 100),
        ("output", "production", "scrap", 3),
        ("dispatch", WORKSHOP, "transit", 40),
        ("receipt", "transit", OUTLET, 37),
        ("receipt", "transit", "scrap", 1),
        ("sale", OUTLET, "customer", 10),
        ("return", "customer", OUTLET, 2),
    ]
    where = {part["location"]: part["on_hand"] for part in trace["where"]}
    assert where == {WORKSHOP: 60, "transit": 2, OUTLET: 29, "customer": 8, "scrap": 4}
    assert trace["made"] == trace["accounted"] == 103
    assert MAKER not in str(trace)
    assert goods.staff.call("GET", "/lots/NEVERSEEN1/trace").status == 404


def test_a_long_trace_comes_page_by_page_with_the_whole_sums_on_each(goods: Goods) -> None:
    lot = goods.lot(100)
    goods.hear(*(sold([(lot, 1)]) for _ in range(5)))
    whole = goods.staff.get(f"/lots/{lot}/trace")
    assert whole["next"] is None
    steps: list[Any] = []
    after: str | None = ""
    while after is not None:
        page = goods.staff.get(f"/lots/{lot}/trace", limit=2, **({"after": after} if after else {}))
        assert (page["made"], page["accounted"], page["where"]) == (whole["made"], whole["accounted"], whole["where"])
        steps, after = [*steps, *page["steps"]], page["next"]
    assert steps == whole["steps"]
    assert len(steps) == 6
    assert goods.staff.call("GET", f"/lots/{lot}/trace", limit=1001).status == 422


def test_the_public_page_says_what_it_is_and_never_who_made_it(goods: Goods) -> None:
    lot = goods.lot()
    page = _page(goods, lot)
    assert page.status_code == 200
    assert page.content_type.startswith("text/html")
    for said in ("Roti manis", "Sweet bun", "Roti", lot, "7 Mar 2026"):
        assert said in page.text
    for unsaid in (MAKER, "terminal-1", "staff-1", WORKSHOP, "5000"):
        assert unsaid not in page.text


def test_the_week_is_shown_only_where_five_could_be_the_maker(goods: Goods) -> None:
    lot = goods.lot()
    goods.hear(*(granted(f"wmaker00{n}", f"c-{n}") for n in (2, 3, 4)))
    # The same person twice, and one whose certificate had run out, are no further possible makers.
    goods.hear(granted("wmaker004", "c-9"), granted("wmaker006", "c-6", valid_until=date(2026, 3, 1)))
    assert "Minggu produksi" not in _page(goods, lot).text
    assert "Bakery dasar" not in _page(goods, lot).text
    goods.hear(granted("wmaker005", "c-5"))
    assert "10 · 2026" in _page(goods, lot).text
    assert "Bakery dasar" in _page(goods, lot).text


def test_a_recalled_lot_says_so_to_the_public(goods: Goods) -> None:
    lot = goods.lot()
    assert "ditarik" not in _page(goods, lot).text
    goods.staff.post(f"/lots/{lot}/recall", {"reason_code": "foreign-body"})
    assert "ditarik" in _page(goods, lot).text
    assert "foreign-body" not in _page(goods, lot).text


def test_an_unknown_lot_gets_a_page_of_the_same_shape(goods: Goods) -> None:
    for code in ("NEVERSEEN1", "a" * 500, "%00", "<script>", "%F0%9F%8D%9E"):
        page = _page(goods, code)
        assert page.status_code == 404
        assert page.content_type.startswith("text/html")
        assert "Nomor produksi tidak dikenal" in page.text
        assert "<script" not in page.text


def test_materials_and_care_are_told_where_staff_have_written_them(goods: Goods) -> None:
    lot = goods.lot()
    for word in ("Bahan", "Perawatan"):
        assert word not in _page(goods, lot).text, "nothing is made up"
    words = {
        "materials": {"id": "Tepung & gula", "en": "Flour & sugar"},
        "care": {"id": "Simpan sejuk", "en": "Keep cool"},
    }
    changed = goods.staff.put(f"/products/{SKU}", product(**words))
    assert (changed.status, changed.body["version"], changed.body["care"]) == (200, 2, words["care"])
    assert goods.staff.get(f"/products/{SKU}")["materials"] == words["materials"]
    assert goods.staff.put(f"/products/{SKU}", product(**words)).body["version"] == 2
    page = _page(goods, lot).text
    assert "Tepung &amp; gula" in page
    assert "Simpan sejuk" in page
    english = _page(goods, f"{lot}?lang=en").text
    assert "Flour &amp; sugar" in english
    assert "Tepung" not in english
    assert {"materials", "care"}.isdisjoint(goods.announced("ProductPublished")[-1]), "the event has its own fields"
    assert goods.staff.put(f"/products/{SKU}", product(care={"id": "x"})).status == 422
    assert goods.staff.put(f"/products/{SKU}", product(care={"id": "x" * 501, "en": "x"})).status == 422


def test_an_unknown_lot_costs_the_same_questions_to_the_database(goods: Goods) -> None:
    lot = goods.lot()
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    event.listen(goods.database.engine, "before_cursor_execute", note)
    known, codes = list[str](), (lot, "0000000000", f"{lot[:-1]}!", lot.lower())
    for code in codes:
        asked.clear()
        assert _page(goods, code).status_code == (200 if code.upper() == lot else 404)
        known = known or list(asked)
        assert asked == known
    assert len(known) >= 2


def test_who_looks_too_often_is_asked_to_wait(goods: Goods) -> None:
    lot = goods.lot()
    answers = [_page(goods, code) for code in [lot, "NEVERSEEN1"] * 31]
    assert [answer.status_code for answer in answers[:60]] == [200, 404] * 30
    assert answers[60].status_code == 429
    assert int(answers[60].headers["Retry-After"]) <= 61
    assert "Tunggu satu menit" in answers[60].text
    assert "Roti manis" not in answers[60].text


def test_nothing_that_staff_typed_runs_in_a_buyers_browser(goods: Goods) -> None:
    evil = "<script>alert(1)</script>"
    goods.staff.put(f"/products/{SKU}", product(name={"id": evil, "en": evil}, category="<b>x"))
    page = _page(goods, goods.lot())
    assert "<script" not in page.text
    assert "<b>" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
