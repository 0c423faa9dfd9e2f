"""A person says which lot a sold line was."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, text

from services.sales.models import LotAssignment, Sale, SaleLine
from services.sales.usecases import gates, returns, work_items
from services.sales.usecases.shelves import Change, change_shelves
from shared.clock import now
from shared.db import Session
from shared.errors import NotFound
from shared.events.sales import SaleLotAssigned
from shared.messaging import publish

# What of the line lies on a shelf again as the same lot: it is what the line is.
_BACK = text("""
    SELECT g.outlet, g.sku, g.lot, g.quantity
      FROM returned_goods g JOIN return_verdict v ON v.return_id = g.return_id AND v.verdict = 'recorded'
     WHERE g.sale_id = :sale AND g.line_id = :line AND g.restock AND g.follows
""")


def assign(session: Session, *, sale_id: UUID, line_id: UUID, lot: str, assigned_by: str) -> None:
    """Move a sold line to the lot it was, with what came back of it; inventory hears of it. The same again is nothing.

    Raises NotFound.
    """
    gates.enter_with_news(session)
    line = session.get(SaleLine, (sale_id, line_id))
    if line is None:
        raise NotFound("No such sold line.")
    sale = session.get_one(Sale, sale_id)
    last = session.scalars(
        select(LotAssignment)
        .filter_by(sale_id=sale_id, line_id=line_id)
        .order_by(LotAssignment.version.desc())
        .limit(1)
    ).first()
    before, version = (last.lot, last.version) if last else (line.lot, 0)
    if before == lot:
        return
    back = session.execute(_BACK, {"sale": sale_id, "line": line_id}).all()
    values = {"sale_id": sale_id, "line_id": line_id, "version": version + 1, "lot": lot}
    session.add(LotAssignment(**values, assigned_by=assigned_by, assigned_at=now()))
    session.flush()
    changes = [
        Change(sale.outlet, line.sku, before, line.quantity),
        Change(sale.outlet, line.sku, lot, -line.quantity),
        *(Change(one.outlet, one.sku, one.lot, -one.quantity) for one in back),
        *(Change(one.outlet, one.sku, lot, one.quantity) for one in back),
    ]
    change_shelves(session, changes)
    work_items.reconsider(session, [sale_id])
    work_items.reconsider_returns(session, returns.of_sales(session, [sale_id]))
    publish(session, SaleLotAssigned(sale_id=sale_id, line_id=line_id, lot=lot, version=version + 1))
