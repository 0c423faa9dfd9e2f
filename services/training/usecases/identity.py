"""Names of residents, when the key that encrypts them changes."""

from __future__ import annotations

from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import select

from services.training.models import ResidentIdentity
from services.training.queries.identity import newest, vault
from shared.db import Session


class Renewed(NamedTuple):
    """How many names of a page were encrypted anew, and whose no key reads; the next one begins after `go_on`."""

    go_on: str | None
    renewed: int
    unreadable: list[str]


def renew(session: Session, *, after: str, limit: int) -> Renewed:
    """Encrypt names with the newest key where another was used: those of `limit` residents after a reference."""
    page = select(ResidentIdentity).where(ResidentIdentity.worker_ref > after).order_by(ResidentIdentity.worker_ref)
    rows = session.scalars(page.limit(limit).with_for_update()).all()
    newest_key, keys = newest(), vault()
    old = [row for row in rows if not _reads(newest_key, row)]
    unreadable = [row.worker_ref for row in old if not _reads(keys, row)]
    for row in old:
        if row.worker_ref not in unreadable:
            row.name_encrypted = keys.rotate(row.name_encrypted)
    return Renewed(rows[-1].worker_ref if len(rows) == limit else None, len(old) - len(unreadable), unreadable)


def count_under(session: Session, key: Fernet) -> int:
    """How many names this key reads. A name is under one key."""
    return sum(_reads(key, row) for row in session.scalars(select(ResidentIdentity)))


def _reads(key: Fernet | MultiFernet, row: ResidentIdentity) -> bool:
    try:
        key.decrypt(row.name_encrypted)
    except InvalidToken:
        return False
    return True
