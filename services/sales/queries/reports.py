"""What was sold and refunded, by day, outlet, product or workshop."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text

from shared.db import Session

_KEYS = {
    "day": "to_char(x.business_day, 'YYYY-MM-DD')",
    "outlet": "x.outlet",
    "sku": "x.sku",
    "workshop": "coalesce(p.workshop, 'unknown')",
}
# Refunds count on the day on which they were made. A product not heard of yet has no workshop.
_REPORT = """
    WITH x AS (
        SELECT s.business_day, s.outlet, l.sku, s.id AS sale, l.quantity, l.amount AS gross, 0::bigint AS refund
          FROM sale s JOIN sale_line l ON l.sale_id = s.id
         WHERE s.business_day BETWEEN :first AND :last AND (CAST(:outlet AS text) IS NULL OR s.outlet = :outlet)
        UNION ALL
        SELECT r.business_day, r.outlet, l.sku, NULL, -l.quantity, 0, l.amount
          FROM sale_return r JOIN return_line l ON l.return_id = r.id
          JOIN return_verdict v ON v.return_id = r.id AND v.verdict = 'recorded'
         WHERE r.business_day BETWEEN :first AND :last AND (CAST(:outlet AS text) IS NULL OR r.outlet = :outlet)
    )
    SELECT {key} AS key, count(DISTINCT x.sale) AS sales, sum(x.quantity) AS quantity,
           sum(x.gross)::bigint AS gross, sum(x.refund)::bigint AS refunds, sum(x.gross - x.refund)::bigint AS net
      FROM x LEFT JOIN product p ON p.sku = x.sku
     GROUP BY 1 ORDER BY 1
"""
_STATEMENTS = {group: text(_REPORT.format(key=key)) for group, key in _KEYS.items()}
GROUPS = tuple(_KEYS)


def sales(session: Session, *, first: date, last: date, group: str, outlet: str | None) -> list[Any]:
    """Rows `{key, sales, quantity, gross, refunds, net}`; quantity is net of returns; amounts in rupiah."""
    return list(session.execute(_STATEMENTS[group], {"first": first, "last": last, "outlet": outlet}))
