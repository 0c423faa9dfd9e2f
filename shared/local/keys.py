"""The secrets of a system: made once, kept (0600) one per file in a folder."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from shared import redis_acl
from shared.config import SERVICES
from shared.holders import HOLDERS, OFFICE
from shared.local.home import write_private

PUBLIC = "token_public_keys"


def _password() -> str:
    return secrets.token_urlsafe(24)


def private_key() -> str:
    from joserfc.jwk import OKPKey  # here: costs memory, and is needed once in the life of a system

    key = OKPKey.generate_key("Ed25519", {"use": "sig"}, private=True, auto_kid=True)
    return json.dumps(key.as_dict(private=True))


def public_key(private_key: str, holder: str) -> dict[str, str]:
    """What everybody may know of a key, and whose it is."""
    key: dict[str, str] = json.loads(private_key)
    return {name: value for name, value in key.items() if name not in {"d", "key_ops"}} | {"holder": holder}


def file_of(holder: str) -> str:
    """The name of the file with the key that a holder signs with; that of the office is older than the others."""
    return "token_private_key" if holder == OFFICE else f"{holder}_private_key"


def setting_of(holder: str) -> str:
    """The environment variable of the key that a holder signs with."""
    return f"LAPAK_{holder.upper().replace('-', '_')}_PRIVATE_KEY" if holder != OFFICE else "LAPAK_TOKEN_PRIVATE_KEY"


def identity_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def fresh_keys() -> dict[str, str]:
    """New keys by the name of their environment variable, kept nowhere (for tests)."""
    private = {holder: private_key() for holder in HOLDERS}
    public = {"keys": [public_key(key, holder) for holder, key in private.items()]}
    return {setting_of(holder): key for holder, key in private.items()} | {
        "LAPAK_TOKEN_PUBLIC_KEYS": json.dumps(public),
        "LAPAK_IDENTITY_KEYS": identity_key(),
    }


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        write_private(path, make())
    return path.read_text(encoding="utf-8").strip()


def _all_public(folder: Path, private: dict[str, str]) -> str:
    """The public keys in `folder`, with those of the holders that are new there."""
    path = folder / PUBLIC
    known = json.loads(path.read_text(encoding="utf-8"))["keys"] if path.exists() else []
    ids = {key["kid"] for key in known}
    missing = [public_key(key, holder) for holder, key in private.items() if json.loads(key)["kid"] not in ids]
    if missing:
        write_private(path, json.dumps({"keys": known + missing}))
    return path.read_text(encoding="utf-8").strip()


def load(folder: Path) -> dict[str, str]:
    """All secrets in `folder` by name, made where they are missing.

    `postgres` and `redis` are passwords, `<service>_owner` and `<service>_app` those of the database roles,
    `redis_<user>` those of Redis's users; `token_private_key` and `<holder>_private_key` are JWKs,
    `token_public_keys` a JWK set, `identity_keys` a Fernet key.
    """
    names = ["postgres", "redis", *(f"{service}_{kind}" for service in SERVICES for kind in ("owner", "app"))]
    names += [f"redis_{user}" for user in redis_acl.USERS]
    found = {name: _kept(folder / name, _password) for name in names}
    private = {holder: _kept(folder / file_of(holder), private_key) for holder in HOLDERS}
    return (
        found
        | {file_of(holder): key for holder, key in private.items()}
        | {
            PUBLIC: _all_public(folder, private),
            "identity_keys": _kept(folder / "identity_keys", identity_key),
        }
    )
