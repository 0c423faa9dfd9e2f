"""Work items and quarantine: what needs a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.sales.models import Quarantine, WorkItem
from services.sales.queries import oddities as read
from services.sales.schemas import oddities as shapes
from services.sales.usecases import oddities, quarantine
from shared.errors import NotFound
from shared.fields import page_of
from shared.http import Blueprint, current_token, require_scope, requires, transaction

bp = Blueprint("oddities", __name__, description="Work items and quarantine")


@bp.get("/work-items")
@requires("register", "outlet", "city", "auditor")
@bp.arguments(shapes.WorkItemArgs(), location="query")
@bp.response(200, page_of(shapes.WorkItemAnswer()))
def list_work_items(args: dict[str, Any]) -> Any:
    """Oddities with owner and age; an outlet sees its own."""
    require_scope(outlet=args["outlet"])
    with transaction() as session:
        return read.work_items(session, **args | {"outlet": current_token().outlet or args["outlet"]})


@bp.get("/work-items/<uuid:item_id>")
@requires("register", "outlet", "city", "auditor")
@bp.response(200, shapes.WorkItemAnswer())
def get_work_item(item_id: UUID) -> Any:
    """One oddity."""
    with transaction() as session:
        found = session.get(WorkItem, item_id)
        if found is None:
            raise NotFound("No such work item.")
        require_scope(outlet=found.outlet)
        return read.with_age(session, item_id)


@bp.post("/work-items/<uuid:item_id>/resolution")
@requires("outlet", "city")
@bp.arguments(shapes.ResolutionBody())
@bp.response(200, shapes.WorkItemAnswer())
def resolve_work_item(body: dict[str, Any], item_id: UUID) -> Any:
    """Close an oddity, or say which lot a sold line was."""
    with transaction() as session:
        found = oddities.to_resolve(session, item_id, outlet=current_token().outlet)
        oddities.resolve(session, item=found, resolved_by=current_token().sub, **body)
        return read.with_age(session, item_id)


@bp.get("/quarantine")
@requires("register", "outlet", "city", "auditor")
@bp.arguments(shapes.QuarantineArgs(), location="query")
@bp.response(200, page_of(shapes.QuarantineAnswer()))
def list_quarantine(args: dict[str, Any]) -> Any:
    """Items that could not be read, as they came; an outlet sees its own."""
    require_scope(outlet=args["outlet"])
    with transaction() as session:
        return read.quarantine(session, **args | {"outlet": current_token().outlet or args["outlet"]})


@bp.get("/quarantine/<uuid:quarantine_id>")
@requires("register", "outlet", "city", "auditor")
@bp.response(200, shapes.QuarantineAnswer())
def get_quarantined(quarantine_id: UUID) -> Any:
    """One item that could not be read."""
    with transaction() as session:
        found = session.get(Quarantine, quarantine_id)
    if found is None:
        raise NotFound("Nothing of that id is in quarantine.")
    require_scope(outlet=found.outlet)
    return found


@bp.post("/quarantine/<uuid:quarantine_id>/resolution")
@requires("outlet", "city")
@bp.arguments(shapes.NoteBody())
@bp.response(200, shapes.QuarantineAnswer())
def resolve_quarantined(body: dict[str, Any], quarantine_id: UUID) -> Any:
    """Say what was done about an item that could not be read."""
    with transaction() as session:
        found = session.get(Quarantine, quarantine_id)
        if found is None:
            raise NotFound("Nothing of that id is in quarantine.")
        require_scope(outlet=found.outlet)
        return quarantine.resolve(session, quarantine_id=quarantine_id, resolved_by=current_token().sub, **body)
