"""Training's page: who may do what, which certificates end; inside the wall, and names for the instructor alone."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.training.web.people import bars
from shared.clock import business_day, now
from tests.integration.training.people import People, Person, accepted


def _headers(who: Person) -> dict[str, str]:
    return {"Authorization": who.headers["Authorization"], "Sec-Fetch-Site": "same-origin"}


def look(people: People, who: Person, path: str = "/") -> TestResponse:
    return people.app.test_client().get(f"/training{path}", headers=_headers(who))


def search(people: People, who: Person, words: str) -> str:
    """The list of people that a search brings, without what stands above it."""
    answer = people.app.test_client().post("/training/", headers=_headers(who), data={"q": words})
    return _people(answer.text)


def _ending(page: str) -> str:
    return page.split('id="ending"')[1].split('id="people"', maxsplit=1)[0]


def _people(page: str) -> str:
    return page.split('id="people"')[1].split("</form>")[1]


def _until(days: int) -> str:
    return (business_day(now()) + timedelta(days=days)).isoformat()


def test_the_instructor_sees_names_and_the_auditor_never(people: People) -> None:
    ref = people.resident("Daeng Nai")
    people.certify(ref, valid_until=_until(30))
    for path in ("/", "/?lang=en"):
        assert "Daeng Nai" in look(people, people.instructor, path).text
        audited = look(people, people.auditor, path)
        assert audited.status_code == 200
        assert "Daeng Nai" not in audited.text
        assert ref in audited.text
    assert ref in search(people, people.instructor, "daeng")
    assert ref not in search(people, people.auditor, "daeng")
    assert "badge" not in look(people, people.auditor).text.replace('class="badge', "")
    assert look(people, people.auditor, f"/people/{ref}/badge").status_code == 403


@pytest.mark.parametrize(
    ("days", "shown"), [(-400, False), (-366, False), (-365, True), (-1, True), (0, True), (60, True), (61, False)]
)
def test_certificates_that_have_ended_or_end_within_60_days_stand_first(people: People, days: int, shown: bool) -> None:
    ref = people.resident()
    people.certify(ref, valid_from="2020-01-01", valid_until=_until(days))
    page = look(people, people.instructor).text
    assert (ref in _ending(page)) is shown
    assert page.index('id="ending"') < page.index('id="people"')
    if shown:
        assert ("berakhir</span>" in _ending(page)) is (days < 0)


def test_what_is_replaced_or_withdrawn_needs_nobody(people: People) -> None:
    replaced, withdrawn, other = people.resident("A"), people.resident("B"), people.resident("C")
    people.certify(replaced, valid_until=_until(10))
    people.attest(replaced)  # without end
    gone = people.certify(withdrawn, valid_until=_until(10))
    people.instructor.post(f"/certificates/{gone}/withdrawal", {"effective": "2026-01-02", "reason": "salah"})
    people.certify(other, valid_until=_until(10))
    people.certify(other, skill="another", valid_until=_until(900))  # another skill replaces nothing
    page = _ending(look(people, people.instructor).text)
    assert replaced not in page
    assert withdrawn not in page
    assert other in page


def test_a_replacement_that_was_withdrawn_replaces_nothing(people: People) -> None:
    ref = people.resident()
    people.certify(ref, valid_until=_until(10))
    later = people.certify(ref, valid_until=_until(900))
    assert ref not in _ending(look(people, people.instructor).text)
    people.instructor.post(f"/certificates/{later}/withdrawal", {"effective": "2026-01-02", "reason": "salah"})
    assert ref in _ending(look(people, people.instructor).text)


def test_people_are_shown_with_skills_and_practice(people: People) -> None:
    ref, idle = people.resident("Rampe"), people.resident("Sitti")
    people.instructor.put("/skills/bakery-dasar", {"name": {"id": "Membuat roti", "en": "Baking"}})
    people.certify(ref, valid_until=_until(500))
    people.hear(accepted({ref: 10_000}, good=Decimal("97.5"), made_on=date(2026, 3, 2)))
    page = look(people, people.instructor).text
    row = page.split(ref)[1].split("</tr>")[0]
    assert "Membuat roti" in row
    assert "97,5" in row
    assert "2 Mar 2026" in row
    assert "belum ada" in page.split(idle)[1].split("</tr>")[0]
    assert "Baking" in look(people, people.instructor, "/?lang=en").text


def test_a_search_finds_by_name_reference_and_skill(people: People) -> None:
    ref, other = people.resident("Daeng Ngalle"), people.resident("Besse % Tungke")
    people.instructor.put("/skills/bakery-dasar", {"name": {"id": "Membuat roti", "en": "Baking"}})
    people.certify(ref)
    for words in ("ngalle", ref[:6], "roti", "BAKING", " daeng "):
        assert ref in search(people, people.instructor, words), words
        assert (other in search(people, people.instructor, words)) is False, words
    assert other in search(people, people.instructor, "%")
    assert ref not in search(people, people.instructor, "%"), "% is a letter like others"
    assert "Tidak ada yang cocok" in search(people, people.instructor, "{nobody}")
    assert "&lt;b&gt;" in search(people, people.instructor, "<b>")
    assert people.app.test_client().post("/training/", headers=_headers(people.auditor)).status_code == 303


def test_many_people_come_page_by_page(people: People) -> None:
    refs = {people.resident(f"Nama {n}") for n in range(53)}
    first = look(people, people.auditor).text
    (rest,) = re.findall(r'href="/training(/\?after=[^"]+)"', first)
    second = look(people, people.auditor, rest).text
    seen = [ref for page in (first, second) for ref in re.findall(r'<span class="code">(w[0-9a-z]+)<', _people(page))]
    assert len(seen) == 53
    assert set(seen) == refs
    assert look(people, people.auditor, "/?after=nonsense").status_code == 422


def test_an_empty_system_says_so(people: People) -> None:
    page = look(people, people.instructor).text
    assert "Belum ada orang yang terdaftar" in page
    assert "Tidak ada yang berakhir" in page


def test_a_badge_carries_the_reference_as_a_bar_code_and_no_name(people: People) -> None:
    ref = people.resident("Daeng Nai")
    page = look(people, people.instructor, f"/people/{ref}/badge")
    assert page.status_code == 200
    assert ref in page.text
    assert "Daeng Nai" not in page.text
    assert " style=" not in page.text
    assert look(people, people.instructor, "/people/wnobody01/badge").status_code == 404
    assert look(people, people.instructor, "/people/x/badge").status_code == 422


def test_the_bars_are_code_128_of_the_reference() -> None:
    ref = "wabc123xyz789"
    svg = bars(ref)
    rects = [(int(x), int(w)) for x, w in re.findall(r'<rect x="(\d+)" y="0" width="(\d)"', svg)]
    (width,) = re.findall(r'viewBox="0 0 (\d+) 60"', svg)
    line = ["0"] * int(width)
    for x, w in rects:
        line[x : x + w] = ["1"] * w
    assert line[:10] == line[-10:] == ["0"] * 10, "white on either side"
    assert _read("".join(line).strip("0")) == ref


def _read(modules: str) -> str:
    """What a scanner reads: symbols of 11 modules, set B, check digit, stop."""
    from barcode.charsets import code128

    symbols = [modules[at : at + 11] for at in range(0, len(modules) - 13, 11)]
    values = [code128.CODES.index(symbol) for symbol in symbols]
    assert modules.endswith("1100011101011")
    start, *data, check = values
    assert check == (start + sum(place * value for place, value in enumerate(data, 1))) % 103
    text, in_c = "", start == 105
    for value in data:
        if in_c and value < 100:
            text += f"{value:02d}"
        elif value in {99, 100, 101}:
            in_c = value == 99
        else:
            text += chr(value + 32)
    return text


def test_names_are_no_markup(people: People) -> None:
    evil: Any = "<script>alert(1)</script>"
    people.instructor.put("/skills/bakery-dasar", {"name": {"id": evil, "en": evil}})
    ref = people.resident(evil)
    people.certify(ref, valid_until=_until(5), number="<b>x")
    page = look(people, people.instructor).text
    assert "<script>alert" not in page
    assert "<b>x" not in page
    assert "&lt;script&gt;" in page
