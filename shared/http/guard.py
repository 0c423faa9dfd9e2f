"""Who may call which route. Every route names its roles, or `create_app` refuses to start."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Flask, g, request

from shared.auth import ROLES, Token, verify
from shared.db import Database
from shared.errors import Forbidden, Unauthorized
from shared.http.bodies import PUBLIC_BYTES
from shared.revocation import revoked_jtis

View = TypeVar("View", bound=Callable[..., Any])
PUBLIC = "public"
#: Holds the token of a person who signed in on a page: HttpOnly, SameSite=Strict.
COOKIE = "lapak-token"
_REVOCATIONS_SECONDS = 0.5


class RouteWithoutRole(Exception):
    """A route does not say who may call it."""


def requires(*roles: str, console: bool = False) -> Callable[[View], View]:
    """Declare the roles that may call a view: `@requires("staff", "auditor")`; `@requires(PUBLIC)` needs no token.

    `console`: also where the token is one that is good for looking at the console only (`shared.holders`).
    """
    unknown = set(roles) - {*ROLES, PUBLIC}
    if not roles or unknown:
        raise RouteWithoutRole(f"no such role: {unknown or 'none given'}")

    def mark(view: View) -> View:
        cast(Any, view).__roles__ = roles
        cast(Any, view).__console__ = console
        return view

    return mark


def roles_of(app: Flask, endpoint: str) -> tuple[str, ...]:
    """The roles declared on an endpoint's view. Raises RouteWithoutRole."""
    roles = getattr(app.view_functions[endpoint], "__roles__", None)
    if not roles:
        raise RouteWithoutRole(f"{endpoint} declares no role: add @requires(…)")
    return cast(tuple[str, ...], roles)


def current_token() -> Token:
    """The token of this request (only on routes that need one)."""
    return cast(Token, g.token)


def presented_token() -> str:
    """The text of this request's token, as it came."""
    return cast(str, g.presented)


def current_call() -> tuple[str, str, str]:
    """Who calls, in which role, and what: the route's template. (A path may hold references to people.)"""
    rule = request.url_rule.rule if request.url_rule else "unmatched"
    return current_token().sub, current_token().role, f"{request.method} {rule}"


def require_scope(*, workshop: str | None = None, outlet: str | None = None, register: str | None = None) -> None:
    """Refuse (403) when the token is bound to another workshop, outlet or register than the one named.

    Roles without that scope (staff, city, auditor …) pass. A name that is None is not checked.
    """
    token = current_token()
    for bound, asked in ((token.workshop, workshop), (token.outlet, outlet), (token.register, register)):
        if bound is not None and asked is not None and bound != asked:
            raise Forbidden("The token belongs to another workshop, outlet or register.")


class _Revoked:
    """The revoked tokens, read again every half second: revocation must not cost a query per request."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.jtis: frozenset[str] = frozenset()
        self.read_at = float("-inf")

    def __contains__(self, jti: str) -> bool:
        if time.monotonic() - self.read_at > _REVOCATIONS_SECONDS:
            self.jtis = revoked_jtis(self.database)
            self.read_at = time.monotonic()
        return jti in self.jtis


def _presented() -> str:
    """The text of the request's token: in its header, or in the cookie of a person who signed in.

    A cookie comes along whoever made the browser ask. So one that may change something counts only when the
    browser says that our own page asked (Fetch Metadata; its SameSite=Strict is the other lock on that door).
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and text:
        return text.strip()
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise Unauthorized("Send the token as `Authorization: Bearer …`.")
    if request.method not in {"GET", "HEAD"} and not asked_by_own_page():
        raise Forbidden("Another site's page asked for this.")
    return cookie


def asked_by_own_page() -> bool:
    """Whether the browser says that a page of this origin made the request."""
    site = request.headers.get("Sec-Fetch-Site")
    return site == "same-origin" if site else request.headers.get("Origin") == request.host_url.rstrip("/")


def install(app: Flask, database: Database) -> None:
    """Check token and role before any view runs (and before its body is read)."""
    revoked = _Revoked(database)

    def check() -> None:
        if request.endpoint is None:
            return  # no such route: Flask answers 404 or 405
        roles = roles_of(app, request.endpoint)
        if PUBLIC in roles:
            request.max_content_length = PUBLIC_BYTES
            return
        text = _presented()
        token = verify(text, at=app.name)
        if token.jti in revoked:
            raise Unauthorized("The token was revoked.")
        if token.role not in roles:
            raise Forbidden(f"Role {token.role} may not do this; it takes {' or '.join(roles)}.")
        if token.console_only and not getattr(app.view_functions[request.endpoint], "__console__", False):
            raise Forbidden("This token was made elsewhere; here it lets you look at the console of events only.")
        g.token, g.presented = token, text

    app.before_request(check)
