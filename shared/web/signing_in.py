"""Where people sign in to the pages: a code from an operator becomes a cookie."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, make_response, redirect, request

from shared import pairing
from shared.clock import now
from shared.errors import Forbidden, Problem
from shared.http.app import transaction
from shared.http.guard import COOKIE, PUBLIC, asked_by_own_page, requires
from shared.web.limits import GUESSES, limiter
from shared.web.pages import Pages, show

pages = Pages("signing_in", __name__)


def _next(role: str = "") -> str:
    """Where to go after signing in: a path of ours, never another site. Operators see no business data."""
    wanted = request.values.get("next", "")
    ours = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    home = f"/{current_app.name}/"
    if role == "operator" and wanted in {"", home}:
        return f"{home}devices"
    return wanted if ours else home


@pages.get("/sign-in")
@requires(PUBLIC)
def sign_in_page() -> Response:
    """Ask for a code."""
    return show("sign_in.html", next=_next(), problem=None)


@pages.post("/sign-in")
@requires(PUBLIC)
@limiter.limit(GUESSES, deduct_when=lambda response: bool(response.status_code == 404))
def sign_in() -> Any:
    """Turn a code into the cookie of this browser."""
    if not asked_by_own_page():
        raise Forbidden("Another site's page asked for this.")
    try:
        with transaction() as session:
            claimed = pairing.claim(session, code=request.form.get("code", "")[:100], devices=False)
    except Problem as problem:
        return show("sign_in.html", problem.status, next=_next(), problem=problem)
    answer = make_response(redirect(_next(claimed.token.role), 303))
    lasts = claimed.token.expires_at - int(now().timestamp())
    secure = request.is_secure
    answer.set_cookie(COOKIE, claimed.text, max_age=lasts, httponly=True, samesite="Strict", secure=secure)
    return answer


@pages.post("/sign-out")
@requires(PUBLIC)
def sign_out() -> Any:
    """Forget who this browser belongs to."""
    if not asked_by_own_page():
        raise Forbidden("Another site's page asked for this.")
    answer = make_response(redirect(f"/{current_app.name}/sign-in", 303))
    answer.delete_cookie(COOKIE, httponly=True, samesite="Strict")
    return answer
