"""What is known of a running local system from outside: a lock that it holds, and a file that it keeps up to date."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from typing import IO, Any

import psutil

from shared.local.home import Home, LocalError, read_json, write_json


class AlreadyRunning(LocalError):
    """Another supervisor holds this home."""


def _take(home: Home) -> IO[str] | None:
    file = (home.run / "lock").open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


@contextlib.contextmanager
def held(home: Home) -> Iterator[None]:
    """Hold the home while a supervisor runs. Raises AlreadyRunning.

    After a `kill -9` the guard holds the lock until it has ended what was left; that is waited for.
    """
    deadline = time.monotonic() + 20
    while (file := _take(home)) is None:
        if is_alive(home) or time.monotonic() > deadline:
            raise AlreadyRunning(f"Lapak already runs in {home.root}")
        time.sleep(0.05)
    with file:
        yield


def is_held(home: Home) -> bool:
    """Whether a supervisor, or its guard, still has processes here."""
    if not home.run.exists():
        return False
    file = _take(home)
    if file is not None:
        file.close()
    return file is None


def load(home: Home) -> dict[str, Any]:
    """The state as last written; empty when there is none."""
    return dict(read_json(home.run / "state.json"))


def save(home: Home, state: dict[str, Any]) -> None:
    """Write the state in one step."""
    write_json(home.run / "state.json", state)


def lives(process: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return bool(psutil.Process(process).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def is_alive(home: Home) -> bool:
    """Whether the supervisor that wrote the state lives. A lock held without a state is one that is starting."""
    process = load(home).get("pid")
    return is_held(home) if process is None else lives(int(process))
