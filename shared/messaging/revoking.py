"""Revoked tokens: refused here from now on, and announced; and what the others announce is refused here, too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from shared import revocation
from shared.db import Session
from shared.events.base import Revocation
from shared.messaging.consumer import Handlers
from shared.messaging.outbox import publish


def announcing(event: type[Revocation]) -> Callable[..., None]:
    """`revoke(session, jti=…, expires_at=…)` of a service that announces it by `event`."""

    def revoke(session: Session, *, jti: str, expires_at: datetime) -> None:
        """Refuse a token from now on. Doing it twice announces it once."""
        if revocation.revoke(session, jti=jti, expires_at=expires_at):
            publish(session, event(jti=jti, expires_at=expires_at))

    return revoke


def hear(handles: Handlers, *events: type[Revocation]) -> None:
    """Have a service refuse what the others have revoked."""
    for event in events:
        handles(event)(_refuse)


def _refuse(session: Session, event: Revocation) -> None:
    revocation.revoke(session, jti=event.jti, expires_at=event.expires_at)
