"""Tables to take away are read back: what was text is text, what was a number is a number, never a formula."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.web.exports import Table, as_csv, as_xlsx, download

NS = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", " =1+1", "\t=cmd|'/c calc'!A1", "＝1+1"]


def _csv(table: Table) -> list[list[str]]:
    body = as_csv(table)
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def _sheet(table: Table) -> list[list[tuple[str, str]]]:
    """Rows of (type, text) cells; a cell with a formula would be ("formula", …)."""
    with zipfile.ZipFile(io.BytesIO(as_xlsx(table))) as book:
        names = book.namelist()
        shared = list(ET.fromstring(book.read("xl/sharedStrings.xml"))) if "xl/sharedStrings.xml" in names else []
        strings = ["".join(part.itertext()) for part in shared]
        root = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = []
    for row in root.iterfind(".//s:row", NS):
        cells = []
        for cell in row.iterfind("s:c", NS):
            kind, text = cell.get("t", "n"), "".join(cell.itertext())
            assert cell.find("s:f", NS) is None, "a formula"
            cells.append(("text", strings[int(text)]) if kind == "s" else ("text" if kind != "n" else "n", text))
        rows.append(cells)
    return rows


def test_numbers_stay_numbers_and_times_are_makassars() -> None:
    table = Table("penjualan", ["Gerai", "Jumlah", "Rupiah", "Hari", "Waktu"], [])
    row = ("OUT-DKR", Decimal("2.500"), -5000, date(2026, 3, 2), NOON)
    table = Table(table.name, table.headings, [row])
    assert _csv(table)[1] == ["OUT-DKR", "2.5", "-5000", "2026-03-02", "2026-03-02 12:00:00"]
    heading, cells = _sheet(table)
    assert heading[0] == ("text", "Gerai")
    assert [kind for kind, _ in cells] == ["text", "n", "n", "n", "n"]
    assert [text for _, text in cells[1:3]] == ["2.5", "-5000"]
    assert float(cells[4][1]) == pytest.approx(float(cells[3][1]) + 0.5)


def test_no_text_becomes_a_formula() -> None:
    table = Table("x", ["=heading"], [[evil] for evil in EVIL])
    assert [row[0] for row in _csv(table)] == ["'=heading", *(f"'{evil}" for evil in EVIL)]
    assert [cells[0] for cells in _sheet(table)] == [("text", "=heading"), *(("text", evil) for evil in EVIL)]


def test_a_number_with_more_digits_than_a_spreadsheet_keeps_is_not_rounded() -> None:
    exact = Decimal("12345678901234567.125")
    assert _sheet(Table("x", ["n"], [[exact]]))[1] == [("text", str(exact))]
    assert _csv(Table("x", ["n"], [[exact], [Decimal(1000)]]))[1:] == [[str(exact)], ["1000"]]


def test_a_table_without_rows_has_its_headings() -> None:
    assert _csv(Table("x", ["a", "b"], [])) == [["a", "b"]]
    assert len(_sheet(Table("x", ["a", "b"], []))) == 1


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=40), max_size=5))
@settings(max_examples=60)
def test_whatever_is_written_can_be_read_again_and_is_no_formula(texts: list[str]) -> None:
    for row, text in zip(_csv(Table("x", ["h"], [[one, 1] for one in texts]))[1:], texts, strict=True):
        assert row[0].removeprefix("'") == text.removeprefix("'")
        assert not row[0].lstrip().startswith(("=", "+", "-", "@"))


def test_the_file_has_a_name_that_no_browser_can_misread() -> None:
    answer = download(Table('../a"b\r\nx', ["h"], []), "csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="..-a-b-x.csv"'
    assert answer.content_type == "text/csv; charset=utf-8"
    assert download(Table("x", ["h"], []), "xlsx").data.startswith(b"PK")
