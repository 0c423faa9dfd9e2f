"""Devices and people that were let in: an operator makes codes, sees what they became, and takes it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from flask import Response, current_app, g, redirect
from marshmallow import Schema, fields, validate

from shared import auth, pairing, revocation
from shared.db import Session
from shared.errors import Problem
from shared.fields import Code, Instant, PageArgs, Text, Uuid, WholeNumber, invalid, page_of
from shared.http.app import Blueprint, transaction
from shared.http.guard import PUBLIC, current_token, requires
from shared.web.limits import GUESSES, limiter
from shared.web.pages import Pages, form, show

_ROLES = [role for role in auth.ROLES if role != "service"]


class Revoke(Protocol):
    """Makes a token worthless."""

    def __call__(self, session: Session, *, jti: str, expires_at: datetime) -> None:
        """In the transaction of `session`."""


def revoke_here(session: Session, *, jti: str, expires_at: datetime) -> None:
    """In this service alone: it is the only one that its devices use."""
    revocation.revoke(session, jti=jti, expires_at=expires_at)


class PairingBody(Schema):
    """Whom to let in, and for how long: role and its scope; `subject` (who it is for) is random by default."""

    role = fields.String(required=True, validate=validate.OneOf(_ROLES))
    workshop = Code(load_default=None)
    outlet = Code(load_default=None)
    register = Code(load_default=None)
    subject = Text(high=100, load_default=None, allow_none=True)
    days = WholeNumber(low=1, high=3650, load_default=365)


class _PairingForm(PairingBody):
    days = fields.Integer(load_default=365, validate=validate.Range(min=1, max=3650))  # type: ignore[assignment]


class PairingCode(Schema):
    """A code, to be told to whoever shall enter it; it works once, and until `expires_at`."""

    id = Uuid(required=True)
    code = fields.String(required=True)
    expires_at = Instant(required=True)


class PairingAnswer(Schema):
    """What became of a code: claimed at, the token's end, and whether it was revoked."""

    id = Uuid(required=True)
    role = fields.String(required=True)
    scope = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    subject = fields.String(required=True)
    made_at = Instant(required=True)
    expires_at = Instant(required=True)
    claimed_at = Instant(required=True, allow_none=True)
    ends_at = Instant(required=True, allow_none=True)
    revoked_at = Instant(required=True, allow_none=True)


class ClaimBody(Schema):
    """A code as it was typed."""

    code = Text(high=100, required=True)


class ClaimAnswer(Schema):
    """The device's token, and what it says."""

    token = fields.String(required=True)
    role = fields.String(required=True)
    workshop = fields.String(required=True, allow_none=True)
    outlet = fields.String(required=True, allow_none=True)
    register = fields.String(required=True, allow_none=True)
    expires_at = Instant(required=True)


def _make(body: dict[str, Any]) -> pairing.Code:
    scope = {name: body[name] for name in ("workshop", "outlet", "register") if body[name] is not None}
    given = {name: body[name] for name in ("role", "subject", "days")}
    try:
        with transaction() as session:
            return pairing.make(session, **given, scope=scope, made_by=current_token().sub)
    except auth.BadScope as error:
        raise invalid("role", str(error)) from None


# One for all services, made once: a limit counts once for each time that its view was made.
claims = Blueprint("pairing_claims", __name__, description="Pairing of devices and people")


@claims.post("/pairing-claims")
@requires(PUBLIC)
@limiter.limit(GUESSES, deduct_when=lambda response: bool(response.status_code == 404))
@claims.arguments(ClaimBody())
@claims.response(200, ClaimAnswer())
@claims.alt_response(429, description="Too many wrong codes; wait as long as Retry-After says")
def claim_pairing(body: dict[str, Any]) -> Any:
    """Turn a code into a device's token."""
    with transaction() as session:
        claimed = pairing.claim(session, code=body["code"], devices=True)
    token = claimed.token
    said = {name: getattr(token, name) for name in ("role", "workshop", "outlet", "register")}
    return said | {"token": claimed.text, "expires_at": datetime.fromtimestamp(token.expires_at).astimezone()}


def api(revoke: Revoke = revoke_here) -> list[Blueprint]:
    """`/v1/pairings` for operators, `/v1/pairing-claims` for whoever has a code."""
    bp = Blueprint("pairings", __name__, description="Pairing of devices and people")

    @bp.post("/pairings")
    @requires("operator")
    @bp.arguments(PairingBody())
    @bp.response(201, PairingCode())
    def make_pairing(body: dict[str, Any]) -> Any:
        """Make a pairing code: it works once, within a quarter of an hour."""
        return _make(body)

    @bp.get("/pairings")
    @requires("operator", "auditor")
    @bp.arguments(PageArgs(), location="query")
    @bp.response(200, page_of(PairingAnswer()))
    def list_pairings(args: dict[str, Any]) -> Any:
        """List what was paired here."""
        with transaction() as session:
            return pairing.listed(session, **args)

    @bp.post("/pairings/<uuid:pairing_id>/revocation")
    @requires("operator")
    @bp.response(204)
    def revoke_pairing(pairing_id: UUID) -> None:
        """Make the token of a pairing worthless."""
        _revoke(pairing_id, revoke)

    return [bp, claims]


def _revoke(pairing_id: UUID, revoke: Revoke) -> None:
    with transaction() as session:
        jti, ends_at = pairing.to_revoke(session, pairing_id)
        revoke(session, jti=jti, expires_at=ends_at)


def pages(revoke: Revoke) -> Pages:
    """`/devices`: the same as a page."""
    bp = Pages("devices", __name__)

    @bp.get("/devices")
    @requires("operator")
    def devices_page() -> Response:
        return _page()

    @bp.post("/devices")
    @requires("operator")
    def make_code() -> Response:
        try:
            return _page(made=_make(form(_PairingForm())), status=201)
        except Problem as problem:
            return _page(problem=problem, status=problem.status)

    @bp.post("/devices/<uuid:pairing_id>/revocation")
    @requires("operator")
    def revoke_device(pairing_id: UUID) -> Any:
        _revoke(pairing_id, revoke)
        return redirect(f"/{current_app.name}/devices", 303)

    return bp


def _page(made: pairing.Code | None = None, problem: Problem | None = None, status: int = 200) -> Response:
    with transaction() as session:
        found = pairing.listed(session, after=None, limit=1000).items
    assert g.token
    return show(
        "devices.html",
        status,
        made=made,
        problem=problem,
        pairings=found[::-1],
        roles=[(role, role) for role in _ROLES],
    )
