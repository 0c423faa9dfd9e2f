"""What lies in a backup's folder: a dump per service, and a manifest that tells what they are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import msgspec

from shared import config
from shared.backup import NotDone
from shared.local.keyring import fingerprint

FORMAT = 1
FILE = "manifest.json"
#: How the folders of whole backups begin.
PREFIX = "lapak-"


class Dump(msgspec.Struct, frozen=True, kw_only=True):
    """One service's database: the file beside the manifest, its `size` in bytes, and what the database was then."""

    file: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\.dump$")]
    size: int
    sha256: str
    schema: str  # revision, as in `migrations.head`
    epoch: UUID
    last_seq: int  # where its log ended
    postgres: str  # version of the server


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """`when`: the moment that all dumps show. `pg_dump`: the major version that wrote them."""

    format: int
    when: datetime
    pg_dump: int
    identity_keys: list[str]  # fingerprints of those that were in use; the keys themselves are kept elsewhere
    services: dict[str, Dump]

    @property
    def folder(self) -> str:
        """The name of the folder that holds it."""
        return folder_of(self.when)


class _Format(msgspec.Struct):
    format: int


def folder_of(when: datetime) -> str:
    """The name of the folder of a backup that shows this moment (UTC)."""
    return f"{PREFIX}{when:%Y%m%dT%H%M%SZ}"


def read(folder: Path) -> Manifest:
    """The manifest in a folder. Raises NotDone when it is not one of ours, or newer than this code."""
    path = folder / FILE
    try:
        raw = path.read_bytes()
        if (found := msgspec.json.decode(raw, type=_Format).format) > FORMAT:
            raise NotDone(f"{path}: its format is {found}, and this Lapak reads up to {FORMAT}; use the newer one")
        manifest = msgspec.json.decode(raw, type=Manifest)
    except OSError as error:
        raise NotDone(f"{path}: {error.strerror}; is this a backup?") from None
    except msgspec.MsgspecError as error:
        raise NotDone(f"{path} is not a backup's manifest: {error}") from None
    if unknown := sorted(set(manifest.services) - set(config.SERVICES)):
        raise NotDone(f"{path}: no service {', '.join(unknown)} is known here")
    return manifest


def is_whole(folder: Path, services: Collection[str]) -> bool:
    """Whether this is a backup of just these services, under its own name, with all of its files."""
    try:
        manifest = read(folder)
        sizes = {service: (folder / dump.file).stat().st_size for service, dump in manifest.services.items()}
    except (NotDone, OSError):
        return False
    return (
        folder.name == manifest.folder
        and sizes.keys() == set(services)
        and all(sizes[service] == dump.size for service, dump in manifest.services.items())
    )


def fingerprints() -> list[str]:
    """Of each identity key that is set."""
    try:
        keys = config.get("LAPAK_IDENTITY_KEYS").split(",")
    except config.MissingSetting:
        return []
    return [fingerprint(key) for key in keys if key.strip()]
