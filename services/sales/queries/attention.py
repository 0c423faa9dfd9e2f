"""What in sales needs a person: counted from indexes, or from the end of what has arrived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from shared.db import Session

# `mine`: all outlets, or the one given.
_MINE = "(CAST(:outlet AS text) IS NULL OR {}outlet = :outlet)"
_WORK_ITEMS = text(f"""
    SELECT code, owner, count(*) AS count, min(opened_at) AS since
      FROM work_item WHERE closed_at IS NULL AND {_MINE.format("")}
     GROUP BY code, owner ORDER BY min(opened_at), code
""")
_QUARANTINE = text(f"""
    SELECT count(*) AS count, min(received_at) AS since
      FROM quarantine WHERE resolved_at IS NULL AND {_MINE.format("")}
""")
# A return whose sale has not come within a year is looked for elsewhere (`GET /returns?status=waiting`).
_WAITING = text(f"""
    SELECT count(*) AS count, min(r.received_at) AS since, coalesce(sum(r.refund_amount), 0)::bigint AS amount
      FROM sale_return r
     WHERE r.business_day >= CAST(:today AS date) - 366 AND {_MINE.format("r.")}
       AND NOT EXISTS (SELECT FROM return_verdict v WHERE v.return_id = r.id)
""")
_WAITING_LIST = text(f"""
    SELECT r.id, r.register, r.outlet, r.effective_at, r.received_at, r.refund_amount, r.sale_id
      FROM sale_return r
     WHERE r.business_day >= CAST(:today AS date) - 366 AND {_MINE.format("r.")}
       AND NOT EXISTS (SELECT FROM return_verdict v WHERE v.return_id = r.id)
     ORDER BY r.received_at LIMIT 200
""")


_UNDERWAY = text("SELECT min(asked_at) FROM reconsideration")


@dataclass(frozen=True, slots=True)
class Attention:
    """Rows `{code, owner, count, since}` of open work items; `{count, since}` of quarantine and of waiting returns."""

    work_items: list[Any]
    quarantine: Any
    waiting: Any


def attention(session: Session, *, outlet: str | None, today: date) -> Attention:
    """What is open now, of an outlet or of all."""
    values = {"outlet": outlet, "today": today}
    return Attention(
        list(session.execute(_WORK_ITEMS, values)),
        session.execute(_QUARANTINE, values).one(),
        session.execute(_WAITING, values).one(),
    )


def waiting_returns(session: Session, *, outlet: str | None, today: date) -> list[Any]:
    """Returns whose sale has not arrived yet, the oldest first."""
    return list(session.execute(_WAITING_LIST, {"outlet": outlet, "today": today}))


def reconsidering_since(session: Session) -> datetime | None:
    """Since when past sales are being judged again; None: the open work items are all there are."""
    since: datetime | None = session.scalar(_UNDERWAY)
    return since
