"""Names of residents are encrypted; who read which of them."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import BigInteger, cast, func, select

from services.training.models import IdentityAccess, ResidentIdentity
from shared import config
from shared.db import Session
from shared.paging import Page, paged


class IdentityUnreadable(Exception):
    """A name was encrypted under a key that LAPAK_IDENTITY_KEYS no longer holds."""


_ALL_TIME = 10**17  # µs; longer than since 1970


def _keys() -> list[Fernet]:
    return [Fernet(key.strip()) for key in config.get("LAPAK_IDENTITY_KEYS").split(",")]


def vault() -> MultiFernet:
    """Encrypts under the newest key, reads under any."""
    return MultiFernet(_keys())


def name_of(identity: ResidentIdentity) -> str:
    """The name in clear, for the use cases of identity alone: they note who reads it. Raises IdentityUnreadable."""
    try:
        return vault().decrypt(identity.name_encrypted).decode()
    except InvalidToken:
        raise IdentityUnreadable("put the older key behind the newest in LAPAK_IDENTITY_KEYS") from None


def newest() -> Fernet:
    """The key under which names are written."""
    return _keys()[0]


def accesses(session: Session, *, worker_ref: str | None, sub: str | None, after: str | None, limit: int) -> Page:
    """Who read names, the latest first: all, of one resident, or by one subject."""
    since_1970 = cast(func.extract("epoch", IdentityAccess.at) * 1_000_000, BigInteger)
    latest = (_ALL_TIME - since_1970).label("latest")  # keyset paging goes upwards only
    kept: Any = IdentityAccess.__table__.c
    statement = select(kept.id, kept.at, kept.sub, kept.role, kept.route, kept.searched, kept.refs, latest)
    if worker_ref is not None:
        statement = statement.where(kept.refs.contains([worker_ref]))
    if sub is not None:
        statement = statement.where(kept.sub == sub)
    return paged(session, statement, [latest, kept.id], after=after, limit=limit)
