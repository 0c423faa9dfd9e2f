"""Pairing: a short code, told or shown to somebody, becomes the token of their device or browser. Once, and soon."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, Integer, LargeBinary, String, Table, Uuid, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from uuid_utils.compat import uuid7

from shared import auth
from shared.clock import now
from shared.db import PLUMBING, Page, Session, paged
from shared.errors import Conflict, NotFound

#: A code is of use for so long.
LIFETIME = timedelta(minutes=15)
#: Neither I, L, O nor U: nothing that is read or heard as something else. Fifty bits.
_LETTERS, _LENGTH = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 10
_LOOKS_LIKE = str.maketrans("ILOU", "110V")
#: Roles of devices, whose pages keep the token; the others are people, who get a cookie.
DEVICES = ("register", "terminal")

pairing = Table(
    "pairing",
    PLUMBING,
    Column("id", Uuid, primary_key=True),
    Column("code_hash", LargeBinary, unique=True),  # forgotten with the claim
    Column("role", String(20), nullable=False),
    Column("scope", JSONB, nullable=False),
    Column("subject", String(100), nullable=False),
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
    """A new code for a token of this role and scope, valid for `days` once claimed. Raises auth.BadScope."""
    auth.check_scope(role, scope)
    text = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    moment = now()
    code = Code(uuid7(), f"{text[:5]}-{text[5:]}", moment + LIFETIME)
    told = {"role": role, "scope": scope, "subject": subject or f"s-{secrets.token_hex(8)}", "days": days}
    known = {"id": code.id, "code_hash": _hash(text), "made_at": moment, "expires_at": code.expires_at}
    session.execute(insert(pairing).values(known | told | {"made_by": made_by}))
    return code


def claim(session: Session, *, code: str, devices: bool) -> Claimed:
    """Turn a code into its token; it is of no use afterwards. Case, blanks and hyphens do not matter.

    `devices`: whether a device asks (register, terminal) or a person. Raises CodeUnknown.
    """
    asked = (
        select(pairing)
        .where(pairing.c.code_hash == _hash(code), pairing.c.expires_at > now())
        .where(pairing.c.role.in_(DEVICES) == devices)
    )
    found = session.execute(asked.with_for_update()).first()
    if found is None:
        raise CodeUnknown
    text = auth.issue(role=found.role, lifetime=timedelta(days=found.days), subject=found.subject, **found.scope)
    token = auth.verify(text)
    ends_at = datetime.fromtimestamp(token.expires_at, UTC)
    known = {"code_hash": None, "claimed_at": now(), "jti": token.jti, "ends_at": ends_at}
    session.execute(update(pairing).where(pairing.c.id == found.id).values(known))
    return Claimed(text, token)


def listed(session: Session, *, after: str | None, limit: int) -> Page:
    """Pairings that were claimed, or may still be; the newest last. Never the code."""
    shown = [column for column in pairing.c if column.name != "code_hash"]
    live = or_(pairing.c.claimed_at.is_not(None), pairing.c.expires_at > now())
    return paged(session, select(*shown).where(live), [pairing.c.id], after=after, limit=limit)


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


def _hash(code: str) -> bytes:
    text = re.sub(r"[\s-]", "", code).upper().translate(_LOOKS_LIKE)
    return sha256(text.encode("utf-8", "replace")).digest()
