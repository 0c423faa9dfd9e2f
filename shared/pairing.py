"""Pairing: a short code, told or shown to somebody, becomes the token of their device or browser. Once, and soon."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    and_,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from uuid_utils.compat import uuid7

from shared import auth, holders
from shared.clock import now
from shared.db import PLUMBING, Session
from shared.errors import Conflict, NotFound
from shared.paging import Page, paged

#: A code is of use for so long.
LIFETIME = timedelta(minutes=15)
#: Neither I, L, O nor U: nothing that is read or heard as something else. Fifty bits.
_LETTERS, _LENGTH = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 10
_LOOKS_LIKE = str.maketrans("ILOU", "110V")
#: Roles of devices, whose pages keep the token; the others are people, who get a cookie.
DEVICES = auth.DEVICES
_NAME = 100

pairing = Table(
    "pairing",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("code_hash", LargeBinary, unique=True),  # forgotten with the claim
    Column("role", String(20), nullable=False),
    Column("scope", JSONB, nullable=False),
    Column("subject", String(_NAME), nullable=False),
    Column("days", Integer, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("claimed_at", DateTime(timezone=True)),
    Column("jti", String(64)),
    Column("ends_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
)


class CodeUnknown(NotFound):
    code = "pairing-code-unknown"
    title = "This code is wrong, was used, or has expired"


class NotPaired(Conflict):
    code = "not-paired"
    title = "Nobody has used this code yet, so there is nothing to revoke"


@dataclass(frozen=True, slots=True)
class Code:
    """A new code as it is shown (`ABCDE-FGHJK`), and until when it is of use."""

    id: UUID
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a code was good for: the token's text, and what it says."""

    text: str
    token: auth.Token


def make(session: Session, *, role: str, scope: dict[str, str], subject: str | None, days: int, made_by: str) -> Code:
    """A new code for a token of this role and scope. Raises auth.BadScope.

    Once claimed, the token of a device is good for `days`, and a person's for a day's work.

    `subject`: which person it is for; without, whoever makes the code. A name that was paired here before, written in
    whatever way, is that same person: "the recorder is not the approver" compares subjects.
    """
    auth.check_scope(role, scope)
    if role not in DEVICES:
        subject = _same_person(session, subject or made_by)
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    moment = now()
    code = Code(uuid7(), f"{letters[:5]}-{letters[5:]}", moment + LIFETIME)
    told = {"role": role, "scope": scope, "subject": subject or f"s-{secrets.token_hex(8)}", "days": days}
    known = {"id": code.id, "code_hash": _hash(letters), "made_at": moment, "expires_at": code.expires_at}
    session.execute(insert(pairing).values(known | told | {"made_by": made_by}))
    return code


def _same_person(session: Session, name: str) -> str:
    """The subject of a name: as it was written the first time. Two at once take turns."""
    spelled = " ".join(unicodedata.normalize("NFKC", name).split())[:_NAME]
    key = {"key": f"pairing/{spelled.casefold()}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
    known = select(pairing.c.subject).where(pairing.c.role.not_in(DEVICES)).distinct()
    return next((one for one in session.scalars(known) if one.casefold() == spelled.casefold()), spelled)


def claim(session: Session, *, code: str, devices: bool, at: str) -> Claimed:
    """Turn a code into its token; it is of no use afterwards. Case, blanks and hyphens do not matter.

    `devices`: whether a device asks (register, terminal) or a person; `at`: the service, whose key signs.
    Raises CodeUnknown.
    """
    asked = (
        select(pairing)
        .where(pairing.c.code_hash == _hash(code), pairing.c.expires_at > now())
        .where(pairing.c.role.in_(DEVICES) == devices)
    )
    found = session.execute(asked.with_for_update()).first()
    if found is None:
        raise CodeUnknown
    told = {"role": found.role, "lifetime": auth.usual_lifetime(found.role, found.days), "subject": found.subject}
    issued = auth.issue(**told, **found.scope, by=holders.web(at))
    token = auth.verify(issued, at=at)
    ends_at = datetime.fromtimestamp(token.expires_at, UTC)
    known = {"code_hash": None, "claimed_at": now(), "jti": token.jti, "ends_at": ends_at}
    session.execute(update(pairing).where(pairing.c.id == found.id).values(known))
    return Claimed(issued, token)


def listed(session: Session, *, after: str | None, limit: int, roles: Sequence[str] | None = None) -> Page:
    """Pairings (of these roles) that were claimed, or may still be; the newest last. Never the code."""
    shown = [column for column in pairing.c if column.name != "code_hash"]
    live = or_(pairing.c.claimed_at.is_not(None), pairing.c.expires_at > now())
    asked = select(*shown).where(live, pairing.c.role.in_(roles) if roles is not None else true())
    return paged(session, asked, [pairing.c.id], after=after, limit=limit)


def still_good(session: Session, *, most: int, roles: Sequence[str] | None = None) -> list[Any]:
    """Pairings (of these roles) whose code or token has not ended by itself, the newest first. Never the code.

    A person's token ends after half a day: without those, a device that was paired last is not behind a thousand.
    """
    shown = [column for column in pairing.c if column.name != "code_hash"]
    unused = and_(pairing.c.claimed_at.is_(None), pairing.c.expires_at > now())
    live = or_(unused, pairing.c.ends_at > now())
    asked = select(*shown).where(live, pairing.c.role.in_(roles) if roles is not None else true())
    return list(session.execute(asked.order_by(pairing.c.id.desc()).limit(most)))


def to_revoke(session: Session, pairing_id: UUID) -> tuple[str, datetime]:
    """The `jti` and end of a pairing's token, now noted as revoked. Raises NotFound and NotPaired."""
    found: Any = session.execute(select(pairing).where(pairing.c.id == pairing_id).with_for_update()).first()
    if found is None:
        raise NotFound("No such pairing.")
    if found.jti is None:
        raise NotPaired
    if found.revoked_at is None:
        session.execute(update(pairing).where(pairing.c.id == pairing_id).values(revoked_at=now()))
    return found.jti, found.ends_at


def end(session: Session, jti: str) -> None:
    """Note that whoever has this token has signed out, where it came from a code of this service."""
    ended = update(pairing).where(pairing.c.jti == jti, pairing.c.revoked_at.is_(None))
    session.execute(ended.values(revoked_at=now()))


def _hash(code: str) -> bytes:
    letters = re.sub(r"[\s-]", "", code).upper().translate(_LOOKS_LIKE)
    return sha256(letters.encode("utf-8", "replace")).digest()
