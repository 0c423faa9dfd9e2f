"""Tokens: who asks, in which role, and how far it reaches. Signed with Ed25519; the services hold public keys only."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from shared import config
from shared.errors import Unauthorized

#: Each role and the scopes that a token of it must carry (`docs/decisions`, contracts: Tokens).
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "terminal": ("workshop",),
    "staff": (),
    "instructor": (),
    "register": ("outlet", "register"),
    "outlet": ("outlet",),
    "city": (),
    "treasurer": (),
    "auditor": (),
    "operator": (),
    "service": ("service",),
}
SCOPES: Final = ("workshop", "outlet", "register", "service")
ALGORITHM: Final = "Ed25519"


class BadScope(Exception):
    """A token of this role needs other scopes than those given."""


@dataclass(frozen=True, slots=True)
class Token:
    """A checked token. `sub` is compared by "the recorder is not the approver"."""

    sub: str
    role: str
    jti: str
    expires_at: int  # seconds since 1970
    workshop: str | None = None
    outlet: str | None = None
    register: str | None = None
    service: str | None = None


def check_scope(role: str, scope: Mapping[str, str]) -> None:
    """Raises BadScope when there is no such role, or it takes other scopes than these."""
    if role not in ROLES:
        raise BadScope(f"role must be one of {', '.join(ROLES)}")
    if set(scope) != set(ROLES[role]):
        needs = " and ".join(f"--{name}" for name in ROLES[role]) or "no scope"
        raise BadScope(f"a token of role {role} takes {needs}")


def issue(
    *,
    role: str,
    lifetime: timedelta,
    subject: str | None = None,
    workshop: str | None = None,
    outlet: str | None = None,
    register: str | None = None,
    service: str | None = None,
) -> str:
    """A signed token. `subject` is random by default. Raises BadScope when role and scopes do not fit."""
    given = {"workshop": workshop, "outlet": outlet, "register": register, "service": service}
    check_scope(role, {scope: value for scope, value in given.items() if value is not None})
    claims: dict[str, Any] = {
        "sub": subject or f"s-{secrets.token_hex(8)}",
        "role": role,
        "exp": int(time.time() + lifetime.total_seconds()),
        "jti": str(uuid4()),
        **{scope: value for scope, value in given.items() if value is not None},
    }
    key = _private_key(config.get("LAPAK_TOKEN_PRIVATE_KEY"))
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


@lru_cache(maxsize=4)
def _private_key(text: str) -> OKPKey:
    return OKPKey.import_key(json.loads(text))


@lru_cache(maxsize=4)
def _public_keys(text: str) -> KeySet:
    return KeySet.import_key_set(json.loads(text))


@lru_cache(maxsize=4096)
def _signed(text: str, keys: str) -> Token:
    """The signature check costs more than the rest of a small request, and a device sends the same token all day."""
    claims = jwt.decode(text, _public_keys(keys), algorithms=[ALGORITHM]).claims
    role = claims["role"]
    if role not in ROLES or any(not isinstance(claims.get(scope), str) for scope in ROLES[role]):
        raise ValueError("role and scope do not fit")
    scopes = {scope: claims[scope] for scope in ROLES[role]}
    return Token(sub=str(claims["sub"]), role=role, jti=str(claims["jti"]), expires_at=int(claims["exp"]), **scopes)


def verify(text: str) -> Token:
    """The token behind its text. Raises Unauthorized when it is not ours, malformed or expired."""
    try:
        token = _signed(text, config.get("LAPAK_TOKEN_PUBLIC_KEYS"))
    except (JoseError, KeyError, ValueError, TypeError):
        raise Unauthorized("The token is not valid.") from None
    if token.expires_at <= time.time():
        raise Unauthorized("The token has expired.")
    return token
