"""Where people sign in to the pages: a code from an operator becomes a cookie."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from flask import Response, current_app, make_response, redirect, request

from shared import auth, pairing
from shared.clock import now
from shared.errors import Forbidden, Problem, Unauthorized
from shared.http.app import transaction
from shared.http.guard import COOKIE, PUBLIC, asked_by_own_page, requires
from shared.web import addresses, typed
from shared.web.limits import GUESSES, at_most
from shared.web.pages import Pages, show

pages = Pages("signing_in", __name__)
#: Among an app's extensions: how a token is made worthless there.
REVOKE = "lapak.revoke"


def _next(role: str = "") -> str:
    """Where to go after signing in: a path of ours, never another site. Operators see no business data."""
    home = f"/{current_app.name}/"
    wanted = addresses.local_path(request.values.get("next")) or home
    return f"{home}devices" if role == "operator" and wanted == home else wanted


@pages.get("/sign-in")
@requires(PUBLIC)
def sign_in_page() -> Response:
    """Ask for a code."""
    return show("sign_in.html", next=_next(), problem=None, kept=None)


@pages.post("/sign-in")
@requires(PUBLIC)
@at_most(GUESSES, counts=lambda answer: answer.status_code == 404)
def sign_in() -> Any:
    """Turn a code into the cookie of this browser."""
    if not asked_by_own_page():
        raise Forbidden("Another site's page asked for this.")
    try:
        with transaction() as session:
            claimed = pairing.claim(
                session, code=request.form.get("code", "")[:100], devices=False, at=current_app.name
            )
    except Problem as problem:
        return show("sign_in.html", problem.status, next=_next(), problem=problem, kept=typed.brought_along())
    back, kept = _next(claimed.token.role), typed.brought_along()
    answer = show("typed.html", kept=kept, back=back) if kept else make_response(redirect(back, 303))
    lasts = claimed.token.expires_at - int(now().timestamp())
    secure = request.is_secure
    answer.set_cookie(COOKIE, claimed.text, max_age=lasts, httponly=True, samesite="Strict", secure=secure)
    return answer


@pages.post("/sign-out")
@requires(PUBLIC)
def sign_out() -> Any:
    """Forget who this browser belongs to, and refuse the token from now on, whoever may have a copy of it."""
    if not asked_by_own_page():
        raise Forbidden("Another site's page asked for this.")
    with suppress(Unauthorized), transaction() as session:  # of a token that is none any more nothing is left to end
        token = auth.verify(request.cookies.get(COOKIE, ""), at=current_app.name)
        pairing.end(session, token.jti)
        current_app.extensions[REVOKE](session, jti=token.jti, expires_at=datetime.fromtimestamp(token.expires_at, UTC))
    answer = make_response(redirect(f"/{current_app.name}/sign-in", 303))
    answer.delete_cookie(COOKIE, httponly=True, samesite="Strict")
    return answer
