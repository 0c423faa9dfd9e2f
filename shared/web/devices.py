"""Devices and people that were let in: an operator makes codes, sees what they became, and takes it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from flask import Response, current_app, redirect
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from shared import auth, holders, pairing
from shared.db import Session
from shared.errors import Forbidden, Problem
from shared.fields import Code, Instant, PageArgs, Text, Uuid, WholeNumber, invalid, page_of
from shared.http.app import Blueprint, transaction
from shared.http.guard import PUBLIC, current_token, requires
from shared.web.language import t
from shared.web.limits import GUESSES, at_most
from shared.web.pages import Pages, form, show

_ROLES = [role for role in auth.ROLES if role != "service"]
#: Who may make codes, each for some roles (`holders.lets_in`).
_LET_IN = ("operator", *sorted(holders.READS_NAMES))


class Revoke(Protocol):
    """Makes a token worthless."""

    def __call__(self, session: Session, *, jti: str, expires_at: datetime) -> None:
        """In the transaction of `session`."""


class PairingBody(Schema):
    """Whom to let in, and for how long: role and its scope.

    `subject` is the name or code of the person; without, whoever makes the code. A device's is random. `days` are a
    device's; a person is let in for 12 hours.
    """

    role = fields.String(required=True, validate=validate.OneOf(_ROLES))
    workshop = Code(load_default=None)
    outlet = Code(load_default=None)
    register = Code(load_default=None)
    subject = Text(high=100, load_default=None, allow_none=True)
    days = WholeNumber(low=1, high=3650, load_default=auth.DEVICE_DAYS)


class _PairingForm(PairingBody):
    days = fields.Integer(load_default=auth.DEVICE_DAYS, validate=validate.Range(min=1, max=3650))  # type: ignore[assignment]

    @validates_schema
    def name_the_person(self, data: dict[str, Any], **_: Any) -> None:
        """On the page nobody makes a code for a person without saying for whom."""
        if data.get("role") not in pairing.DEVICES and not data.get("subject"):
            raise ValidationError(t("Untuk siapa? Tulis namanya.", "For whom? Write the name."), "subject")


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


def _may_let_in() -> tuple[str, ...]:
    token = current_token()
    return holders.lets_in(token.holder, token.role, at=current_app.name)


def _make(body: dict[str, Any]) -> pairing.Code:
    scope = {name: body[name] for name in ("workshop", "outlet", "register") if body[name] is not None}
    given = {name: body[name] for name in ("role", "subject", "days")}
    _check_role(body["role"])
    try:
        with transaction() as session:
            return pairing.make(session, **given, scope=scope, made_by=current_token().sub)
    except auth.BadScope as error:
        raise invalid("role", str(error)) from None


def _check_role(role: str) -> None:
    """Refuse a role of another service (Invalid), and one that whoever asks may not let in (Forbidden)."""
    if role not in holders.paired_at(current_app.name):
        raise invalid("role", f"Codes for {role} are made at /{holders.HOMES[role]}/devices.")
    if role not in _may_let_in():
        raise Forbidden(f"A code for {role} is made by one who is {role} already, or at the command line.")


claims = Blueprint("pairing_claims", __name__, description="Pairing of devices and people")


@claims.post("/pairing-claims")
@requires(PUBLIC)
@at_most(GUESSES, counts=lambda answer: answer.status_code == 404)
@claims.arguments(ClaimBody())
@claims.response(200, ClaimAnswer())
@claims.alt_response(429, description="Too many wrong codes; wait as long as Retry-After says")
def claim_pairing(body: dict[str, Any]) -> Any:
    """Turn a code into a device's token."""
    with transaction() as session:
        claimed = pairing.claim(session, code=body["code"], devices=True, at=current_app.name)
    token = claimed.token
    said = {name: getattr(token, name) for name in ("role", "workshop", "outlet", "register")}
    return said | {"token": claimed.text, "expires_at": datetime.fromtimestamp(token.expires_at).astimezone()}


def _who_lets_in(service: str) -> tuple[str, ...]:
    return tuple(role for role in _LET_IN if role in holders.paired_at(service))


def api(service: str, revoke: Revoke) -> list[Blueprint]:
    """`/v1/pairings` for those who let others in, `/v1/pairing-claims` for whoever has a code."""
    bp = Blueprint("pairings", __name__, description="Pairing of devices and people")

    @bp.post("/pairings")
    @requires(*_who_lets_in(service))
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


def pages(service: str, revoke: Revoke) -> Pages:
    """`/devices`: the same as a page."""
    bp = Pages("devices", __name__)

    @bp.get("/devices")
    @requires(*_who_lets_in(service))
    def devices_page() -> Response:
        return _page()

    @bp.post("/devices")
    @requires(*_who_lets_in(service))
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
    may = _may_let_in()
    may_revoke = current_token().role == "operator"
    with transaction() as session:
        found = pairing.still_good(session, most=1000, roles=None if may_revoke else may)
    return show(
        "devices.html",
        status,
        made=made,
        problem=problem,
        pairings=found,
        roles=[(role, role) for role in may],
        may_revoke=may_revoke,
    )
