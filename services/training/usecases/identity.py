"""Names of residents in clear: nowhere else are they decrypted, and whoever has it done leaves a row of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import select
from uuid_utils.compat import uuid7

from services.training.models import IdentityAccess, ResidentIdentity
from services.training.queries.identity import IdentityUnreadable, name_of, newest, vault
from shared.clock import now
from shared.db import Session
from shared.telemetry import logger

log = logger(__name__)


class Reader(NamedTuple):
    """Who has names read, in which role, and by what: the template of a route, or a command."""

    sub: str
    role: str
    route: str


def names_of(session: Session, refs: Collection[str], *, reader: Reader) -> dict[str, str]:
    """Reference → name, of these residents. Raises IdentityUnreadable."""
    found = session.scalars(select(ResidentIdentity).where(ResidentIdentity.worker_ref.in_(refs))).all()
    if found:
        _note(session, reader, (one.worker_ref for one in found))
    return {one.worker_ref: name_of(one) for one in found}


def search(session: Session, words: str, *, reader: Reader) -> set[str]:
    """References of those whose name holds these words. All names are read: some thousand at most.

    That nobody was found is told, too, and so it is noted.
    """
    wanted = words.casefold()
    refs = {one.worker_ref for one in session.scalars(select(ResidentIdentity)) if wanted in name_of(one).casefold()}
    _note(session, reader, refs, searched=True)
    return refs


def is_name(session: Session, worker_ref: str, name: str, *, reader: Reader) -> bool:
    """Whether this is the resident's name already. Not, when its key is lost: writing it anew is the way out."""
    _note(session, reader, [worker_ref])
    try:
        return name_of(session.get_one(ResidentIdentity, worker_ref)) == name
    except IdentityUnreadable:
        return False


def _note(session: Session, reader: Reader, refs: Iterable[str], *, searched: bool = False) -> None:
    whose = sorted(refs)
    session.add(IdentityAccess(id=uuid7(), at=now(), **reader._asdict(), searched=searched, refs=whose))
    log.info("names were read", sub=reader.sub, role=reader.role, route=reader.route, names=len(whose))


class Renewed(NamedTuple):
    """How many names of a page were encrypted anew, and whose no key reads; the next one begins after `go_on`."""

    go_on: str | None
    renewed: int
    unreadable: list[str]


def renew(session: Session, *, after: str, limit: int, reader: Reader) -> Renewed:
    """Encrypt names with the newest key where another was used: those of `limit` residents after a reference."""
    page = select(ResidentIdentity).where(ResidentIdentity.worker_ref > after).order_by(ResidentIdentity.worker_ref)
    rows = session.scalars(page.limit(limit).with_for_update()).all()
    if rows:
        _note(session, reader, (row.worker_ref for row in rows))
    newest_key, keys = newest(), vault()
    old = [row for row in rows if not _reads(newest_key, row)]
    unreadable = [row.worker_ref for row in old if not _reads(keys, row)]
    for row in old:
        if row.worker_ref not in unreadable:
            row.name_encrypted = keys.rotate(row.name_encrypted)
    return Renewed(rows[-1].worker_ref if len(rows) == limit else None, len(old) - len(unreadable), unreadable)


def count_under(session: Session, key: Fernet, *, reader: Reader) -> int:
    """How many names this key reads. A name is under one key."""
    _note(session, reader, (), searched=True)
    return sum(_reads(key, row) for row in session.scalars(select(ResidentIdentity)))


def _reads(key: Fernet | MultiFernet, row: ResidentIdentity) -> bool:
    try:
        key.decrypt(row.name_encrypted)
    except InvalidToken:
        return False
    return True
