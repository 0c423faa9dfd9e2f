"""Revoked tokens: each service keeps its own copy, which an event brings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, DateTime, String, Table, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from shared.db import PLUMBING, Session

revoked_token = Table(
    "revoked_token",
    PLUMBING,
    Column("jti", String(64), primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)


def revoke(session: Session, *, jti: str, expires_at: datetime) -> None:
    """Refuse the token from now on; forget those that have expired anyway. Doing it twice changes nothing."""
    session.execute(delete(revoked_token).where(revoked_token.c.expires_at < func.now()))
    session.execute(insert(revoked_token).values(jti=jti, expires_at=expires_at).on_conflict_do_nothing())


def revoked_jtis(session: Session) -> frozenset[str]:
    """The `jti` of every revoked token that has not expired."""
    return frozenset(session.scalars(select(revoked_token.c.jti)))
