"""Making a backup: in a folder under a temporary name, renamed when all of it is on the disk."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from shared import config
from shared.backup import NotDone, cut, manifest, programs
from shared.backup.manifest import Dump, Manifest
from shared.clock import now
from shared.local.binaries import find_postgres_client

Say = Callable[[str], None]

#: What is being written, or deleted; whoever finds it and has the lock knows that nobody works on it any more.
_UNFINISHED = ".lapak-unfinished"
_LOCK = ".lapak-lock"


def back_up(folder: Path, services: Collection[str], *, keep: int | None, say: Say) -> Path:
    """Make `folder/lapak-<UTC time>` and return it; then delete the oldest alike beyond `keep`. Raises NotDone."""
    urls = {service: config.get("LAPAK_{SERVICE}_OWNER_DATABASE_URL", service) for service in services}
    client = find_postgres_client(max(programs.server_version(service, url) for service, url in urls.items()))
    unfinished = folder / _UNFINISHED
    try:
        with _alone_in(folder):
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o700)
            _await_a_new_name(folder)
            try:
                whole = folder / _fill(unfinished, urls, client, say).folder
                unfinished.rename(whole)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
            _sync(folder)
            if keep is not None:
                _delete_oldest(folder, services, keep, say)
    except OSError as error:
        raise NotDone(f"{error.filename or folder}: {error.strerror}") from None
    return whole


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One backup at a time in a folder; the lock of one that was killed is free."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotDone(f"another backup is being made in {folder}") from None
        yield


def _await_a_new_name(folder: Path) -> None:
    """Small databases are dumped in less than the second that names a backup."""
    while (folder / manifest.folder_of(now())).exists():
        time.sleep(0.05)


def _fill(folder: Path, urls: Mapping[str, str], client: tuple[Path, int], say: Say) -> Manifest:
    """Dump every database as of one moment, and note what was dumped."""
    programs_folder, version = client
    with cut.consistent(urls) as (snapshots, seconds):
        when = now()
        say(f"the moment: {when:%Y-%m-%d %H:%M:%S} UTC; events waited {seconds * 1000:.0f} ms for it")
        dumps: dict[str, Dump] = {}
        for service, snapshot in snapshots.items():
            dumps[service] = _dump(programs_folder / "pg_dump", folder, service, urls[service], snapshot)
            say(f"{service}: {dumps[service].size:,} bytes, the log ends at {snapshot.last_seq}")
    made = Manifest(
        format=manifest.FORMAT, when=when, pg_dump=version, identity_keys=manifest.fingerprints(), services=dumps
    )
    with (folder / manifest.FILE).open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(made), indent=1))
        os.fsync(file.fileno())
    _sync(folder)
    return made


def _dump(pg_dump: Path, folder: Path, service: str, url: str, snapshot: cut.Snapshot) -> Dump:
    path = folder / f"{service}.dump"
    options = ("--format=custom", "--no-owner", "--no-privileges", "--lock-wait-timeout=60s", "--no-password")
    try:
        programs.call(pg_dump, *options, f"--snapshot={snapshot.id}", f"--file={path}", url=url)  # it syncs its file
    except NotDone as error:
        raise NotDone(f"{service}: {error}") from None
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Dump(
        file=path.name, size=path.stat().st_size, sha256=sha256, schema=snapshot.schema,
        epoch=snapshot.epoch, last_seq=snapshot.last_seq, postgres=snapshot.server,
    )  # fmt: skip


def _delete_oldest(folder: Path, services: Collection[str], keep: int, say: Say) -> None:
    """Delete whole backups of just these services, the oldest first, until `keep` are left."""
    alike = sorted(path for path in folder.glob(f"{manifest.PREFIX}*") if manifest.is_whole(path, services))
    for path in alike[:-keep]:
        path.rename(folder / _UNFINISHED)  # what is half deleted must not look like a backup
        shutil.rmtree(folder / _UNFINISHED)
        say(f"deleted {path.name}")


def _sync(folder: Path) -> None:
    """Have the names in a folder on the disk, as their files are."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
