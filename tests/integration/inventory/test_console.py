"""The overview of goods: what needs attention, stock by place, and for an outlet nothing but its own."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.inventory.queries import attention
from shared import jsontext
from shared.clock import business_day, now
from shared.events.training import SkillWithdrawn
from tests.integration.inventory.goods import OUTLET, SKU, WORKSHOP, Goods, Person, output, product, sold

FAR = "OUT-KNR"


def look(goods: Goods, who: Person, path: str = "/") -> TestResponse:
    return goods.app.test_client().get(f"/inventory{path}", headers={"Authorization": who.headers["Authorization"]})


def cards(page: TestResponse) -> dict[str, str]:
    """Title → number, of what needs attention."""
    assert page.status_code == 200, page.text
    return {title: count for count, title in re.findall(r"<b>([^<]+)</b><strong>([^<]+)</strong>", page.text)}


def rows(answer: TestResponse) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))[1:]


def made(goods: Goods, days_ago: int, shelf_life: int | None = 5) -> str:
    """A lot of 100 at the workshop, made so many days ago."""
    goods.staff.put(f"/products/{SKU}", product(shelf_life_days=shelf_life))
    item = output(made_at=jsontext.instant(now() - timedelta(days=days_ago)))
    goods.terminal.post("/outputs", {"outputs": [item]})
    answer = goods.staff.post(f"/outputs/{item['id']}/acceptance", {"good": 100, "rejected": 0})
    assert answer.status == 200, answer
    return str(answer.body["lot"])


def test_an_empty_system_says_that_all_is_well(goods: Goods) -> None:
    for who in (goods.staff, goods.auditor, goods.manager):
        page = look(goods, who)
        assert cards(page) == {}
        assert "Semua beres" in page.text
        assert "Belum ada angka" in page.text
        assert rows(look(goods, who, "/?format=csv")) == []
    assert look(goods, goods.staff, "/?lang=en").status_code == 200
    assert look(goods, goods.staff, "/?format=pdf").status_code == 422


def test_what_waits_is_counted_and_leads_to_the_page_where_it_is_dealt_with(goods: Goods) -> None:
    goods.propose()
    lot = made(goods, 0)
    sent, short = goods.draft(lot, 10), goods.draft(lot, 20)
    goods.dispatch(sent)
    goods.dispatch(short)
    goods.receive(short, lot, 17)
    page = look(goods, goods.staff)
    assert cards(page) == {
        "Hasil kerja menunggu keputusan": "1",
        "Dikirim, belum diterima": "1",
        "Selisih belum selesai": "1",
    }
    assert page.text.index("Perlu perhatian") < page.text.index("Stok per tempat")
    for path in re.findall(r'<li[^>]*><a href="/inventory(/[^"]+)"', page.text):
        assert look(goods, goods.staff, path).status_code == 200, path
    own = look(goods, goods.manager)
    assert cards(own) == {"Dikirim, belum diterima": "1", "Selisih belum selesai": "1"}
    assert "kurang 3" in own.text


@pytest.mark.parametrize(
    ("days_ago", "kind"),
    [(6, "Kedaluwarsa, masih ada stok"), (5, "Segera kedaluwarsa"), (3, "Segera kedaluwarsa"), (2, None)],
)
def test_what_is_expired_or_about_to_expire_is_shown_while_some_is_left(
    goods: Goods, days_ago: int, kind: str | None
) -> None:
    lot = made(goods, days_ago)
    assert cards(look(goods, goods.staff)) == ({kind: "1"} if kind else {})
    note = goods.draft(lot, 100)
    goods.dispatch(note)
    goods.receive(note, lot, 100)
    goods.hear(sold([(lot, 100)]))
    assert cards(look(goods, goods.staff)) == {}


def test_recalled_and_flagged_lots_are_shown_and_the_outlet_hears_nothing_of_makers(goods: Goods) -> None:
    recalled, flagged = made(goods, 0, None), goods.at_outlet(50)
    goods.staff.post(f"/lots/{recalled}/recall", {"reason_code": "foreign-body"})
    values: dict[str, Any] = {"worker_ref": "wmaker001", "skill": "bakery-dasar", "reference": "c-1", "version": 2}
    goods.hear(SkillWithdrawn(**values, effective=date(2025, 1, 1)))
    page = look(goods, goods.staff)
    assert cards(page) == {"Ditarik, masih ada stok": "1", "Keahlian pembuat dicabut": "1"}
    assert f"/inventory/lots/{flagged}" in page.text
    own = look(goods, goods.manager)
    assert "Keahlian" not in own.text
    assert cards(own) == {}


def test_stock_below_nought_is_shown(goods: Goods) -> None:
    lot = goods.at_outlet(5)
    goods.hear(sold([(lot, 8)]), sold([(None, 2)]))
    for who in (goods.staff, goods.manager):
        page = look(goods, who)
        assert cards(page)["Stok kurang dari nol"] == "2"
        assert "-3" in page.text


def test_figures_and_files_are_those_of_the_api(goods: Goods) -> None:
    goods.at_outlet(40)
    made(goods, 0, None)
    note = goods.draft(made(goods, 0, None), 30, to=FAR)
    goods.dispatch(note)
    places = {WORKSHOP, OUTLET, "transit"}
    said = [one for one in goods.staff.get("/stock", limit=1000)["items"] if one["location"] in places]
    told = rows(look(goods, goods.staff, "/?format=csv"))
    assert sorted((row[0], row[2], row[4], Decimal(row[6])) for row in told) == sorted(
        (one["location"], one["sku"], one["lot"], Decimal(one["on_hand"])) for one in said
    )
    assert look(goods, goods.staff, "/?format=xlsx").data.startswith(b"PK")
    with goods.database.transaction() as session:
        sums = {row.location: (row.on_hand, row.value) for row in attention.by_place(session, outlet=None)}
    assert sums == {
        f"workshop/{WORKSHOP}": (170, 850_000),
        f"outlet/{OUTLET}": (40, 200_000),
        "transit": (30, 150_000),
    }


def test_a_manager_sees_the_own_outlet_alone_in_every_figure_and_file(goods: Goods) -> None:
    own, far = goods.at_outlet(7), made(goods, 9)
    note = goods.draft(far, 60, to=FAR)
    goods.dispatch(note)
    other = goods.person("register", "register-2", outlet=FAR, register=f"{FAR}-1")
    lines = [{"sku": SKU, "lot": far, "good": 51, "damaged": 0}]
    body = {"id": note, "received_at": jsontext.instant(now()), "lines": lines}
    assert other.post(f"/consignments/{note}/receipts", body).status in {200, 201}
    assert far in look(goods, goods.staff).text
    for path in ("/", "/?format=csv", "/?lang=en"):
        answer = look(goods, goods.manager, path)
        for unseen in (FAR, far, WORKSHOP, "51"):
            assert unseen not in re.sub(r"<(line|rect|text)[^>]*>", "", answer.text), (path, unseen)
    assert [(row[0], row[4], row[6]) for row in rows(look(goods, goods.manager, "/?format=csv"))] == [
        (OUTLET, own, "7")
    ]


def test_names_are_no_markup_and_no_formula(goods: Goods) -> None:
    evil = "<script>alert(1)</script>"
    goods.staff.put(f"/products/{SKU}", product(name={"id": evil, "en": evil}, shelf_life_days=0))
    goods.staff.put(f"/workshops/{WORKSHOP}", {"name": "=1+1"})
    item = output(made_at=jsontext.instant(now() - timedelta(days=3)))
    goods.terminal.post("/outputs", {"outputs": [item]})
    goods.staff.post(f"/outputs/{item['id']}/acceptance", {"good": 100, "rejected": 0})
    page = look(goods, goods.staff).text
    assert "<script>alert" not in page
    assert "&lt;script" in page
    assert "'=1+1" in look(goods, goods.staff, "/?format=csv").text
    assert str(business_day(now()).year) in page
