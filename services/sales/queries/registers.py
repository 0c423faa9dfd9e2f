"""What a register has sent, and which numbers are missing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from shared.db import Session

MOST_MISSING = 1000

# A gap begins after each number whose successor is not the next one (and at 1). Quarantined numbers are not missing:
# the server has them, only not readable; a person who has looked at one does not make it missing again. One that came
# well-formed later counts by the number that it has there.
_SYNC = text("""
    WITH seen AS (
        SELECT register_no AS n FROM sale WHERE register = :register
        UNION SELECT register_no FROM quarantine
         WHERE register = :register AND kind = 'sale' AND register_no IS NOT NULL
           AND resolved_by IS DISTINCT FROM 'recorded'
    ), edge AS (
        SELECT n, lead(n) OVER (ORDER BY n) AS following FROM (SELECT 0 AS n UNION SELECT n FROM seen) AS numbers
    ), gap AS (
        SELECT n + 1 AS lo, least(following - 1, n + :most) AS hi FROM edge
         WHERE following > n + 1 ORDER BY n LIMIT :most
    )
    SELECT (SELECT coalesce(max(n), 0) FROM seen) AS last_no,
           (SELECT array(SELECT m FROM gap, generate_series(lo, hi) AS m ORDER BY m LIMIT :most)) AS missing,
           (SELECT count(*) FROM sale WHERE register = :register) AS received
""")
_QUARANTINED = text("""
    SELECT id, item_id, register_no, received_at FROM quarantine
     WHERE register = :register AND resolved_at IS NULL ORDER BY received_at, id LIMIT 1000
""")


def sync(session: Session, register: str) -> dict[str, Any]:
    """`{last_no, missing, quarantined, received}`: the highest number seen, the gaps below it, what is unreadable."""
    row = session.execute(_SYNC, {"register": register, "most": MOST_MISSING}).one()
    held = session.execute(_QUARANTINED, {"register": register}).all()
    return {"last_no": row.last_no, "missing": row.missing, "received": row.received, "quarantined": held}
