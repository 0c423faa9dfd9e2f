"""Write-offs: one person says which goods are of no use any more, another agrees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for
from marshmallow import Schema
from uuid_utils.compat import uuid7

from services.inventory.models.base import code_of
from services.inventory.queries import handover, write_offs
from services.inventory.schemas import handover as shapes
from services.inventory.usecases import write_offs as usecases
from services.inventory.web.figures import figure, lines_of
from services.inventory.web.naming import Names, reason
from services.inventory.web.words import told
from shared.clock import business_day, now
from shared.errors import Problem
from shared.fields import Code, PageArgs
from shared.http import current_token, requires, transaction
from shared.web import Pages, form, show

bp = Pages("write_off_pages", __name__)

_A_PAGE = 30
#: Why goods are written off; the API takes any code.
REASONS = ("expired", "damaged", "contaminated", "unsafe")


class _Where(Schema):
    location = Code(load_default=None)


@bp.get("/write-offs")
@requires("staff", "auditor")
def write_offs_page() -> Response:
    """Write-offs, the latest first; those that wait for a second person stand out."""
    return _list()


@bp.get("/write-offs/new")
@requires("staff")
def new_write_off() -> Response:
    """Choose the place, then how many of which lot."""
    return _form(str(uuid7()), form(_Where(), request.args.to_dict())["location"])


@bp.post("/write-offs")
@requires("staff")
def propose_write_off() -> Any:
    """Propose it; a refused one is shown again with what was typed."""
    typed = lines_of("n.", request.form)
    lines = [{"sku": sku, "lot": lot, "quantity": figure(text)} for (sku, lot), text in typed.items()]
    try:
        body = form(shapes.WriteOffBody(), request.form.to_dict() | {"lines": lines})
        with transaction() as session:
            usecases.propose(session, item=body, proposed_by=current_token().sub)
    except Problem as problem:
        return _form(request.form.get("id", ""), request.form.get("location"), problem)
    return redirect(url_for("write_off_pages.write_offs_page"), 303)


@bp.post("/write-offs/<uuid:write_off_id>/approval")
@requires("staff")
def approve_write_off(write_off_id: UUID) -> Any:
    """Agree: the goods leave the stock."""
    try:
        with transaction() as session:
            usecases.approve(session, write_off_id=write_off_id, approved_by=current_token().sub)
    except Problem as problem:
        return _list(problem, write_off_id)
    return redirect(url_for("write_off_pages.write_offs_page"), 303)


def _list(problem: Problem | None = None, refused_id: UUID | None = None) -> Response:
    args = form(PageArgs(only=("after",)), request.args.to_dict())
    with transaction() as session:
        page = write_offs.newest(session, limit=_A_PAGE, **args)
        names = Names(session, {line.sku for one in page.items for line in one["lines"]})
    refused = told(problem, names)
    status = problem.status if problem else 200
    return show(
        "write_offs/list.html", status, page=page, names=names, reason=reason, refused=refused, refused_id=refused_id
    )


def _form(document: str, location: str | None, problem: Problem | None = None) -> Response:
    typed = lines_of("n.", request.form)
    with transaction() as session:
        places = Names(session).places
        shelf = next((place for place in places if location and code_of(place) == location), None)
        rows = [dict(row._mapping) for row in handover.shelf(session, shelf)] if shelf else []
        names = Names(session, {row["sku"] for row in rows} | {sku for sku, _ in typed})
    return show(
        "write_offs/new.html",
        problem.status if problem else 200,
        document=document,
        location=location,
        shelf=shelf,
        rows=rows,
        typed=typed,
        names=names,
        reasons=[(one, reason(one)) for one in REASONS],
        refused=told(problem, names, [names.goods(sku, lot) for sku, lot in typed]),
        today=business_day(now()),
    )
