"""Rotating the keys of a system, step by step: what an old key made stays good until nothing needs it.

A folder holds `token_private_key` and `HOLDER_private_key` (those that sign), the same with `.ID` (others that are
known), `token_public_keys` (all that tokens are checked with, each with its holder) and `identity_keys` (newest first).
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from shared.holders import HOLDERS, OFFICE
from shared.local import keys
from shared.local.home import LocalError, write_private

IDENTITY = "identity"
KINDS = (*HOLDERS, IDENTITY)


class Key(NamedTuple):
    """One key of a holder, or of names; `works`: it is the one that signs, or encrypts, from now on."""

    kind: str
    id: str
    works: bool


def fingerprint(text: str) -> str:
    """Enough to recognize a key, nothing to guess it from (a key is random): 16 hexadecimal digits."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:16]


def listed(folder: Path) -> list[Key]:
    """All keys. Raises LocalError when the folder holds none."""
    signing = {_id(json.loads(_read(folder, keys.file_of(holder)))) for holder in HOLDERS}
    tokens = [Key(_holder(key), _id(key), _id(key) in signing) for key in _public(folder)]
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
    public = keys.public_key(private, kind)
    write_private(_aside(folder, kind, _id(public)), private)
    _write_public(folder, [*_public(folder), public])
    return _id(public)


def use(folder: Path, key_id: str) -> None:
    """Have a key for tokens sign for its holder from now on. Raises LocalError when there is none of this id."""
    key = _find(folder, key_id)
    if key.kind == IDENTITY:
        raise LocalError("the newest key of names is the one that works; add one, and drop the others")
    if key.works:
        return
    name = keys.file_of(key.kind)
    old, new = _read(folder, name), _read(folder, f"{name}.{key_id}")
    write_private(_aside(folder, key.kind, _id(json.loads(old))), old)
    write_private(folder / name, new)


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
    _aside(folder, key.kind, key_id).unlink(missing_ok=True)
    return key


def idle_since(folder: Path, key_id: str) -> datetime | None:
    """Since when a key for tokens that is put aside has signed nothing (UTC); None when that is not known."""
    for holder in HOLDERS:
        if (path := _aside(folder, holder, key_id)).exists():
            return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return None


def _aside(folder: Path, holder: str, key_id: str) -> Path:
    return folder / f"{keys.file_of(holder)}.{key_id}"


def _holder(key: dict[str, Any]) -> str:
    return str(key.get("holder", OFFICE))


def _find(folder: Path, key_id: str) -> Key:
    known = listed(folder)
    found = next((key for key in known if key.id == key_id), None)
    if found is None:
        raise LocalError(f"no key {key_id} in {folder}; there are {', '.join(key.id for key in known)}")
    return found


def _id(key: dict[str, Any]) -> str:
    return fingerprint(str(key["kid"]))


def _public(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_read(folder, keys.PUBLIC))["keys"]
    return found


def _write_public(folder: Path, public: list[dict[str, Any]]) -> None:
    write_private(folder / keys.PUBLIC, json.dumps({"keys": public}))


def _read(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise LocalError(f"no keys in {folder}: {error.strerror}") from None
