"""The secrets of a system: made once, kept (0600) one per file in a folder."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

from shared.config import SERVICES
from shared.local.home import write_private


def _password() -> str:
    return secrets.token_urlsafe(24)


def private_key() -> str:
    from joserfc.jwk import OKPKey  # here: costs memory, and is needed once in the life of a system

    key = OKPKey.generate_key("Ed25519", {"use": "sig"}, private=True, auto_kid=True)
    return json.dumps(key.as_dict(private=True))


def public_keys(private_key: str) -> str:
    key = json.loads(private_key)
    return json.dumps({"keys": [{name: value for name, value in key.items() if name not in {"d", "key_ops"}}]})


def identity_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def fresh_keys() -> dict[str, str]:
    """New keys by the name of their environment variable, kept nowhere (for tests)."""
    private = private_key()
    return {
        "LAPAK_TOKEN_PRIVATE_KEY": private,
        "LAPAK_TOKEN_PUBLIC_KEYS": public_keys(private),
        "LAPAK_IDENTITY_KEYS": identity_key(),
    }


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        write_private(path, make())
    return path.read_text(encoding="utf-8").strip()


def load(folder: Path) -> dict[str, str]:
    """All secrets in `folder` by name, made where they are missing.

    `postgres` and `redis` are passwords, `<service>_owner` and `<service>_app` those of the database roles;
    `token_private_key` is a JWK, `token_public_keys` a JWK set, `identity_keys` a Fernet key.
    """
    names = ["postgres", "redis", *(f"{service}_{kind}" for service in SERVICES for kind in ("owner", "app"))]
    found = {name: _kept(folder / name, _password) for name in names}
    private = _kept(folder / "token_private_key", private_key)
    return found | {
        "token_private_key": private,
        "token_public_keys": _kept(folder / "token_public_keys", lambda: public_keys(private)),
        "identity_keys": _kept(folder / "identity_keys", identity_key),
    }
