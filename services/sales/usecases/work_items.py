"""Work items: which are open follows from the facts (the view `oddity`), whatever the order of their arrival."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select, text

from services.sales.models import WorkItem
from shared.clock import now
from shared.db import Session
from shared.errors import Conflict, NotFound

_BEGIN_ANEW = """
    SET stands = true,
        closed_by = CASE WHEN w.stands THEN w.closed_by END, closed_at = CASE WHEN w.stands THEN w.closed_at END,
        note = CASE WHEN w.stands THEN w.note END, opened_at = CASE WHEN w.stands THEN w.opened_at ELSE now() END
"""
_END = "SET stands = false, closed_at = coalesce(w.closed_at, now())"

# A lot that was assigned otherwise is another lot to look at.
_OPEN = text(f"""
    INSERT INTO work_item AS w (code, owner, subject, outlet, sale_id, line_id, sku, lot)
    SELECT DISTINCT ON (code, subject) code, owner, subject, outlet, sale_id, line_id, sku, lot
      FROM oddity WHERE sale_id = ANY(:sales) ORDER BY code, subject, sale_id
    ON CONFLICT (code, subject) DO UPDATE {_BEGIN_ANEW}, lot = excluded.lot
     WHERE NOT w.stands OR w.lot IS DISTINCT FROM excluded.lot
""")
# The view is asked about these sales and no others: bound to `w` alone, it would be made for every sale there ever was.
_CLOSE = text(f"""
    UPDATE work_item w {_END}
     WHERE w.sale_id = ANY(:sales) AND w.stands AND w.code NOT IN ('no-stock', 'number-reused')
       AND (w.code, w.subject) NOT IN (SELECT o.code, o.subject FROM oddity o WHERE o.sale_id = ANY(:sales))
""")
# What is odd about lines alone: it follows from lots, products and prices, and never from shifts.
_OPEN_LINES = text(_OPEN.text.replace("= ANY(:sales)", "= ANY(:sales) AND line_id IS NOT NULL"))
_CLOSE_LINES = text(_CLOSE.text.replace("= ANY(:sales)", "= ANY(:sales) AND line_id IS NOT NULL"))
_OPEN_RETURNS = text(f"""
    INSERT INTO work_item AS w (code, owner, subject, outlet, return_id)
    SELECT code, owner, subject, outlet, return_id FROM return_oddity WHERE return_id = ANY(:returns) ORDER BY 1, 3
    ON CONFLICT (code, subject) DO UPDATE {_BEGIN_ANEW} WHERE NOT w.stands
""")
_CLOSE_RETURNS = text(f"""
    UPDATE work_item w {_END}
     WHERE w.return_id = ANY(:returns) AND w.stands
       AND (w.code, w.return_id) NOT IN (
           SELECT o.code, o.return_id FROM return_oddity o WHERE o.return_id = ANY(:returns))
""")
_SHELVES = text(f"""
    WITH given AS (
        SELECT DISTINCT outlet, sku, lot
          FROM jsonb_to_recordset(CAST(:buckets AS jsonb)) AS b(outlet text, sku text, lot text)
         WHERE lot IS NOT NULL
    ), opened AS (
        INSERT INTO work_item AS w (code, subject, outlet, owner, sku, lot)
        SELECT 'no-stock', o.outlet || '/' || o.sku || '/' || o.lot, o.outlet, 'outlet', o.sku, o.lot
          FROM given g JOIN outlet_stock o USING (outlet, sku, lot) WHERE o.on_hand < 0 ORDER BY 2
        ON CONFLICT (code, subject) DO UPDATE {_BEGIN_ANEW} WHERE NOT w.stands
        RETURNING 1
    )
    UPDATE work_item w {_END}
      FROM given g JOIN outlet_stock o USING (outlet, sku, lot)
     WHERE w.code = 'no-stock' AND w.subject = o.outlet || '/' || o.sku || '/' || o.lot
       AND w.stands AND o.on_hand >= 0
""")


class AlreadyClosed(Conflict):
    code = "already-closed"
    title = "This work item was closed otherwise"


def reconsider(session: Session, sales: Collection[UUID]) -> None:
    """Open and close what follows from the facts about these sales now."""
    if sales:
        reconsider_open(session, sales)
        session.execute(_OPEN, {"sales": list(sales)})


def reconsider_open(session: Session, sales: Collection[UUID]) -> None:
    """Close what the facts about these sales no longer say. Enough where news can only explain."""
    if sales:
        session.execute(_CLOSE, {"sales": list(sales)})


def reconsider_lines(session: Session, sales: Collection[UUID]) -> None:
    """Open and close what follows from lots, products and prices about the lines of these sales now."""
    if sales:
        session.execute(_CLOSE_LINES, {"sales": list(sales)})
        session.execute(_OPEN_LINES, {"sales": list(sales)})


def reconsider_shelves(session: Session, buckets: Sequence[dict[str, object]]) -> None:
    """Open and close no-stock for buckets `{outlet, sku, lot}` whose goods have moved."""
    if buckets:
        session.execute(_SHELVES, {"buckets": json.dumps(buckets)})


def reconsider_returns(session: Session, returns: Collection[UUID]) -> None:
    """Open and close what follows from the facts about these returns now."""
    if returns:
        session.execute(_CLOSE_RETURNS, {"returns": list(returns)})
        session.execute(_OPEN_RETURNS, {"returns": list(returns)})


def of_returns(session: Session, returns: Collection[UUID]) -> dict[UUID, list[str]]:
    """The codes of the open work items of these returns, sorted."""
    found: dict[UUID, list[str]] = {}
    wanted = select(WorkItem.return_id, WorkItem.code).where(
        WorkItem.return_id.in_(returns), WorkItem.closed_at.is_(None)
    )
    for return_id, code in session.execute(wanted.order_by(WorkItem.code)):
        if return_id is not None:
            found.setdefault(return_id, []).append(code)
    return found


def close(session: Session, *, item_id: UUID, closed_by: str, note: str | None) -> WorkItem:
    """Close by a person: it stays closed. Repeating it changes nothing. Raises NotFound, AlreadyClosed."""
    item = session.get(WorkItem, item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound("No such work item.")
    if item.closed_by is not None and item.note != note:
        raise AlreadyClosed(f"It was closed by {'another person' if item.closed_by != closed_by else 'you'}.")
    if item.closed_by is None:
        item.closed_at, item.closed_by, item.note = item.closed_at or now(), closed_by, note
    return item
