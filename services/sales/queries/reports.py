"""What was sold and refunded, by day, outlet, product or workshop."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import TextClause, text

from shared.db import Session

# What a row is keyed by (of a sale or return `f` with its line `l` and product `p`), and how the key is written.
_KEYS = {
    "day": ("f.business_day", "to_char(x.key, 'YYYY-MM-DD')"),
    "outlet": ("f.outlet", "x.key"),
    "sku": ("l.sku", "x.key"),
    "workshop": ("coalesce(p.workshop, 'unknown')", "x.key"),
}
_MINE = "f.business_day BETWEEN :first AND :last AND (CAST(:outlet AS text) IS NULL OR f.outlet = :outlet)"
# Sums of lines by key, and beside them how many sales each key was in: so no more than that is told apart by sale.
# Refunds count on the day on which they were made. A product not heard of yet has no workshop.
_REPORT = """
    WITH x AS (
        SELECT {key} AS key, 0::bigint AS sales, sum(l.quantity) AS quantity, sum(l.amount) AS gross,
               0::bigint AS refund
          FROM sale f JOIN sale_line l ON l.sale_id = f.id LEFT JOIN product p ON p.sku = l.sku
         WHERE {mine} GROUP BY {key}
        UNION ALL
        {counted}
        UNION ALL
        SELECT {key}, 0, -sum(l.quantity), 0, sum(l.amount)
          FROM sale_return f JOIN return_line l ON l.return_id = f.id LEFT JOIN product p ON p.sku = l.sku
          JOIN return_verdict v ON v.return_id = f.id AND v.verdict = 'recorded'
         WHERE {mine} GROUP BY {key}
    )
    SELECT {shown} AS key, sum(x.sales)::bigint AS sales, sum(x.quantity) AS quantity,
           sum(x.gross)::bigint AS gross, sum(x.refund)::bigint AS refunds, sum(x.gross - x.refund)::bigint AS net
      FROM x GROUP BY x.key ORDER BY 1
"""
# Day and outlet are a sale's own, and every sale has a line; a product may be in several lines of one.
_OF_SALES = "SELECT {key}, count(*), 0, 0, 0 FROM sale f WHERE {mine} GROUP BY {key}"
_OF_LINES = """
    SELECT d.key, count(*), 0, 0, 0 FROM (
        SELECT DISTINCT {key} AS key, f.id
          FROM sale f JOIN sale_line l ON l.sale_id = f.id LEFT JOIN product p ON p.sku = l.sku WHERE {mine}) AS d
     GROUP BY d.key"""


def _statement(group: str) -> TextClause:
    key, shown = _KEYS[group]
    counted = (_OF_SALES if group in {"day", "outlet"} else _OF_LINES).format(key=key, mine=_MINE)
    return text(_REPORT.format(key=key, shown=shown, mine=_MINE, counted=counted))


_STATEMENTS = {group: _statement(group) for group in _KEYS}
#: A quarter's sales of a whole city are grouped in memory: on disk it takes several times as long.
_ROOM = text("SET LOCAL work_mem = '64MB'")
GROUPS = tuple(_KEYS)


def sales(session: Session, *, first: date, last: date, group: str, outlet: str | None) -> list[Any]:
    """Rows `{key, sales, quantity, gross, refunds, net}`; quantity is net of returns; amounts in rupiah."""
    session.execute(_ROOM)
    return list(session.execute(_STATEMENTS[group], {"first": first, "last": last, "outlet": outlet}))
