"""Rotating the keys of a system, step by step: what an old key made stays good until nothing needs it.

A folder holds `token_private_key` (the one that signs), `token_private_key.ID` (others that are known),
`token_public_keys` (all that tokens are checked with) and `identity_keys` (newest first).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from shared.local import keys
from shared.local.home import LocalError, write_private

TOKEN, IDENTITY = "token", "identity"
KINDS = (TOKEN, IDENTITY)


class Key(NamedTuple):
    """One key; `works`: it is the one that signs, or encrypts, from now on."""

    kind: str
    id: str
    works: bool


def fingerprint(text: str) -> str:
    """Enough to recognize a key, nothing to guess it from (a key is random): 16 hexadecimal digits."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


def listed(folder: Path) -> list[Key]:
    """All keys. Raises LocalError when the folder holds none."""
    signing = _id(_private(folder))
    tokens = [Key(TOKEN, _id(key), _id(key) == signing) for key in _public(folder)]
    return tokens + [Key(IDENTITY, fingerprint(key), at == 0) for at, key in enumerate(identity_keys(folder))]


def identity_keys(folder: Path) -> list[str]:
    """The keys of names, newest first."""
    return [key.strip() for key in _read(folder, "identity_keys").split(",")]


def add(folder: Path, kind: str) -> str:
    """Make a key; its id. One for tokens is believed from now on, and signs when it is told to; one for names works."""
    if kind == IDENTITY:
        made = keys.identity_key()
        write_private(folder / "identity_keys", ",".join([made, *identity_keys(folder)]))
        return fingerprint(made)
    private = keys.private_key()
    (public,) = json.loads(keys.public_keys(private))["keys"]
    write_private(folder / f"token_private_key.{_id(public)}", private)
    _write_public(folder, [*_public(folder), public])
    return _id(public)


def use(folder: Path, key_id: str) -> None:
    """Have a key for tokens sign from now on. Raises LocalError when there is none of this id."""
    key = _find(folder, key_id)
    if key.kind == IDENTITY:
        raise LocalError("the newest key of names is the one that works; add one, and drop the others")
    if key.works:
        return
    old = _read(folder, "token_private_key")
    new = _read(folder, f"token_private_key.{key_id}")
    write_private(folder / f"token_private_key.{_id(json.loads(old))}", old)
    write_private(folder / "token_private_key", new)


def drop(folder: Path, key_id: str) -> Key:
    """Forget a key: what it signed or encrypted is worth nothing. Raises LocalError for one that works."""
    key = _find(folder, key_id)
    if key.works:
        raise LocalError(f"{key_id} is the one that works; `lapak keys add {key.kind}` first")
    if key.kind == IDENTITY:
        left = [one for one in identity_keys(folder) if fingerprint(one) != key_id]
        write_private(folder / "identity_keys", ",".join(left))
        return key
    _write_public(folder, [one for one in _public(folder) if _id(one) != key_id])
    (folder / f"token_private_key.{key_id}").unlink(missing_ok=True)
    return key


def idle_since(folder: Path, key_id: str) -> datetime | None:
    """Since when a key for tokens that is put aside has signed nothing (UTC); None when that is not known."""
    try:
        return datetime.fromtimestamp((folder / f"token_private_key.{key_id}").stat().st_mtime, UTC)
    except OSError:
        return None


def _find(folder: Path, key_id: str) -> Key:
    known = listed(folder)
    found = next((key for key in known if key.id == key_id), None)
    if found is None:
        raise LocalError(f"no key {key_id} in {folder}; there are {', '.join(key.id for key in known)}")
    return found


def _id(key: dict[str, Any]) -> str:
    return fingerprint(str(key["kid"]))


def _private(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_read(folder, "token_private_key"))
    return found


def _public(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_read(folder, "token_public_keys"))["keys"]
    return found


def _write_public(folder: Path, public: list[dict[str, Any]]) -> None:
    write_private(folder / "token_public_keys", json.dumps({"keys": public}))


def _read(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise LocalError(f"no keys in {folder}: {error.strerror}") from None
