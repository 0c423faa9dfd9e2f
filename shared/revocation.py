"""Revoked tokens: each service keeps its own copy, which an event brings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, DateTime, String, Table, delete, func
from sqlalchemy.dialects.postgresql import insert

from shared.db import PLUMBING, Database, Session

revoked_token = Table(
    "revoked_token",
    PLUMBING,
    Column("jti", String(64), primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    info={"watched": True},
)


def revoke(session: Session, *, jti: str, expires_at: datetime) -> bool:
    """Refuse the token from now on; forget those that have expired anyway. Whether that is new."""
    session.execute(delete(revoked_token).where(revoked_token.c.expires_at < func.now()))
    noted = insert(revoked_token).values(jti=jti, expires_at=expires_at).on_conflict_do_nothing()
    return session.execute(noted.returning(revoked_token.c.jti)).first() is not None


def revoked_jtis(database: Database) -> frozenset[str]:
    """The `jti` of every revoked token that has not expired."""
    return frozenset(row.jti for row in database.call("SELECT jti FROM revoked_token", {}))
