"""The console of sales: what needs attention first, the report's own figures, and nobody else's outlet."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7
from werkzeug.test import TestResponse

from shared import jsontext
from shared.clock import now
from shared.events.base import BilingualName
from tests.integration.sales.shop import LOT, NOON, OUTLET, REGISTER, SKU, Person, Shop, line, published, returned, sale

FAR, FAR_TILL = "OUT-KNR", "OUT-KNR-1"
MARCH = "from=2026-03-01&to=2026-03-31"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


def look(shop: Shop, who: Person, path: str) -> TestResponse:
    """A page, as somebody sees it."""
    return shop.app.test_client().get(f"/sales{path}", headers={"Authorization": who.headers["Authorization"]})


def send(shop: Shop, who: Person, path: str, **fields: Any) -> TestResponse:
    """A form, as a browser posts it."""
    headers = SAME_ORIGIN | {"Authorization": who.headers["Authorization"]}
    return shop.app.test_client().post(f"/sales{path}", headers=headers, data=fields)


def rupiah(value: int) -> str:
    """As a page in Indonesian writes it."""
    return f"Rp\u00a0{value:,}".replace(",", ".")


def other(shop: Shop, role: str) -> Person:
    return Person(shop.app, role)


@pytest.fixture
def two_outlets(shop: Shop) -> Shop:
    """Sales at two outlets, a refund at the first; the second sold without a lot."""
    first = shop.sale(3)
    assert {one["status"] for one in shop.post(first, shop.sale(2))} == {"recorded"}
    shop.give_back(returned(first, 1))
    far = shop.till(FAR_TILL, FAR)
    sold = sale(lines=[line(7, lot=None)], shift_id=str(uuid7()))
    answer = far.call("POST", f"/registers/{FAR_TILL}/sales", {"sales": [sold]})
    assert answer.body["results"][0]["status"] == "recorded"
    return shop


def _rows(answer: TestResponse) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))[1:]


@pytest.mark.parametrize("group", ["day", "outlet", "sku", "workshop"])
def test_a_report_to_take_away_says_what_the_api_says(two_outlets: Shop, group: str) -> None:
    shop = two_outlets
    said = shop.city.get(f"/reports/sales?{MARCH}&group={group}")["items"]
    rows = _rows(look(shop, shop.city, f"/reports?group={group}&{MARCH}&format=csv"))
    figures = ("sales", "quantity", "gross", "refunds", "net")
    assert sorted([row[0], *row[2:]] for row in rows) == sorted(
        [one["key"], *(str(one[figure]) for figure in figures)] for one in said
    )
    book = look(shop, shop.city, f"/reports?group={group}&{MARCH}&format=xlsx")
    assert book.data.startswith(b"PK")
    assert f"lapak-{group}-2026-03-01-2026-03-31.xlsx" in book.headers["Content-Disposition"]


def test_the_overview_shows_the_reports_figures(two_outlets: Shop) -> None:
    shop = two_outlets
    (said,) = shop.city.get(f"/reports/sales?{MARCH}&group=day")["items"]
    page = look(shop, shop.city, f"/?{MARCH}").text
    for figure in ("gross", "refunds", "net"):
        assert rupiah(said[figure]) in page
    assert rupiah(60_000 // 3) in page, "three receipts of 60,000 together"
    assert page.count("<svg") == 3


def test_a_manager_sees_the_own_outlet_alone_in_every_figure_and_file(two_outlets: Shop) -> None:
    shop = two_outlets
    pages = [f"/?{MARCH}", "/work-items", "/quarantine", "/returns", "/registers"]
    pages += [f"/reports?{MARCH}&group={group}" for group in ("day", "outlet", "sku", "workshop")]
    pages += [f"/reports?{MARCH}&group={group}&format=csv" for group in ("day", "outlet", "sku", "workshop")]
    for path in pages:
        answer = look(shop, shop.manager, path)
        assert answer.status_code == 200, path
        for unseen in (FAR, rupiah(35_000), rupiah(60_000), rupiah(55_000), "35000", "60000", "55000"):
            assert unseen not in answer.text, (path, unseen)
    (row,) = _rows(look(shop, shop.manager, f"/reports?{MARCH}&group=outlet&format=csv"))
    assert row[0] == OUTLET
    assert row[4:] == ["25000", "5000", "20000"]
    assert look(shop, shop.manager, f"/?{MARCH}&outlet={FAR}").status_code == 403
    assert look(shop, shop.manager, f"/reports?{MARCH}&outlet={FAR}&format=csv").status_code == 403
    assert look(shop, shop.manager, f"/registers/{FAR_TILL}").status_code == 403
    item = shop.city.get("/work-items?state=open&code=lot-missing")["items"][0]["id"]
    assert look(shop, shop.manager, f"/work-items/{item}").status_code == 403
    assert send(shop, shop.manager, f"/work-items/{item}/resolution", lot=LOT).status_code == 403
    assert shop.city.get(f"/work-items/{item}")["closed_at"] is None


def test_an_empty_system_says_so_and_breaks_nowhere(database_for: Any) -> None:
    empty = Shop(database_for("sales"))
    for role in ("city", "treasurer", "auditor"):
        page = look(empty, other(empty, role), "/")
        assert page.status_code == 200
        assert "Belum ada angka" in page.text
    assert "Semua beres" in look(empty, empty.city, "/").text
    for path in ("/reports", "/work-items", "/quarantine", "/returns", "/registers", "/?lang=en", "/?days=90"):
        assert look(empty, empty.city, path).status_code == 200
    assert _rows(look(empty, empty.city, "/reports?format=csv")) == []


def test_a_treasurer_sees_what_was_sold_and_not_who_must_act(two_outlets: Shop) -> None:
    page = look(two_outlets, other(two_outlets, "treasurer"), f"/?{MARCH}")
    assert rupiah(55_000) in page.text
    assert "Perlu perhatian" not in page.text
    assert look(two_outlets, other(two_outlets, "treasurer"), "/work-items").status_code == 403


@pytest.mark.parametrize(
    "asked",
    ["days=8", "from=2026-03-31&to=2026-03-01", "from=2026-03-01", "from=x&to=y", "from=1000-01-01&to=2026-01-01"],
)
def test_a_period_that_cannot_be_read_is_said_and_stays_in_the_form(shop: Shop, asked: str) -> None:
    for path in ("/", "/reports"):
        page = look(shop, shop.city, f"{path}?{asked}")
        assert page.status_code == 422
        assert 'role="alert"' in page.text
    if "from=2026-03-31" in asked:
        assert 'value="2026-03-31"' in page.text


def test_what_needs_attention_comes_with_its_number_and_leads_to_its_page(two_outlets: Shop) -> None:
    shop = two_outlets
    shop.post({"id": str(uuid7()), "register_no": 9, "lines": "no list"})
    shop.give_back(returned(shop.sale(1), 1))  # its sale never came
    page = look(shop, shop.city, "/").text
    cards = dict(re.findall(r'<a href="([^"]+)"><b>([^<]+)</b>', page))
    assert cards["/sales/work-items?code=lot-missing"] == "1"
    assert cards["/sales/quarantine"] == "1"
    assert cards["/sales/returns"] == "1"
    assert cards["/sales/registers"] == "1"
    assert page.index("Perlu perhatian") < page.index("Penjualan bersih per hari")
    for path in cards:
        assert look(shop, shop.city, path.removeprefix("/sales")).status_code == 200
    assert rupiah(5_000) in look(shop, shop.manager, "/returns").text


def test_a_register_whose_numbers_are_missing_or_that_is_silent_is_shown(shop: Shop) -> None:
    shop.numbers = 4
    shop.post(shop.sale(), shop.sale())  # 5 and 6: 1 .. 4 are missing
    page = look(shop, shop.manager, "/registers").text
    assert "Nomor nota hilang" in page
    assert "lebih dari sehari" in page, "the shift of March is still open"
    detail = look(shop, shop.manager, f"/registers/{REGISTER}").text
    assert "1–4" in detail
    assert look(shop, shop.city, "/registers/OUT-NONE-1").status_code == 404
    shop.close_shift(0)
    shop.numbers = 0
    shop.post(*[shop.sale() for _ in range(4)])
    page = look(shop, shop.manager, "/registers").text
    assert "Nomor nota hilang" not in page
    assert "lebih dari sehari" not in page


def test_what_a_register_could_not_send_is_shown_once_it_is_late(shop: Shop) -> None:
    def say(unsent: int, since: timedelta) -> str:
        body = {"unsent": unsent, "oldest_at": jsontext.instant(now() - since), "sent_at": jsontext.instant(now())}
        assert shop.register.call("PUT", f"/registers/{REGISTER}/state", body).status == 200
        return look(shop, shop.manager, "/").text

    assert "Nota belum terkirim" not in say(3, timedelta(minutes=5))
    assert "Nota belum terkirim" in say(3, timedelta(hours=3))
    assert "Nota belum terkirim" not in say(0, timedelta(hours=3))


def test_a_lot_is_assigned_on_the_page_as_by_the_api(two_outlets: Shop) -> None:
    shop = two_outlets
    shop.post(shop.sale(lines=[line(2, lot=None)]))
    (item,) = shop.manager.get("/work-items?state=open&code=lot-missing")["items"]
    page = look(shop, shop.manager, f"/work-items/{item['id']}").text
    assert LOT in page, "the lots of this shelf are offered"
    assert send(shop, shop.manager, f"/work-items/{item['id']}/resolution", lot=LOT).status_code == 303
    assert shop.manager.get(f"/work-items/{item['id']}")["closed_at"] is not None
    assert len(shop.announced("SaleLotAssigned")) == 1
    # Pressed twice: nothing more happens.
    assert send(shop, shop.manager, f"/work-items/{item['id']}/resolution", lot=LOT).status_code == 303
    assert len(shop.announced("SaleLotAssigned")) == 1


def test_a_work_item_is_closed_with_a_note_and_never_without(shop: Shop) -> None:
    shop.post(shop.sale(lines=[line(2, unit_price=4000, amount=8000)]))
    (item,) = shop.city.get("/work-items?state=open&code=price-differs")["items"]
    path = f"/work-items/{item['id']}/resolution"
    empty = send(shop, shop.city, path, note="")
    assert empty.status_code == 422
    assert "Tulis apa yang dilakukan" in empty.text
    long = send(shop, shop.city, path, note="x" * 501)
    assert (long.status_code, "x" * 501 in long.text) == (422, True)
    wrong = send(shop, shop.city, path, note="ya", lot=LOT)
    assert (wrong.status_code, "Nomor produksi" in wrong.text) == (422, True)
    assert send(shop, shop.city, path, note="Promo").status_code == 303
    assert shop.city.get(f"/work-items/{item['id']}")["note"] == "Promo"
    again = send(shop, shop.city, path, note="Lain")
    assert (again.status_code, "Sudah ditutup orang lain" in again.text) == (409, True)
    assert send(shop, shop.city, f"/work-items/{uuid7()}/resolution", note="x").status_code == 404


def test_what_is_the_citys_the_outlet_may_read_and_not_close(shop: Shop) -> None:
    shop.post(shop.sale(lines=[line(1, sku="NEW-001", lot=None)]))
    (item,) = shop.manager.get("/work-items?state=open&code=unknown-sku")["items"]
    assert item["owner"] == "city"
    page = look(shop, shop.manager, f"/work-items/{item['id']}").text
    assert "urusan kota" in page
    assert "resolution" not in page
    assert send(shop, shop.manager, f"/work-items/{item['id']}/resolution", note="x").status_code == 403
    assert "resolution" not in look(shop, other(shop, "auditor"), f"/work-items/{item['id']}").text


def test_an_unreadable_item_can_be_read_as_it_came_and_is_dealt_with(shop: Shop) -> None:
    evil = {"id": str(uuid7()), "register_no": 5, "total": 1.10, "lines": "<script>alert(1)</script>", "half": "\ud800"}
    shop.post(evil)
    (item,) = shop.manager.get("/quarantine?state=open")["items"]
    page = look(shop, shop.manager, f"/quarantine/{item['id']}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "&#34;total&#34;: 1.1" in page.text
    assert send(shop, shop.manager, f"/quarantine/{item['id']}/resolution", note="").status_code == 422
    assert send(shop, shop.manager, f"/quarantine/{item['id']}/resolution", note="Diketik ulang").status_code == 303
    assert "Tidak ada." in look(shop, shop.manager, "/quarantine").text
    assert "Diketik ulang" in look(shop, shop.manager, f"/quarantine/{item['id']}").text
    again = send(shop, shop.manager, f"/quarantine/{item['id']}/resolution", note="Lain")
    assert (again.status_code, "orang lain" in again.text) == (409, True)
    far = Person(shop.app, "outlet", outlet=FAR)
    assert look(shop, far, f"/quarantine/{item['id']}").status_code == 403
    assert send(shop, far, f"/quarantine/{item['id']}/resolution", note="x").status_code == 403


def test_names_of_products_and_outlets_are_no_markup(shop: Shop) -> None:
    evil = "<script>alert(1)</script>"
    shop.hear(published(2, name=BilingualName(id=evil, en=evil)))
    shop.city.call("PUT", f"/outlets/{OUTLET}", {"name": evil, "kind": "permanent"})
    shop.post(shop.sale(lines=[line(1, lot=None)]))
    (item,) = shop.manager.get("/work-items?state=open&code=lot-missing")["items"]
    paths = [f"/?{MARCH}", f"/reports?{MARCH}&group=sku", f"/reports?{MARCH}&group=outlet", "/work-items", "/registers"]
    for path in [*paths, f"/work-items/{item['id']}", f"/?{MARCH}&lang=en"]:
        page = look(shop, shop.city, path).text
        assert "<script" not in page, path
        assert "&lt;script" in page, path
    formula = "=HYPERLINK(1)"
    shop.city.call("PUT", f"/outlets/{OUTLET}", {"name": formula, "kind": "permanent"})
    (row,) = _rows(look(shop, shop.city, f"/reports?{MARCH}&group=outlet&format=csv"))
    assert row[1] == f"'{formula}"


def test_work_items_are_listed_oldest_first_and_page_by_page(shop: Shop) -> None:
    shop.post(*[shop.sale(lines=[line(1, lot=None)]) for _ in range(60)])
    with shop.database.transaction() as session:
        session.execute(
            text(
                "UPDATE work_item SET opened_at = now() - register_no * interval '1 hour' FROM sale s"
                " WHERE s.id = sale_id"
            )
        )
    page = look(shop, shop.manager, "/work-items?code=lot-missing").text
    assert page.count('href="/sales/work-items/') == 50
    (rest,) = re.findall(r'href="(/sales/work-items\?after=[^"]+)"', page)
    following = look(shop, shop.manager, rest.removeprefix("/sales").replace("&amp;", "&")).text
    assert following.count('href="/sales/work-items/') == 10
    assert look(shop, shop.manager, "/work-items?after=nonsense").status_code == 422


def test_days_without_sales_stand_in_the_chart_as_nought(shop: Shop) -> None:
    shop.post(shop.sale(), shop.sale(sold_at=jsontext.instant(NOON + timedelta(days=4))))
    page = look(shop, shop.city, "/reports?from=2026-03-01&to=2026-03-07").text
    assert page.count("<rect") == 7
    assert SKU not in page
    assert date(2026, 3, 3).strftime("%-d Mar 2026: ") in page
