"""Where people deal with oddities: work items, items that could not be read, returns that wait."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, redirect, request

from services.sales.models import Quarantine, WorkItem
from services.sales.queries import attention, names
from services.sales.queries import oddities as read
from services.sales.schemas.oddities import NoteBody, QuarantineArgs, ResolutionBody, WorkItemArgs
from services.sales.usecases import oddities, quarantine
from services.sales.web import views, words
from shared.clock import business_day, now
from shared.errors import NotFound, Problem
from shared.fields import invalid
from shared.http import current_token, require_scope, requires, transaction
from shared.web import Pages, form, show, t

bp = Pages("oddities_pages", __name__)


@bp.get("/work-items")
@requires("outlet", "city", "auditor")
def work_items_page() -> Response:
    """Open oddities, the oldest first, by kind."""
    args = form(WorkItemArgs(), request.args)
    outlet = current_token().outlet or args["outlet"]
    with transaction() as session:
        page = read.open_items(session, outlet=outlet, code=args["code"], after=args["after"], limit=50)
        known = views.named(session, page.items)
        kinds = attention.attention(session, outlet=outlet, today=business_day(now())).work_items
        since = attention.reconsidering_since(session)
    return show("oddities/work_items.html", page=page, args=args, kinds=kinds, since=since, words=words, **known)


@bp.get("/work-items/<uuid:item_id>")
@requires("outlet", "city", "auditor")
def work_item_page(item_id: UUID) -> Response:
    """One oddity with its sale, and what may be done about it."""
    return _work_item(item_id)


@bp.post("/work-items/<uuid:item_id>/resolution")
@requires("outlet", "city")
def resolve_work_item_page(item_id: UUID) -> Any:
    """Close it with a note, or say which lot it was."""
    try:
        body = form(ResolutionBody())
        if body["note"] is None and body["lot"] is None:
            raise invalid("note", t("Tulis apa yang dilakukan.", "Write what was done."))
        with transaction() as session:
            found = oddities.to_resolve(session, item_id, outlet=current_token().outlet)
            oddities.resolve(session, item=found, resolved_by=current_token().sub, **body)
    except NotFound:
        raise
    except Problem as problem:
        return _work_item(item_id, problem)
    return redirect("/sales/work-items", 303)


def _work_item(item_id: UUID, problem: Problem | None = None) -> Response:
    token, status = current_token(), problem.status if problem else 200
    with transaction() as session:
        found = session.get(WorkItem, item_id)
        if found is None:
            raise NotFound("No such work item.")
        require_scope(outlet=found.outlet)
        facts = views.facts(session, found) | views.named(session, [found])
    may = token.role == "city" or (token.role == "outlet" and found.owner == "outlet")
    typed = request.form if problem else {}
    return show(
        "oddities/work_item.html", status, item=found, may=may, typed=typed, problem=problem, words=words, **facts
    )


@bp.get("/quarantine")
@requires("outlet", "city", "auditor")
def quarantine_page() -> Response:
    """Items that could not be read."""
    args = form(QuarantineArgs(), request.args)
    with transaction() as session:
        outlet = current_token().outlet or args["outlet"]
        page = read.quarantine(session, outlet=outlet, state=args["state"] or "open", after=args["after"], limit=50)
        outlets = names.outlets(session)
    return show("oddities/quarantine.html", page=page, args=args, outlets=outlets)


@bp.get("/quarantine/<uuid:quarantine_id>")
@requires("outlet", "city", "auditor")
def quarantined_page(quarantine_id: UUID) -> Response:
    """One item as it came, with what is wrong."""
    return _quarantined(quarantine_id)


@bp.post("/quarantine/<uuid:quarantine_id>/resolution")
@requires("outlet", "city")
def resolve_quarantined_page(quarantine_id: UUID) -> Any:
    """Say what was done about it."""
    try:
        with transaction() as session:
            require_scope(outlet=views.quarantined(session, quarantine_id).outlet)
            quarantine.resolve(
                session, quarantine_id=quarantine_id, resolved_by=current_token().sub, **form(NoteBody())
            )
    except NotFound:
        raise
    except Problem as problem:
        return _quarantined(quarantine_id, problem)
    return redirect("/sales/quarantine", 303)


def _quarantined(quarantine_id: UUID, problem: Problem | None = None) -> Response:
    with transaction() as session:
        found: Quarantine = views.quarantined(session, quarantine_id)
        require_scope(outlet=found.outlet)
        outlets = names.outlets(session)
    more = {"problem": problem, "typed": request.form if problem else {}, "words": words, "outlets": outlets}
    status = problem.status if problem else 200
    return show("oddities/quarantined.html", status, item=found, raw=views.readable(found.raw), **more)


@bp.get("/returns")
@requires("outlet", "city", "auditor")
def waiting_returns_page() -> Response:
    """Refunds whose sale has not arrived yet."""
    with transaction() as session:
        found = attention.waiting_returns(session, outlet=current_token().outlet, today=business_day(now()))
        outlets = names.outlets(session)
    return show("oddities/returns.html", returns=found, outlets=outlets)
