"""How the registers are: last heard of, shift, missing numbers, what they could not send. By index, per register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from shared.db import Session

#: A shift open for longer, or a register with an open shift not heard of for longer, wants somebody to look.
LONG_SHIFT, SILENCE = timedelta(hours=24), timedelta(hours=12)
#: What could not be sent for so long is no mere hiccup of the network.
LATE = timedelta(hours=1)

_TILLS = text("""
    SELECT r.code, r.name, r.outlet, o.name AS outlet_name, sold.received_at AS sold_at, sold.register_no AS last_no,
           CASE WHEN h.closed_at IS NULL THEN h.effective_at END AS open_since, h.cashier,
           greatest(sold.received_at, h.effective_at, h.posted_at, t.seen_at) AS heard_at,
           t.unsent, t.oldest_at, t.seen_at, numbers.missing
      FROM register r
      LEFT JOIN outlet o ON o.code = r.outlet
      LEFT JOIN register_state t ON t.register = r.code
      LEFT JOIN LATERAL (
          SELECT received_at, register_no FROM sale WHERE register = r.code ORDER BY register_no DESC LIMIT 1
      ) sold ON true
      LEFT JOIN LATERAL (
          SELECT s.effective_at, s.cashier, c.closed_at, c.posted_at
            FROM shift s LEFT JOIN shift_close c ON c.shift_id = s.id
           WHERE s.register = r.code ORDER BY s.effective_at DESC, s.id DESC LIMIT 1
      ) h ON true
      CROSS JOIN LATERAL (
          SELECT coalesce(sum(upper(gap) - lower(gap)), 0)::bigint AS missing
            FROM register_numbers n, unnest(int8multirange(int8range(1, upper(n.seen))) - n.seen - n.closed) AS gap
           WHERE n.register = r.code
      ) numbers
     WHERE (CAST(:outlet AS text) IS NULL OR r.outlet = :outlet)
     ORDER BY r.outlet, r.code
""")


@dataclass(frozen=True, slots=True)
class Till:
    """A register's row, and what about it wants a person: `missing`, `long-shift`, `silent`, `unsent`."""

    row: Any
    troubles: tuple[str, ...]


def tills(session: Session, *, outlet: str | None, moment: datetime) -> list[Till]:
    """All registers, of an outlet or of all; those in trouble first."""
    rows = session.execute(_TILLS, {"outlet": outlet})
    return sorted((Till(row, _troubles(row, moment)) for row in rows), key=lambda till: not till.troubles)


def _troubles(row: Any, moment: datetime) -> tuple[str, ...]:
    is_open = row.open_since is not None
    late = row.oldest_at is not None and moment - row.oldest_at > LATE
    found = {
        "missing": row.missing > 0,
        "long-shift": is_open and moment - row.open_since > LONG_SHIFT,
        "silent": is_open and moment - row.heard_at > SILENCE,
        "unsent": bool(row.unsent) and late,
    }
    return tuple(name for name, there in found.items() if there)
