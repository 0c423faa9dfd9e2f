"""Differences between what was sent and what was counted, until somebody says what became of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for

from services.inventory.queries import discrepancies as read
from services.inventory.schemas import handover as shapes
from services.inventory.usecases import consignments, discrepancies
from services.inventory.web.naming import Names, reason
from services.inventory.web.words import told
from shared.errors import Problem
from shared.fields import PageArgs
from shared.http import current_token, requires, transaction
from shared.web import Pages, form, show

bp = Pages("discrepancy_pages", __name__)

_A_PAGE, _LATELY = 30, 20


@bp.get("/discrepancies")
@requires("staff", "outlet", "auditor")
def discrepancies_page() -> Response:
    """Open differences, oldest first; those settled lately below. An outlet sees those of its own deliveries."""
    return _page()


@bp.post("/discrepancies/<uuid:discrepancy_id>/resolution")
@requires("staff", "outlet")
def resolve_discrepancy(discrepancy_id: UUID) -> Any:
    """Say what became of it: the rest leaves transit."""
    try:
        body = form(shapes.ResolutionBody())
        with transaction() as session:
            consignments.check_outlet(discrepancies.find(session, discrepancy_id)[1], current_token().outlet)
            discrepancies.resolve(session, discrepancy_id=discrepancy_id, resolved_by=current_token().sub, **body)
    except Problem as problem:
        return _page(problem, discrepancy_id)
    return redirect(url_for("discrepancy_pages.discrepancies_page"), 303)


def _page(problem: Problem | None = None, refused_id: UUID | None = None) -> Response:
    args = form(PageArgs(only=("after",)), request.args.to_dict())
    own = current_token().outlet
    with transaction() as session:
        page = read.longest_open(session, outlet=own, limit=_A_PAGE, **args)
        settled = read.lately_settled(session, outlet=own, limit=_LATELY)
        names = Names(session, [one.sku for one in page.items] + [one.sku for one in settled])
    return show(
        "discrepancies/list.html",
        problem.status if problem else 200,
        page=page,
        settled=settled,
        names=names,
        owner=read.owner,
        reason=reason,
        shortage=discrepancies.SHORTAGE,
        surplus=discrepancies.SURPLUS,
        refused=told(problem, names),
        refused_id=refused_id,
        typed=request.form.get("reason_code"),
    )
