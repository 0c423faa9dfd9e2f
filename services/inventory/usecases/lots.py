"""Lots: recalled when something is wrong with them."""

from __future__ import annotations

from sqlalchemy import literal
from sqlalchemy.dialects.postgresql import insert

from services.inventory.models import Lot, LotRecall
from shared.clock import now
from shared.db import Session
from shared.errors import Conflict, NotFound
from shared.events.inventory import LotRecalled
from shared.messaging import publish


class AlreadyRecalled(Conflict):
    code = "already-recalled"
    title = "This lot was recalled for another reason"


def recall(session: Session, *, lot: str, reason_code: str, recalled_by: str) -> LotRecall:
    """Block a lot at every register from now on. Repeating it changes nothing. Raises NotFound, AlreadyRecalled."""
    known = session.get(Lot, lot)
    if known is None:
        raise NotFound("No such lot.")
    values = {"reason_code": reason_code, "recalled_at": now(), "recalled_by": recalled_by}
    posted = insert(LotRecall).values(lot=lot, **values).on_conflict_do_nothing().returning(literal(1))
    new = session.execute(posted).first() is not None
    recalled = session.get_one(LotRecall, lot)
    if recalled.reason_code != reason_code:
        raise AlreadyRecalled(f"It was recalled for {recalled.reason_code}.")
    if new:
        event = LotRecalled(lot=lot, sku=known.sku, reason_code=reason_code, recalled_at=recalled.recalled_at)
        publish(session, event)
    return recalled
