"""A table to take away: CSV for programs, XLSX for people. Times in Makassar's; numbers stay numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter
from flask import Response

from shared.clock import MAKASSAR

FORMATS = ("csv", "xlsx")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: What a spreadsheet takes for the beginning of a formula, also behind blanks, or as wide letters.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
_LONGEST_CELL = 32_767  # characters, as Excel has it

Cell = str | int | Decimal | date | datetime | bool | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below headings; `name` becomes the file's, e.g. `penjualan-2026-03`."""

    name: str
    headings: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def download(table: Table, format: str) -> Response:
    """The table as a file, `csv` or `xlsx`."""
    body, type = (as_csv(table), "text/csv; charset=utf-8") if format == "csv" else (as_xlsx(table), _XLSX)
    answer = Response(body, content_type=type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{_plain(table.name)}.{format}"'
    return answer


def as_csv(table: Table) -> bytes:
    """RFC 4180 in UTF-8 with a byte order mark, by which spreadsheets know it; no text becomes a formula."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([_text(heading) for heading in table.headings])
    writer.writerows([[_csv_cell(cell) for cell in row] for row in table.rows])
    return text.getvalue().encode("utf-8-sig")


def _csv_cell(cell: Cell) -> str | int | Decimal:
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}"
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    if isinstance(cell, datetime):
        return cell.astimezone(MAKASSAR).strftime("%Y-%m-%d %H:%M:%S")
    return cell.isoformat() if isinstance(cell, date) else _text(cell)


def _text(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if _FORMULA.match(text) else text


def as_xlsx(table: Table) -> bytes:
    """A workbook of one sheet, written row by row."""
    file = BytesIO()
    never = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(file, {"constant_memory": True, **never}) as book:
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = book.add_worksheet(_plain(table.name)[:31])
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(table.headings), 18)
        for column, heading in enumerate(table.headings):
            sheet.write_string(0, column, heading, bold)
        for index, row in enumerate(table.rows, 1):
            for column, cell in enumerate(row):
                _write(sheet, index, column, cell, day, moment)
    return file.getvalue()


def _write(sheet: Any, row: int, column: int, cell: Cell, day: Any, moment: Any) -> None:
    if isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell.astimezone(MAKASSAR).replace(tzinfo=None), moment)
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), day)  # noqa: DTZ001  (a day)
    elif isinstance(cell, (int, Decimal)) and not isinstance(cell, bool) and Decimal(repr(float(cell))) == cell:
        sheet.write_number(row, column, float(cell))
    elif cell is not None:  # also a number with more digits than a spreadsheet keeps
        sheet.write_string(row, column, str(cell)[:_LONGEST_CELL])


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-") or "lapak"
