"""Revoked tokens: sales tells the other services."""

from __future__ import annotations

from typing import Any

from services.sales.schemas.reference import RevocationBody
from services.sales.usecases import tokens
from shared.http import Blueprint, requires, transaction

bp = Blueprint("tokens", __name__, description="Token revocation")


@bp.post("/token-revocations")
@requires("operator")
@bp.arguments(RevocationBody())
@bp.response(200, RevocationBody())
def revoke_token(body: dict[str, Any]) -> Any:
    """Refuse a token from now on, in every service."""
    with transaction() as session:
        tokens.revoke(session, **body)
    return body
