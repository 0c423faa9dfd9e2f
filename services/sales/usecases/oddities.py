"""A person deals with a work item: closes it, or says which lot a sold line was."""

from __future__ import annotations

from uuid import UUID

from services.sales.models import WorkItem
from services.sales.usecases import lots, work_items
from shared.db import Session
from shared.errors import Forbidden, NotFound
from shared.fields import invalid

_ABOUT_LOTS = ("lot-missing", "unknown-lot")


def to_resolve(session: Session, item_id: UUID, *, outlet: str | None) -> WorkItem:
    """The item, for somebody of an outlet (or of the city: None) to deal with. Raises NotFound, Forbidden."""
    found = session.get(WorkItem, item_id)
    if found is None:
        raise NotFound("No such work item.")
    if outlet is not None and outlet != found.outlet:
        raise Forbidden("The token belongs to another workshop, outlet or register.")
    if outlet is not None and found.owner == "city":
        raise Forbidden("This one is the city's to deal with.")
    return found


def resolve(session: Session, *, item: WorkItem, resolved_by: str, note: str | None, lot: str | None) -> None:
    """Close the item, or assign the lot, which closes it by itself; a note is kept. Raises Invalid, AlreadyClosed."""
    if lot is None:
        work_items.close(session, item_id=item.id, closed_by=resolved_by, note=note)
        session.flush()
        return
    if item.code not in _ABOUT_LOTS or item.sale_id is None or item.line_id is None:
        raise invalid("lot", f"Only for {' and '.join(_ABOUT_LOTS)}.")
    item.note = note or item.note
    session.flush()
    lots.assign(session, sale_id=item.sale_id, line_id=item.line_id, lot=lot, assigned_by=resolved_by)
