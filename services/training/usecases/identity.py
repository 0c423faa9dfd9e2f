"""Names of residents, when the key that encrypts them changes."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import select

from services.training.models import ResidentIdentity
from services.training.queries.identity import newest, vault
from shared.db import Session


def renew(session: Session, *, after: str, limit: int) -> tuple[str | None, int]:
    """Encrypt names with the newest key where another was used, `limit` residents after a reference.

    (The reference to go on after, None at the end; how many were renewed.) Raises InvalidToken when no key reads one.
    """
    page = select(ResidentIdentity).where(ResidentIdentity.worker_ref > after).order_by(ResidentIdentity.worker_ref)
    rows = session.scalars(page.limit(limit).with_for_update()).all()
    old = [row for row in rows if not _reads(newest(), row)]
    for row in old:
        row.name_encrypted = vault().rotate(row.name_encrypted)
    return (rows[-1].worker_ref if len(rows) == limit else None), len(old)


def count_under(session: Session, key: Fernet) -> int:
    """How many names this key reads. A name is under one key."""
    return sum(_reads(key, row) for row in session.scalars(select(ResidentIdentity)))


def _reads(key: Fernet, row: ResidentIdentity) -> bool:
    try:
        key.decrypt(row.name_encrypted)
    except InvalidToken:
        return False
    return True
