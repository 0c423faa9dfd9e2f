"""Tokens: revoked here, and announced to the other services."""

from __future__ import annotations

from datetime import datetime

from shared import revocation
from shared.db import Session
from shared.events.sales import TokenRevoked
from shared.messaging import publish


def revoke(session: Session, *, jti: str, expires_at: datetime) -> None:
    """Refuse a token from now on. Doing it twice announces it once."""
    if jti not in revocation.revoked_jtis(session):
        revocation.revoke(session, jti=jti, expires_at=expires_at)
        publish(session, TokenRevoked(jti=jti, expires_at=expires_at))
