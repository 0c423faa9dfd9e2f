"""People's skills and the certificates that end; badges for the terminals. Inside the wall only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from barcode import Code128
from flask import Response, redirect, request
from markupsafe import Markup
from marshmallow import Schema

from services.training.models import Resident
from services.training.queries import console as read
from services.training.queries.identity import accesses
from services.training.schemas.people import IdentityAccessArgs
from services.training.usecases import identity
from shared.clock import business_day, now
from shared.db import Session
from shared.errors import Invalid, NotFound
from shared.fields import PageArgs, Text, check_worker_ref
from shared.http import current_call, current_token, requires, transaction
from shared.web import Pages, form, show

bp = Pages("people", __name__)

_A_PAGE, _QUIET = 50, 10  # modules of white that a scanner needs on either side


class _Search(Schema):
    q = Text(high=100, load_default="")


@bp.get("/")
@requires("instructor", "auditor")
def overview() -> Response:
    """Certificates that end first, then people with their skills. The auditor sees references, never names."""
    after = form(PageArgs(only=("after",)), request.args)["after"]
    with transaction() as session:
        page = read.people(session, after=after, limit=_A_PAGE)
        return _shown(session, page.items, following=page.next)


@bp.post("/")
@requires("instructor", "auditor")
def search() -> Any:
    """Those whose reference, skill or name holds the words. Posted: a name in an address would be kept by others."""
    words = form(_Search())["q"].strip()
    if not words:
        return redirect("/training/", 303)
    with transaction() as session:
        refs = read.found(session, words)
        if _sees_names():
            refs |= identity.search(session, words, reader=identity.Reader(*current_call()))
        return _shown(session, sorted(refs)[: 4 * _A_PAGE], words=words)


def _sees_names() -> bool:
    return current_token().role == "instructor"


def _shown(session: Session, refs: Sequence[str], *, following: str | None = None, words: str = "") -> Response:
    today = business_day(now())
    ending = read.ending(session, today=today)
    people = read.with_skills(session, refs, today=today)
    names = {}
    if _sees_names():
        whose = {*refs, *(row.worker_ref for row in ending)}
        names = identity.names_of(session, whose, reader=identity.Reader(*current_call()))
    about: dict[str, Any] = {"ending": ending, "people": people, "names": names, "following": following, "q": words}
    skills = read.skill_names(session)
    return show("people/index.html", skills=skills, today=today, sees_names=_sees_names(), **about)


@bp.get("/identity-access")
@requires("auditor")
def access_page() -> Response:
    """Who read names of residents, the latest first; of one of them, or by one reader."""
    args, problem = {"worker_ref": None, "sub": None, "after": None}, None
    try:
        args = form(IdentityAccessArgs(exclude=("limit",)), request.args)
    except Invalid as error:
        problem = error
    with transaction() as session:
        page = accesses(session, **args, limit=_A_PAGE)
    asked = {key: args[key] for key in ("worker_ref", "sub") if args[key]}
    return show("people/access.html", page=page, args=request.args, asked=asked, problem=problem)


@bp.get("/people/<worker_ref>/badge")
@requires("instructor")
def badge(worker_ref: str) -> Response:
    """A badge to print: the reference as a bar code for the terminal's scanner. No name stands on it."""
    with transaction() as session:
        if session.get(Resident, check_worker_ref(worker_ref)) is None:
            raise NotFound("No such resident.")
    return show("people/badge.html", worker_ref=worker_ref, code=bars(worker_ref))


def bars(text: str) -> Markup:
    """Code 128 as SVG, one unit wide per module. (The library's own SVG has inline styles, which pages forbid.)"""
    modules: Any = Code128(text).build()[0]
    parts, at = [], 0
    for run in _runs(modules):
        if run[0] == "1":
            parts.append(Markup('<rect x="{}" y="0" width="{}" height="60"/>').format(_QUIET + at, len(run)))
        at += len(run)
    frame = Markup(
        '<svg class="bars" viewBox="0 0 {} 60" role="img" aria-label="{}" shape-rendering="crispEdges">{}</svg>'
    )
    return frame.format(len(modules) + 2 * _QUIET, text, Markup("").join(parts))


def _runs(modules: str) -> list[str]:
    return [run for run in modules.replace("10", "1 0").replace("01", "0 1").split(" ") if run]
