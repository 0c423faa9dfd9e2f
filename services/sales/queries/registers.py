"""What a register has sent, and which numbers are missing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text

from services.sales.models import ClosedNumber
from shared.db import Session

MOST_MISSING = 1000

# From what is kept as ranges: the cost grows with the gaps, not with the sales. A number that an unreadable sale claims
# is not missing: the server has it. Nor is one that the city has closed.
_SYNC = text("""
    WITH known AS (
        SELECT received, upper(seen) - 1 AS last_no,
               int8multirange(int8range(1, upper(seen))) - seen - closed AS missing
          FROM register_numbers WHERE register = :register
    )
    SELECT coalesce(max(last_no), 0) AS last_no, coalesce(max(received), 0) AS received, array(
               SELECT number FROM known, unnest(missing) AS gap,
                      generate_series(lower(gap), least(upper(gap), lower(gap) + :most) - 1) AS number
                ORDER BY number LIMIT :most) AS missing
      FROM known
""")
# The gaps themselves, with what is known of the receipts on either side of each.
_GAPS = text("""
    SELECT lower(gap) AS lo, upper(gap) - 1 AS hi, before.effective_at AS after, behind.effective_at AS before
      FROM register_numbers n
      CROSS JOIN LATERAL unnest(int8multirange(int8range(1, upper(n.seen))) - n.seen - n.closed) AS gap
      LEFT JOIN LATERAL (
          SELECT s.effective_at FROM sale s WHERE s.register = n.register AND s.register_no < lower(gap)
           ORDER BY s.register_no DESC LIMIT 1) before ON true
      LEFT JOIN LATERAL (
          SELECT s.effective_at FROM sale s WHERE s.register = n.register AND s.register_no >= upper(gap)
           ORDER BY s.register_no LIMIT 1) behind ON true
     WHERE n.register = :register ORDER BY lo LIMIT :most
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


def gaps(session: Session, register: str, *, most: int = 200) -> list[Any]:
    """Rows `{lo, hi, after, before}`: missing numbers next to each other, sold after and before which moments."""
    return list(session.execute(_GAPS, {"register": register, "most": most}))


def closed(session: Session, register: str, *, most: int = 200) -> list[ClosedNumber]:
    """What the city has closed, the latest first."""
    wanted = select(ClosedNumber).where(ClosedNumber.register == register)
    return list(session.scalars(wanted.order_by(ClosedNumber.closed_at.desc(), ClosedNumber.lo).limit(most)))
