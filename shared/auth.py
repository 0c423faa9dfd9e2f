"""Tokens: who asks, in which role, and how far it reaches. Signed with Ed25519; the services hold public keys only."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final, cast
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared import config, holders
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
#: Roles of devices, whose tokens last until revoked, or for `DEVICE_DAYS`; the others, but `service`, are people.
DEVICES: Final = ("register", "terminal")
DEVICE_DAYS: Final = 365
#: A person signs in for a day's work.
PERSON_LASTS: Final = timedelta(hours=12)
SCOPES: Final = ("workshop", "outlet", "register", "service")
ALGORITHM: Final = "Ed25519"


class BadScope(Exception):
    """A token of this role needs other scopes than those given."""


@dataclass(frozen=True, slots=True)
class Token:
    """A checked token. `sub` is compared by "the recorder is not the approver"; `holder` is whose key signed it."""

    sub: str
    role: str
    jti: str
    expires_at: int  # seconds since 1970
    workshop: str | None = None
    outlet: str | None = None
    register: str | None = None
    service: str | None = None
    holder: str = holders.OFFICE
    console_only: bool = False  # another service's page asks: it may look at the console of events, and do nothing


def usual_lifetime(role: str, days: int | None = None) -> timedelta:
    """How long a token of this role lasts: a person's for a day's work, a device's or program's for `days`."""
    if role in DEVICES or role == "service":
        return timedelta(days=days or DEVICE_DAYS)
    return PERSON_LASTS


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
    by: str = holders.OFFICE,
) -> str:
    """A signed token. `subject` is random by default. Raises BadScope when role and scopes do not fit.

    `by`: the holder whose key signs; what it is worth is said by `shared.holders`.
    """
    given = {"workshop": workshop, "outlet": outlet, "register": register, "service": service}
    check_scope(role, {scope: value for scope, value in given.items() if value is not None})
    claims: dict[str, Any] = {
        "sub": subject or f"s-{secrets.token_hex(8)}",
        "role": role,
        "exp": int(time.time() + lifetime.total_seconds()),
        "jti": str(uuid4()),
        **{scope: value for scope, value in given.items() if value is not None},
    }
    key = _private_key(_key_of(by))
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])


def _key_of(holder: str) -> str:
    if holder != holders.OFFICE:
        service, _, kind = holder.rpartition("-")
        try:
            return config.get(f"LAPAK_{{SERVICE}}_{kind.upper()}_PRIVATE_KEY", service)
        except config.MissingSetting:
            # A supervisor of before the holders were told apart has given us the one key of all; nobody else does.
            if not config.is_given("LAPAK_TOKEN_PRIVATE_KEY"):
                raise
    return config.get("LAPAK_TOKEN_PRIVATE_KEY")


@lru_cache(maxsize=16)
def _private_key(text: str) -> OKPKey:
    return OKPKey.import_key(json.loads(text))


def signing_key(holder: str) -> tuple[str, Ed25519PrivateKey]:
    """The id and the key with which a holder signs what is no token (shared/messaging/signing.py)."""
    key = _private_key(_key_of(holder))
    return str(key.kid), cast(Ed25519PrivateKey, key.private_key)


def verifying_key(key_id: str) -> tuple[Ed25519PublicKey, str]:
    """A key that is known, and whose it is. Raises KeyError."""
    key, holder = _public_keys(config.get("LAPAK_TOKEN_PUBLIC_KEYS"))[key_id]
    return cast(Ed25519PublicKey, key.public_key), holder


@lru_cache(maxsize=4)
def _public_keys(text: str) -> dict[str, tuple[OKPKey, str]]:
    """Key and holder by the key's id."""
    keys = json.loads(text)["keys"]
    return {key["kid"]: (OKPKey.import_key(key), key.get("holder", holders.OFFICE)) for key in keys}


@lru_cache(maxsize=4096)
def _signed(text: str, keys: str) -> Token:
    """The signature check costs more than the rest of a small request, and a device sends the same token all day."""
    named = jws.extract_compact(text.encode()).headers()["kid"]
    key, holder = _public_keys(keys)[named]
    claims = jwt.decode(text, key, algorithms=[ALGORITHM]).claims
    role = claims["role"]
    if role not in ROLES or any(not isinstance(claims.get(scope), str) for scope in ROLES[role]):
        raise ValueError("role and scope do not fit")
    scopes = {scope: claims[scope] for scope in ROLES[role]}
    told = {"sub": str(claims["sub"]), "role": role, "jti": str(claims["jti"]), "expires_at": int(claims["exp"])}
    return Token(**told, **scopes, holder=holder)


def verify(text: str, *, at: str) -> Token:
    """The token behind its text, as far as the service `at` believes whoever signed it.

    Raises Unauthorized when it is not ours, malformed, expired, or signed by a key that may not sign this role.
    """
    try:
        token = _signed(text, config.get("LAPAK_TOKEN_PUBLIC_KEYS"))
    except (JoseError, KeyError, ValueError, TypeError):
        raise Unauthorized("The token is not valid.") from None
    reach = holders.reach(token.holder, token.role, at=at, service=token.service)
    if reach is None:
        raise Unauthorized("The key that signed this token may not sign this role here.")
    if token.expires_at <= time.time():
        raise Unauthorized("The token has expired.")
    return token if reach == "all" else replace(token, console_only=True)
