"""Whether a backup can be restored here; looking changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

from shared import migrations
from shared.backup import NotDone, manifest, programs
from shared.backup.manifest import Dump, Manifest
from shared.local.binaries import find_postgres_client


def check(folder: Path, services: Collection[str] = ()) -> Manifest:
    """The manifest of a backup that is as it was written, cut down to `services` (none: all of it).

    Raises NotDone, naming the file, when anything is missing, damaged, or newer than this code.
    """
    found = manifest.read(folder)
    if missing := sorted(set(services) - set(found.services)):
        raise NotDone(f"{folder} holds {', '.join(found.services)}, and not {', '.join(missing)}")
    dumps = {service: dump for service, dump in found.services.items() if not services or service in services}
    program = find_postgres_client(found.pg_dump)[0] / "pg_restore"
    for service, dump in dumps.items():
        _check(folder / dump.file, service, dump, program)
    return Manifest(
        format=found.format, when=found.when, pg_dump=found.pg_dump, identity_keys=found.identity_keys, services=dumps
    )


def _check(path: Path, service: str, dump: Dump, pg_restore: Path) -> None:
    if dump.schema > (newest := migrations.head(service)):
        raise NotDone(f"{path}: its schema is {dump.schema}, and this Lapak knows up to {newest}; use the newer one")
    try:
        if (size := path.stat().st_size) != dump.size:
            raise NotDone(f"{path} is damaged: {size:,} bytes, and {dump.size:,} were written")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != dump.sha256:
                raise NotDone(f"{path} is damaged: its content is not what was written (SHA-256)")
    except OSError as error:
        raise NotDone(f"{path}: {error.strerror}") from None
    try:
        programs.call(pg_restore, "--list", str(path))
    except NotDone as error:
        raise NotDone(f"{path} cannot be read: {error}") from None


def unreadable_names(found: Manifest) -> list[str]:
    """Fingerprints of identity keys that were in use when it was made, and are not set here."""
    if "training" not in found.services:
        return []
    return sorted(set(found.identity_keys) - set(manifest.fingerprints()))
