"""What was sold and refunded, by day, outlet, product or workshop."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from shared.db import Session

# What a row is keyed by (of a sale or return `f` with its line `l` and product `p`), and how the key is written.
_KEYS = {
    "day": ("f.business_day", "to_char(x.key, 'YYYY-MM-DD')"),
    "outlet": ("f.outlet", "x.key"),
    "sku": ("l.sku", "x.key"),
    "workshop": ("coalesce(p.workshop, 'unknown')", "x.key"),
}
_MINE = "f.business_day BETWEEN :first AND :last AND (CAST(:outlet AS text) IS NULL OR f.outlet = :outlet)"
# One row per key and sale first: counting them needs no sorting of every line. Refunds count on the day on which they
# were made. A product not heard of yet has no workshop.
_REPORT = """
    WITH x AS (
        SELECT {key} AS key, f.id AS sale, sum(l.quantity) AS quantity, sum(l.amount) AS gross, 0::bigint AS refund
          FROM sale f JOIN sale_line l ON l.sale_id = f.id LEFT JOIN product p ON p.sku = l.sku
         WHERE {mine} GROUP BY {key}, f.id
        UNION ALL
        SELECT {key}, NULL, -sum(l.quantity), 0, sum(l.amount)
          FROM sale_return f JOIN return_line l ON l.return_id = f.id LEFT JOIN product p ON p.sku = l.sku
          JOIN return_verdict v ON v.return_id = f.id AND v.verdict = 'recorded'
         WHERE {mine} GROUP BY {key}
    )
    SELECT {shown} AS key, count(x.sale) AS sales, sum(x.quantity) AS quantity,
           sum(x.gross)::bigint AS gross, sum(x.refund)::bigint AS refunds, sum(x.gross - x.refund)::bigint AS net
      FROM x GROUP BY x.key ORDER BY 1
"""
_STATEMENTS = {group: text(_REPORT.format(key=key, shown=shown, mine=_MINE)) for group, (key, shown) in _KEYS.items()}
#: A quarter's sales of a whole city are grouped in memory: on disk it takes several times as long.
_ROOM = text("SET LOCAL work_mem = '64MB'")
GROUPS = tuple(_KEYS)


def sales(session: Session, *, first: date, last: date, group: str, outlet: str | None) -> list[Any]:
    """Rows `{key, sales, quantity, gross, refunds, net}`; quantity is net of returns; amounts in rupiah."""
    session.execute(_ROOM)
    return list(session.execute(_STATEMENTS[group], {"first": first, "last": last, "outlet": outlet}))
