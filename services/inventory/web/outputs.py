"""What the terminals say was made: accepted or rejected by staff."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for

from services.inventory.queries import outputs as read
from services.inventory.schemas import outputs as shapes
from services.inventory.usecases import outputs
from services.inventory.web.figures import figures, plain
from services.inventory.web.naming import Names
from services.inventory.web.words import told
from shared.errors import NotFound, Problem
from shared.http import current_token, requires, transaction
from shared.web import Pages, form, show

bp = Pages("output_pages", __name__)

_A_PAGE, _LATELY = 20, 15


@bp.get("/outputs")
@requires("staff", "auditor")
def outputs_page() -> Response:
    """Outputs that wait for a decision, oldest first; those decided lately below."""
    args = form(shapes.OutputArgs(only=("workshop", "after")), request.args.to_dict())
    with transaction() as session:
        page = read.waiting(session, limit=_A_PAGE, **args)
        decided = read.decided(session, workshop=args["workshop"], limit=_LATELY)
        names = Names(session, [one["sku"] for one in page.items] + [one.sku for one in decided])
    return show("outputs/list.html", page=page, decided=decided, names=names, chosen=args, plain=plain, typed={})


@bp.get("/outputs/<uuid:output_id>")
@requires("staff", "auditor")
def output_page(output_id: UUID) -> Response:
    """One output."""
    return _one(output_id)


@bp.post("/outputs/<uuid:output_id>/acceptance")
@requires("staff")
def accept_output(output_id: UUID) -> Any:
    """Accept it; then the lot's labels are printed."""
    try:
        body = form(shapes.AcceptanceBody(), figures("good", "rejected"))
        with transaction() as session:
            decision = outputs.accept(session, output_id=output_id, decided_by=current_token().sub, **body)
    except Problem as problem:
        return _one(output_id, problem)
    return redirect(url_for("lot_pages.label_page", lot=decision.lot, accepted="yes"), 303)


@bp.post("/outputs/<uuid:output_id>/rejection")
@requires("staff")
def reject_output(output_id: UUID) -> Any:
    """Turn it down, with a reason."""
    try:
        body = form(shapes.RejectionBody())
        with transaction() as session:
            outputs.reject(session, output_id=output_id, decided_by=current_token().sub, **body)
    except Problem as problem:
        return _one(output_id, problem)
    return redirect(url_for("output_pages.outputs_page"), 303)


def _one(output_id: UUID, problem: Problem | None = None) -> Response:
    """One output; after a refusal with what was typed. Raises NotFound."""
    with transaction() as session:
        found = read.for_staff(session, output_id)
        if found is None:
            raise NotFound("No such output.")
        names = Names(session, [found["sku"]])
    typed, status = request.form.to_dict(), problem.status if problem else 200
    return show(
        "outputs/one.html", status, one=found, names=names, refused=told(problem, names), typed=typed, plain=plain
    )
