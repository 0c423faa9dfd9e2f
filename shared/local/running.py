"""A whole running system for tests of whole flows: the real supervisor in a home of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil

from shared import auth
from shared.holders import HOLDERS
from shared.local import state
from shared.local.environment import complete, local_environment
from shared.local.home import COMMAND_LINE, ROOT, Home, LocalError, free_port
from shared.local.keys import setting_of

#: All keys of a system: those that sign, those that check, those of names.
KEYS = (*map(setting_of, HOLDERS), "LAPAK_TOKEN_PUBLIC_KEYS", "LAPAK_IDENTITY_KEYS")


@dataclass(frozen=True)
class Running:
    """A system that is up. `url` is its origin, `environment` what its processes were given."""

    home: Home
    url: str
    environment: dict[str, str]

    def token(self, role: str, **scope: str) -> str:
        """A token that this system takes, e.g. `token("register", outlet="OUT-1", register="OUT-1-1")`."""
        return auth.issue(role=role, lifetime=timedelta(hours=1), **scope)

    def headers(self, role: str, **scope: str) -> dict[str, str]:
        """The Authorization header of such a token."""
        return {"Authorization": f"Bearer {self.token(role, **scope)}"}

    def pid(self, name: str) -> int | None:
        """The process id of `postgres`, `redis`, `web`, `sales-worker`, `sales-courier` …; None while it is down."""
        rows = state.load(self.home)["processes"]
        found: int | None = next(row["pid"] for row in rows if row["name"] == name)
        return found

    def web_pids(self) -> list[int]:
        """The ids of the web workers, children of the process `web`."""
        parent = self.pid("web")
        return [child.pid for child in psutil.Process(parent).children()] if parent else []

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to one process; the supervisor starts it again. Returns the id it had."""
        process = self.pid(name)
        if process is None:
            raise LocalError(f"{name} is not up")
        os.kill(process, number)
        return process

    def wait_ready(self, name: str, patience: float = 60.0, *, other_than: int | None = None) -> None:
        """Wait until a process is ready (again); `other_than` is the id that was killed. Raises LocalError."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            row = next(row for row in state.load(self.home)["processes"] if row["name"] == name)
            if row["state"] == "ready" and row["pid"] != other_than:
                return
            time.sleep(0.05)
        raise LocalError(f"{name} is not ready after {patience} s")

    def database_url(self, service: str, *, owner: bool = False) -> str:
        """The database of a service, as its application role or as its owner."""
        return self.environment[f"LAPAK_{service.upper()}_{'OWNER_' if owner else ''}DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        return self.environment["LAPAK_REDIS_URL"]

    def run(self, *arguments: str, patience: float = 240.0) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line against this system."""
        environment = {**os.environ, **self.environment}
        command = [*COMMAND_LINE, *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=patience, check=False
        )


@contextlib.contextmanager
def frozen(*leaders: int | None, below: bool = True) -> Iterator[None]:
    """Stop processes, by id (None: one that is down), and all `below` them; they go on, whatever happened."""
    stopped: list[psutil.Process] = []
    try:
        for leader in leaders:
            _freeze(leader, stopped, below=below)
        yield
    finally:
        for process in reversed(stopped):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


def _freeze(leader: int | None, stopped: list[psutil.Process], *, below: bool) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        if leader is not None:
            first = psutil.Process(leader)
            first.suspend()  # before the others: it makes no more
            stopped.append(first)
            for child in first.children(recursive=True) if below else ():
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.suspend()
                    stopped.append(child)


@contextlib.contextmanager
def running_system(
    folder: Path, *, web_workers: int = 1, environment: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[Running]:
    """Start everything below `folder` (on `port`, else a free one), and stop it at the end, also when we are killed.

    It takes the keys of this process, so that tokens issued here are good there; `environment` adds or changes
    settings. Raises LocalError with the end of the logs when it does not start.
    """
    home = Home(folder.resolve()).create()
    own = {name: value for name, value in os.environ.items() if name in KEYS or not name.startswith("LAPAK_")}
    own |= {"LAPAK_HOME": str(home.root), **(environment or {})}
    command = [*COMMAND_LINE, "up", "--port", str(port or free_port()), "--web-workers", str(web_workers)]
    output = home.logs / "up.log"
    with output.open("wb") as log:
        tied = own | {"LAPAK_DIE_WITH": str(os.getpid())}
        up = subprocess.Popen(command, cwd=ROOT, env=tied, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield wait_until_up(home, up, output, own)
    finally:
        up.terminate()
        try:
            up.wait(timeout=60)
        except subprocess.TimeoutExpired:
            up.kill()
            up.wait()
        if home.servers != home.root:
            shutil.rmtree(home.servers, ignore_errors=True)


def wait_until_up(
    home: Home, up: subprocess.Popen[bytes], output: Path, own: Mapping[str, str], *, patience: float = 180.0
) -> Running:
    """The system that a supervisor `up` starts, once it is ready. Raises LocalError with the end of its output."""
    deadline = time.monotonic() + patience
    while not (found := state.load(home)).get("ready"):
        if up.poll() is not None or time.monotonic() > deadline:
            raise LocalError(f"it did not start:\n{output.read_text(encoding='utf-8', errors='replace')[-4000:]}")
        time.sleep(0.05)
    return Running(home, found["url"], complete(own, local_environment(home, found["ports"])))
