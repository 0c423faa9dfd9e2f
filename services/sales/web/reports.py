"""A report as people see it: rows with names, a chart, a table to take away. The figures are `queries/reports`'s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from services.sales.queries import names, reports
from shared.db import Session
from shared.web import charts, exports
from shared.web.language import day, name_of, rupiah, t

MOST_ON_A_CHART = 12


@dataclass(frozen=True, slots=True)
class Report:
    """Rows `(name, row)` of sales in a span of days; by day in order of time, else the best first."""

    group: str
    first: date
    last: date
    rows: Sequence[tuple[str, Any]]

    @property
    def days(self) -> int:
        """How many days were asked for."""
        return (self.last - self.first).days + 1

    @property
    def each_once(self) -> bool:
        """Whether a sale is in one row alone, so that the rows' sales may be added up."""
        return self.group in {"day", "outlet"}

    def total(self, figure: str) -> Any:
        """The sum of a column."""
        return sum((getattr(row, figure) for _, row in self.rows), 0)

    def title(self) -> str:
        """What the figures are."""
        return {
            "day": t("Penjualan bersih per hari", "Net sales by day"),
            "outlet": t("Penjualan bersih per gerai", "Net sales by outlet"),
            "sku": t("Penjualan bersih per produk", "Net sales by product"),
            "workshop": t("Penjualan bersih per bengkel", "Net sales by workshop"),
        }[self.group]

    def chart(self) -> Markup:
        """Net sales; a day without any stands as nought, of many names the best."""
        if self.group != "day":
            best = [(name, row.net) for name, row in self.rows[:MOST_ON_A_CHART]]
            return charts.by_name(self.title(), best, shown=_rupiah)
        sold = {row.key: row.net for _, row in self.rows}
        if not sold:
            return charts.by_day(self.title(), [])
        every = (self.first + timedelta(days=index) for index in range(self.days))
        return charts.by_day(self.title(), [(one, sold.get(one.isoformat(), 0)) for one in every], shown=_rupiah)

    def table(self) -> exports.Table:
        """All rows, for a spreadsheet."""
        headings = [t("Kode", "Code"), t("Nama", "Name"), t("Nota", "Receipts"), t("Jumlah barang", "Quantity")]
        headings += [
            t("Bruto (Rp)", "Gross (Rp)"),
            t("Pengembalian (Rp)", "Refunds (Rp)"),
            t("Bersih (Rp)", "Net (Rp)"),
        ]
        figures = ("sales", "quantity", "gross", "refunds", "net")
        rows = [[row.key, name, *(getattr(row, figure) for figure in figures)] for name, row in self.rows]
        return exports.Table(f"lapak-{self.group}-{self.first}-{self.last}", headings, rows)


def _rupiah(value: int | Decimal) -> str:
    return rupiah(int(value))


def read(session: Session, *, group: str, first: date, last: date, outlet: str | None) -> Report:
    """The report, of one outlet or all."""
    rows = reports.sales(session, first=first, last=last, group=group, outlet=outlet)
    if group != "day":
        rows.sort(key=lambda row: (-row.net, row.key))
    return Report(
        group, first, last, [(name, row) for name, row in zip(_named(session, group, rows), rows, strict=True)]
    )


def _named(session: Session, group: str, rows: Sequence[Any]) -> list[str]:
    keys = [row.key for row in rows]
    if group == "day":
        return [day(date.fromisoformat(key)) for key in keys]
    known: dict[str, Any] = {}
    if group == "outlet":
        known = names.outlets(session)
    elif group == "sku":
        known = names.products(session, keys)
    return [name_of(known.get(key, key)) for key in keys]
