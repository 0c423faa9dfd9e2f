"""One process under the supervisor: started, watched until it is ready, started again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from shared.local.children import child_setup, signal_group
from shared.local.console import Console
from shared.local.guard import Guard

#: Waits before a process is started again, in seconds; from the first one anew after it lived for 10 s, or was asked
#: to end.
BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
LIVED_WELL = 10.0
#: Ours end within 2 s by themselves. PostgreSQL may have more data to write than that.
STOP_PATIENCE = 1.8
POSTGRES_PATIENCE = 15.0

Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Spec:
    """What to run. Processes of a `stage` start when all of the stages before are ready."""

    name: str
    command: list[str]
    stage: int = 0
    stop_order: int = 0  # lower ones are asked to stop, and have a second to be gone, before higher ones are asked
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path("/")
    once: bool = False  # ready when it has ended well; its failure ends the start
    probe: Probe | None = None  # asks whether it is ready …
    ready_line: re.Pattern[bytes] | None = None  # … or it says so …
    ready_after: float = 0.0  # … or it has lived for so many seconds
    user: int | None = None
    stop_signal: int = signal.SIGTERM
    reload_signal: int | None = None  # makes it replace its own workers one by one, itself staying
    death_signal: int = signal.SIGKILL  # what it gets when the supervisor is gone
    terminal: bool = False  # its output goes to the terminal as it is


class Process:
    """The life of one Spec. `state` is waiting, starting, ready, restarting, stopping, stopped, done or failed."""

    def __init__(self, spec: Spec, console: Console, guard: Guard, changed: Callable[[], None]) -> None:
        self.spec, self._console, self._guard, self._changed = spec, console, guard, changed
        self.state = "waiting"
        self.pid: int | None = None
        self.restarts = 0
        self.since = time.time()  # when it was last started
        self.code: int | None = None
        self.settled = asyncio.Event()  # ready for the first time, or given up
        self._said_ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin its life."""
        self._task = asyncio.create_task(self._live(), name=self.spec.name)

    async def stop(self) -> None:
        """Ask it to end; kill its whole group when it has not after 1.8 s (PostgreSQL: after fifteen)."""
        self._stop.set()
        if self._task is None:
            self._become("stopped")
            return
        if self.pid is not None:
            self._become("stopping")
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, self.spec.stop_signal)  # the leader alone: a web server tells its workers itself
                _thaw(self.pid)
            try:
                patience = POSTGRES_PATIENCE if self.spec.stop_signal == signal.SIGINT else STOP_PATIENCE
                await asyncio.wait_for(self._ended.wait(), patience)
            except TimeoutError:
                self._console.say(f"{self.spec.name} does not end: killed", loud=True)
                signal_group(self.pid, signal.SIGKILL)
        await self._task
        self._become("stopped")

    async def _live(self) -> None:
        failures = 0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self.code = await self._run_once()
            except OSError as error:
                self._console.say(f"{self.spec.name} cannot be started: {error}", loud=True)
                self.code = 127
            if self._stop.is_set():
                return
            if self.spec.once:
                self._become("done" if self.code == 0 else "failed")
                self.settled.set()
                return
            asked = self.code == 0 and self.state == "ready"  # somebody ended it: that is no failure
            failures = 0 if asked or time.monotonic() - began >= LIVED_WELL else failures
            wait = BACKOFF[min(failures, len(BACKOFF) - 1)]
            failures += 1
            self.restarts += 1
            self._become("restarting")
            how = f"was killed by signal {-self.code}" if self.code < 0 else f"ended with code {self.code}"
            self._console.say(f"{self.spec.name} {how}; starts again in {wait} s", loud=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), wait)

    async def _run_once(self) -> int:
        # A pipe of our own: asyncio's waits for all who hold it, also for workers of a server that is dead.
        reader, writer = (None, None) if self.spec.terminal else os.pipe()
        try:
            child = await self._spawn(writer)
        finally:
            if writer is not None:
                os.close(writer)
        self.pid = child.pid
        self.since = time.time()
        self._ended.clear()
        self._said_ready.clear()
        self._become("starting")
        if self._stop.is_set():  # asked to stop while it was being started
            signal_group(child.pid, signal.SIGKILL)
        reading = asyncio.create_task(self._read(reader)) if reader is not None else None
        waiting = asyncio.create_task(self._wait_ready())
        code = await child.wait()
        waiting.cancel()
        # Workers that their killed server left behind would hold its port.
        signal_group(child.pid, signal.SIGKILL)
        self.pid = None
        self._ended.set()
        if reading is not None:
            await asyncio.wait({reading}, timeout=2)
            reading.cancel()
        await self._group_gone(child.pid)
        self._guard.forget(child.pid)
        return code

    async def _spawn(self, output: int | None) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.spec.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=self.spec.folder,
            env=dict(self.spec.environment),
            preexec_fn=child_setup(user=self.spec.user, death_signal=self.spec.death_signal, announce=self._guard.pipe),
        )

    async def _group_gone(self, leader: int) -> None:
        deadline = time.monotonic() + 5
        while signal_group(leader, 0) and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    async def _read(self, descriptor: int) -> None:
        output = asyncio.StreamReader(limit=1 << 20)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(output), os.fdopen(descriptor, "rb", buffering=0)
        )
        try:
            while not output.at_eof():
                with contextlib.suppress(ValueError):  # a line of more than a megabyte
                    if line := await output.readline():
                        self._hear(line)
        finally:
            transport.close()

    def _hear(self, line: bytes) -> None:
        if self.spec.ready_line and self.spec.ready_line.search(line):
            self._said_ready.set()
        self._console.line(self.spec.name, line.rstrip(b"\r\n"))

    async def _wait_ready(self) -> None:
        if self.spec.once:
            return
        if self.spec.probe is not None:
            pause = 0.05
            while not await self.spec.probe():
                await asyncio.sleep(pause)
                pause = min(pause * 1.2, 0.5)  # each question to a server that is not ready is a line in its log
        elif self.spec.ready_line is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._said_ready.wait(), self.spec.ready_after or None)
        else:
            await asyncio.sleep(self.spec.ready_after)
        self._become("ready")
        self.settled.set()

    def _become(self, state: str) -> None:
        if self._stop.is_set() and state not in {"stopping", "stopped"}:
            return
        self.state = state
        self._changed()


def _thaw(pid: int) -> None:
    """Let a process and all below it go on, if somebody has frozen them: they could not hear that they shall end."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            process.send_signal(signal.SIGCONT)
