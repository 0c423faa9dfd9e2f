"""How tests wait: for a condition, with patience that a loaded machine does not use up; never for a time.

`until("the relay leads", condition)` gives what the condition gave. `in_time(limit)` is for what is promised within
seconds: its clock goes as fast as this machine lets a busy process work.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import psutil

from shared.clock import MAKASSAR, now
from shared.local import state

#: Seconds after which what was waited for does not come any more. Nobody waits that long unless a test fails.
PATIENCE = 120.0
#: Seconds before midnight in Makassar in which no test begins: most would be torn by it.
EVE = 60.0

Found = TypeVar("Found")


class NeverCame(AssertionError):
    """What a test waited for did not come."""


def until(
    what: str,
    condition: Callable[[], Found],
    patience: float = PATIENCE,
    *,
    every: float = 0.02,
    told: Callable[[], object] = str,
) -> Found:
    """What the condition gives as soon as it is true. `told` is asked for more to say when it never is."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise NeverCame(f"not within {patience:.0f} s: {what} {told()}".rstrip())
        time.sleep(every)
    return found


def past_midnight() -> None:
    """Wait for tomorrow, if it is just before midnight in Makassar."""
    here = now().astimezone(MAKASSAR)
    left = 86_400 - (here - here.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    if left <= EVE:
        time.sleep(left)


class Machine:
    """A clock of this machine as it is: seconds that it gave to a process that had work all the time.

    Alone it goes as every clock does; beside fifteen others on two cores it takes eight times as long.
    """

    def __init__(self, yardstick: psutil.Process) -> None:
        self._yardstick = yardstick
        self._began, self._on_the_wall = self._used(), time.monotonic()

    def _used(self) -> float:
        used = self._yardstick.cpu_times()
        return float(used.user + used.system)

    @property
    def seconds(self) -> float:
        """Since the clock was made."""
        return self._used() - self._began

    @property
    def share(self) -> float:
        """Of what the clock on the wall showed meanwhile: 1 on a free machine."""
        return self.seconds / (time.monotonic() - self._on_the_wall)

    def sees(self, what: str, condition: Callable[[], object], limit: float) -> float:
        """Wait for what has to come within `limit` of its seconds; when it came. Raises NeverCame."""
        while not condition():
            if self.seconds > limit:
                raise NeverCame(f"not within {limit} s: {what}")
            time.sleep(0.005)
        return self.seconds

    def gone(self, pid: int, name: str, limit: float) -> None:
        """Wait for a process to be gone."""
        self.sees(f"{name} is gone", lambda: not state.lives(pid), limit)


@contextmanager
def machine() -> Iterator[Machine]:
    """A clock that goes as fast as the machine is free. It keeps a core busy: only while something is measured."""
    command = [sys.executable, "-S", "-c", "print(flush=True)\nwhile True: pass"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()  # it has begun
            yield Machine(psutil.Process(process.pid))
        finally:
            with suppress(ProcessLookupError):
                process.kill()
