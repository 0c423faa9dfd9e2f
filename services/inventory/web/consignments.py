"""Consignments: written, sent, counted; the handover between workshops and outlets."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for
from marshmallow import Schema, fields, validate
from uuid_utils.compat import uuid7

from services.inventory.models.base import outlet_location, workshop_location
from services.inventory.queries import discrepancies as differences
from services.inventory.queries import handover as read
from services.inventory.schemas import handover as shapes
from services.inventory.usecases import consignments
from services.inventory.web.figures import figure, lines_of
from services.inventory.web.naming import Names, note_number, reason
from services.inventory.web.words import told
from shared.clock import business_day, now
from shared.db import Session
from shared.errors import Problem
from shared.fields import Code, PageArgs
from shared.http import current_token, requires, transaction
from shared.web import Pages, form, show

bp = Pages("consignment_pages", __name__)

_A_PAGE = 50


class _ListArgs(PageArgs):
    state = fields.String(load_default=None, validate=validate.OneOf(["draft", "dispatched", "received", "open"]))


class _Ends(Schema):
    source = Code(load_default=None, data_key="from")
    outlet = Code(load_default=None)


@bp.get("/consignments")
@requires("staff", "auditor")
def consignments_page() -> Response:
    """Consignments, the latest first."""
    args = form(_ListArgs(only=("state", "after")), request.args.to_dict())
    with transaction() as session:
        page = read.newest(session, limit=_A_PAGE, **args)
        names = Names(session)
    return show("consignments/list.html", page=page, names=names, state=args["state"], number_of=note_number)


@bp.get("/consignments/new")
@requires("staff")
def new_consignment() -> Response:
    """Choose the two ends, then how many of which lot."""
    args = form(_Ends(), request.args.to_dict())
    return _form(str(uuid7()), args["source"], args["outlet"])


@bp.post("/consignments")
@requires("staff")
def draft_consignment() -> Any:
    """Write the delivery note; a refused one is shown again with what was typed."""
    typed = lines_of("n.", request.form)
    lines = [{"sku": sku, "lot": lot, "quantity": figure(text)} for (sku, lot), text in typed.items()]
    try:
        body = form(shapes.ConsignmentBody(), request.form.to_dict() | {"lines": lines})
        with transaction() as session:
            drafted, _ = consignments.draft_from_shelf(session, item=body, drafted_by=current_token().sub)
    except Problem as problem:
        return _form(request.form.get("id", ""), request.form.get("from"), request.form.get("outlet"), problem)
    return redirect(url_for("consignment_pages.consignment_page", consignment_id=drafted.id), 303)


def _form(note: str, source: str | None, target: str | None, problem: Problem | None = None) -> Response:
    typed = lines_of("n.", request.form)
    with transaction() as session:
        rows = _shelf(session, source) if source and target else []
        names = Names(session, {row["sku"] for row in rows} | {sku for sku, _ in typed})
    known = {(row["sku"], row["lot"]) for row in rows}
    # A lot that left the shelf while the form was filled in: what was typed stays in sight.
    rows += [{"sku": sku, "lot": lot, "on_hand": 0} for sku, lot in typed if (sku, lot) not in known]
    refused = told(problem, names, [names.goods(sku, lot) for sku, lot in typed])
    return show(
        "consignments/new.html",
        problem.status if problem else 200,
        note=note,
        source=source,
        target=target,
        rows=rows,
        typed=typed,
        names=names,
        refused=refused,
        today=business_day(now()),
    )


def _shelf(session: Session, code: str) -> list[dict[str, Any]]:
    """What lies at a workshop or outlet, first expired first."""
    places = Names(session).places
    location = workshop_location(code) if workshop_location(code) in places else outlet_location(code)
    return [dict(row._mapping) for row in read.shelf(session, location)]


@bp.get("/consignments/<uuid:consignment_id>")
@requires("staff", "auditor")
def consignment_page(consignment_id: UUID) -> Response:
    """One consignment: what was sent, what was counted, what differs."""
    return _one(consignment_id)


@bp.post("/consignments/<uuid:consignment_id>/dispatch")
@requires("staff")
def dispatch_consignment(consignment_id: UUID) -> Any:
    """Send it off."""
    try:
        with transaction() as session:
            consignments.dispatch(session, consignment_id=consignment_id, dispatched_by=current_token().sub)
    except Problem as problem:
        return _one(consignment_id, problem)
    return redirect(url_for("consignment_pages.consignment_page", consignment_id=consignment_id), 303)


def _one(consignment_id: UUID, problem: Problem | None = None) -> Response:
    """The page of one; after a refusal with the reason. Raises NotFound."""
    with transaction() as session:
        one = read.whole(session, consignments.find(session, consignment_id))
        counted = {line.sku for receipt in one["receipts"] for line in receipt["lines"]}
        names = Names(session, {line["sku"] for line in one["lines"]} | counted)
    return show(
        "consignments/one.html",
        problem.status if problem else 200,
        one=one,
        number_of=note_number,
        names=names,
        refused=told(problem, names),
        owner=differences.owner,
        reason=reason,
        today=business_day(now()),
    )
