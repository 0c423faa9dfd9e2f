"""Lots: searched, looked at with their course, recalled, labelled."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for

from services.inventory.queries import lots as read
from services.inventory.queries import tracing
from services.inventory.schemas import outputs as shapes
from services.inventory.usecases import lots
from services.inventory.web import labels
from services.inventory.web.drawing import WIDTH, draw
from services.inventory.web.naming import Names, kind_word, note_number, reason
from services.inventory.web.words import told
from shared.clock import business_day, now
from shared.errors import Problem
from shared.fields import Text, check_code
from shared.http import current_token, requires, transaction
from shared.web import Pages, form, show

bp = Pages("lot_pages", __name__)

_A_PAGE, _NOTES = 50, 20
#: Why a lot is recalled; the API takes any code.
RECALLS = ("contaminated", "unsafe", "wrong-label", "damaged")


class _SearchArgs(shapes.LotArgs):
    q = Text(high=100, load_default=None)


@bp.get("/lots")
@requires("staff", "auditor")
def lots_page() -> Response:
    """Search lots by number, product, workshop or flag."""
    args = form(_SearchArgs(only=("q", "workshop", "flag", "after")), request.args.to_dict())
    words = args.pop("q")
    with transaction() as session:
        page = read.searched(session, words=words, sku=None, limit=_A_PAGE, **args)
        names = Names(session, {one["sku"] for one in page.items})
    today = business_day(now())
    return show("lots/list.html", page=page, names=names, chosen=args, words=words, reason=reason, today=today)


@bp.get("/lots/<lot>")
@requires("staff", "auditor")
def lot_page(lot: str) -> Response:
    """One lot: what is known of it, and where it went."""
    return _one(lot)


@bp.post("/lots/<lot>/recall")
@requires("staff")
def recall_lot(lot: str) -> Any:
    """Block it at every register."""
    try:
        body = form(shapes.RecallBody())
        with transaction() as session:
            lots.recall(session, lot=check_code(lot, "lot"), recalled_by=current_token().sub, **body)
    except Problem as problem:
        return _one(lot, problem)
    return redirect(url_for("lot_pages.lot_page", lot=lot), 303)


@bp.get("/lots/<lot>/label")
@requires("staff", "auditor")
def label_page(lot: str) -> Response:
    """Stickers for its pieces."""
    with transaction() as session:
        return labels.page(session, lot)


def _one(code: str, problem: Problem | None = None) -> Response:
    """The page of one; after a refusal with the reason. Raises NotFound, Invalid."""
    with transaction() as session:
        found = labels.find(session, code)
        names = Names(session, [found.sku])
        shown = read.one(session, code)
        course = tracing.course(session, found)
        notes = tracing.consignments_with(session, found, limit=_NOTES)
    return show(
        "lots/one.html",
        problem.status if problem else 200,
        lot=shown,
        names=names,
        course=course,
        picture=draw(course, names, found.workshop),
        width=WIDTH,
        notes=notes,
        number_of=note_number,
        refused=told(problem, names),
        recalls=[(one, reason(one)) for one in RECALLS],
        reason=reason,
        kind_word=kind_word,
        today=business_day(now()),
    )
