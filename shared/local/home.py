"""Where a local system keeps its things: `.lapak/` in the checkout, or LAPAK_HOME."""

from __future__ import annotations

import hashlib
import json
import os
import random
import socket
import stat
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: How one of our processes calls the command line.
COMMAND_LINE = [sys.executable, "-m", "shared.cli"]

#: Below the ephemeral ranges of the common systems, so that no outgoing connection sits on a chosen port.
PORT_RANGE = range(20_000, 30_000)

#: Who runs PostgreSQL when we are root: PostgreSQL refuses root.
NOBODY = 65_534


class LocalError(Exception):
    """Something on this machine stands in the way; the text says what and what to do."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one local system, all below `root`."""

    root: Path

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def servers(self) -> Path:
        """Where PostgreSQL's data lie.

        A checkout below a 0700 folder (root's own, say) cannot be read by the user that runs PostgreSQL when we
        are root; its data and a copy of its binaries then lie under /var/tmp, in a folder that only root may write.
        """
        if os.geteuid() != 0:
            return self.root
        return Path("/var/tmp") / f"lapak-{hashlib.sha256(bytes(self.root)).hexdigest()[:16]}"

    def create(self) -> Home:
        """Make the folders. Raises LocalError when one of them is not ours."""
        for folder, mode in ((self.root, 0o700), (self.secrets, 0o700), (self.run, 0o700), (self.logs, 0o700)):
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
        if self.servers != self.root:
            set_aside_what_is_left(self.servers, self.secrets)
            self.servers.mkdir(mode=0o711, exist_ok=True)
            check_ours(self.servers)
            self.servers.chmod(0o711)
        return self


def set_aside_what_is_left(servers: Path, secrets: Path) -> Path | None:
    """Move data away whose passwords went with a former home of this very path; where to. Nothing is deleted."""
    if not (servers / "postgres").exists() or (secrets / "postgres").exists():
        return None
    check_ours(servers)
    aside = servers.with_name(f"{servers.name}-left-{time.strftime('%Y%m%d-%H%M%S')}")
    servers.rename(aside)
    print(f"a former home of this path has left its data; they lie in {aside} now", file=sys.stderr)
    return aside


def default_home() -> Home:
    """LAPAK_HOME, else `.lapak` in the checkout."""
    return Home(Path(os.environ.get("LAPAK_HOME") or ROOT / ".lapak").resolve())


def check_ours(folder: Path) -> None:
    """Raise LocalError unless `folder` is a real folder, owned by us and writable by nobody else."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise LocalError(f"{folder} is not a folder that belongs to this user alone; look who made it and remove it.")


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


_spoken_for: list[socket.socket] = []


def _speak_for(port: int) -> bool:
    """Whether no other process has chosen this port, though nobody listens there yet. Linux forgets it with us."""
    if sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0lapak-port-{port}")
    except OSError:
        claim.close()
        return False
    _spoken_for.append(claim)
    return True


def free_port(taken: Collection[int] = ()) -> int:
    """A free port of 127.0.0.1, not among `taken`, spoken for until we end. Raises LocalError when none is found."""
    for port in random.sample(PORT_RANGE, 200):
        if port not in taken and is_free(port) and _speak_for(port):
            return port
    raise LocalError("no free port between 20000 and 30000 on 127.0.0.1")


def private_ports(home: Home, names: Collection[str], *, taken: Collection[int] = ()) -> dict[str, int]:
    """A private port by name, the same at every start; a new one where another program took it meanwhile.

    `taken` are ports that are spoken for, though nobody listens there yet.
    """
    path = home.run / "ports.json"
    known: dict[str, int] = read_json(path)
    ports: dict[str, int] = {}
    for name in names:
        port = known.get(name, 0)
        others = {*taken, *ports.values()}
        ports[name] = port if port and port not in others and is_free(port) else free_port(others)
    write_json(path, known | ports)
    return ports


def read_json(path: Path) -> dict[str, int]:
    """The object in a JSON file; empty when the file is missing or was cut off by a power cut."""
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def write_json(path: Path, value: object) -> None:
    """Write a JSON file in one step: a reader sees the old content or the new."""
    write_private(path, json.dumps(value, indent=1))


def write_private(path: Path, content: str) -> None:
    """Write a file that only we can read (0600), in one step."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    new.replace(path)
