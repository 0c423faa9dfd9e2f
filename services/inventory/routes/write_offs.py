"""Write-offs: proposed by one, approved by another."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.inventory.queries import write_offs as read
from services.inventory.schemas import handover as shapes
from services.inventory.usecases import write_offs
from shared.errors import NotFound
from shared.fields import page_of
from shared.http import Blueprint, current_token, requires, transaction

bp = Blueprint("write-offs", __name__, description="Write-offs")


@bp.post("/write-offs")
@requires("staff")
@bp.arguments(shapes.WriteOffBody())
@bp.response(200, shapes.WriteOffAnswer())
@bp.alt_response(201, schema=shapes.WriteOffAnswer())
def propose_write_off(body: dict[str, Any]) -> Any:
    """Propose to take goods out of stock."""
    with transaction() as session:
        new = write_offs.propose(session, item=body, proposed_by=current_token().sub)
        return read.one(session, body["id"]), 201 if new else 200


@bp.get("/write-offs")
@requires("staff", "auditor")
@bp.arguments(shapes.WriteOffArgs(), location="query")
@bp.response(200, page_of(shapes.WriteOffAnswer()))
def list_write_offs(args: dict[str, Any]) -> Any:
    """List write-offs."""
    with transaction() as session:
        return read.listed(session, **args)


@bp.get("/write-offs/<uuid:write_off_id>")
@requires("staff", "auditor")
@bp.response(200, shapes.WriteOffAnswer())
def get_write_off(write_off_id: UUID) -> Any:
    """One write-off."""
    with transaction() as session:
        found = read.one(session, write_off_id)
    if found is None:
        raise NotFound("No such write-off.")
    return found


@bp.post("/write-offs/<uuid:write_off_id>/approval")
@requires("staff")
@bp.arguments(shapes.Nothing())
@bp.response(200, shapes.WriteOffAnswer())
def approve_write_off(_body: dict[str, Any], write_off_id: UUID) -> Any:
    """Approve what another person proposed: the goods leave the stock."""
    with transaction() as session:
        write_offs.approve(session, write_off_id=write_off_id, approved_by=current_token().sub)
        return read.one(session, write_off_id)
