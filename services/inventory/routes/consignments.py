"""Consignments and what differs between sent and received."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.inventory.models import Consignment
from services.inventory.queries import consignments as read
from services.inventory.queries import discrepancies as differences
from services.inventory.schemas import handover as shapes
from services.inventory.usecases import consignments, discrepancies, receipts
from shared.errors import Forbidden, NotFound
from shared.fields import PageArgs, page_of
from shared.http import Blueprint, current_token, require_scope, requires, transaction

bp = Blueprint("consignments", __name__, description="Consignments, receipts, discrepancies")


def _require_receiver(consignment: Consignment) -> None:
    """Refuse whoever does not stand where the goods arrive: an outlet's register there, staff at a workshop."""
    if current_token().outlet != consignment.to_outlet:
        raise Forbidden("An outlet's register counts what arrives there; staff count what comes back to a workshop.")


@bp.post("/consignments")
@requires("staff")
@bp.arguments(shapes.ConsignmentBody())
@bp.response(200, shapes.ConsignmentAnswer())
@bp.alt_response(201, schema=shapes.ConsignmentAnswer())
def draft_consignment(body: dict[str, Any]) -> Any:
    """Write a delivery note."""
    with transaction() as session:
        drafted, new = consignments.draft(session, item=body, drafted_by=current_token().sub)
        return read.shown(session, [drafted], outlet=None)[0], 201 if new else 200


@bp.get("/consignments")
@requires("staff", "register", "outlet", "auditor")
@bp.arguments(shapes.ConsignmentArgs(), location="query")
@bp.response(200, page_of(shapes.ConsignmentAnswer()))
def list_consignments(args: dict[str, Any]) -> Any:
    """List consignments; an outlet sees its own."""
    place = args.pop("location")
    with transaction() as session:
        return read.listed(session, place=place, outlet=current_token().outlet, **args)


@bp.get("/consignments/<uuid:consignment_id>")
@requires("staff", "register", "outlet", "auditor")
@bp.response(200, shapes.ConsignmentAnswer())
def get_consignment(consignment_id: UUID) -> Any:
    """One consignment; its receiver sees no quantities before the first receipt."""
    with transaction() as session:
        found = consignments.find(session, consignment_id)
        consignments.check_outlet(found, current_token().outlet)
        return read.shown(session, [found], outlet=current_token().outlet)[0]


@bp.post("/consignments/<uuid:consignment_id>/dispatch")
@requires("staff")
@bp.arguments(shapes.Nothing())
@bp.response(200, shapes.ConsignmentAnswer())
def dispatch_consignment(_body: dict[str, Any], consignment_id: UUID) -> Any:
    """Send it off: from the shelf into transit."""
    with transaction() as session:
        sent = consignments.dispatch(session, consignment_id=consignment_id, dispatched_by=current_token().sub)
        return read.shown(session, [sent], outlet=None)[0]


@bp.post("/consignments/<uuid:consignment_id>/receipts")
@requires("staff", "register")
@bp.arguments(shapes.ReceiptBody())
@bp.response(200, shapes.ReceiptAnswer())
@bp.alt_response(201, schema=shapes.ReceiptAnswer())
def receive_consignment(body: dict[str, Any], consignment_id: UUID) -> Any:
    """Record the receiver's own count."""
    with transaction() as session:
        found = consignments.find(session, consignment_id)
        _require_receiver(found)
        receipt, new = receipts.receive(session, consignment=found, item=body, received_by=current_token().sub)
        return read.shown_receipts(session, [receipt], outlet=current_token().outlet)[0], 201 if new else 200


@bp.get("/consignments/<uuid:consignment_id>/receipts")
@requires("staff", "register", "outlet", "auditor")
@bp.arguments(PageArgs(), location="query")
@bp.response(200, page_of(shapes.ReceiptAnswer()))
def list_receipts(args: dict[str, Any], consignment_id: UUID) -> Any:
    """The counts of a consignment."""
    with transaction() as session:
        consignments.check_outlet(consignments.find(session, consignment_id), current_token().outlet)
        return read.receipts(session, consignment_id, outlet=current_token().outlet, **args)


@bp.get("/discrepancies")
@requires("staff", "register", "outlet", "auditor")
@bp.arguments(shapes.DiscrepancyArgs(), location="query")
@bp.response(200, page_of(shapes.DiscrepancyAnswer()))
def list_discrepancies(args: dict[str, Any]) -> Any:
    """Differences between sent and received, with owner and age."""
    require_scope(outlet=args["outlet"])
    wanted = args | {"outlet": current_token().outlet or args["outlet"]}
    with transaction() as session:
        return differences.listed(session, **wanted)


@bp.get("/discrepancies/<uuid:discrepancy_id>")
@requires("staff", "register", "outlet", "auditor")
@bp.response(200, shapes.DiscrepancyAnswer())
def get_discrepancy(discrepancy_id: UUID) -> Any:
    """One difference."""
    with transaction() as session:
        found = differences.one(session, discrepancy_id)
    if found is None:
        raise NotFound("No such discrepancy.")
    own = current_token().outlet
    if own is not None and f"outlet/{own}" not in {found.origin, found.destination}:
        raise Forbidden("The token belongs to another outlet.")
    return found


@bp.post("/discrepancies/<uuid:discrepancy_id>/resolution")
@requires("staff", "outlet")
@bp.arguments(shapes.ResolutionBody())
@bp.response(200, shapes.DiscrepancyAnswer())
def resolve_discrepancy(body: dict[str, Any], discrepancy_id: UUID) -> Any:
    """Say what became of the difference: the rest leaves transit."""
    with transaction() as session:
        consignments.check_outlet(discrepancies.find(session, discrepancy_id)[1], current_token().outlet)
        discrepancies.resolve(session, discrepancy_id=discrepancy_id, resolved_by=current_token().sub, **body)
        return differences.one(session, discrepancy_id)
