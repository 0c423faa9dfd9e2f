"""The supervisor: starts a table of processes stage by stage, keeps them alive, and stops them in order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Any

from shared.local import state
from shared.local.console import Console
from shared.local.guard import Guard
from shared.local.home import Home
from shared.local.process import Process, Spec

#: Called once when all is ready; what it returns is the exit code at the end (0 for none).
WhenReady = Callable[["Supervisor"], Awaitable[int]]
#: Who is not gone after so many seconds (it may wait for a server that hangs, say) holds up the next ones no longer.
HEAD_START = 0.8


class Supervisor:
    """Runs `specs` until it is asked to stop. `about` is what the state file says besides the processes."""

    def __init__(self, home: Home, specs: list[Spec], console: Console, about: dict[str, Any]) -> None:
        self.home, self.specs, self.console, self.about = home, specs, console, about
        self.stopping = asyncio.Event()
        self.ready = False
        self._guard = Guard()
        self._saving = False
        self.processes = [self._process(spec) for spec in specs]

    def _process(self, spec: Spec) -> Process:
        return Process(spec, self.console, self._guard, self._changed)

    async def run(self, when_ready: WhenReady | None = None) -> int:
        """Start, stay, stop. Returns the exit code: 1 when the start failed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._asked_to_stop, number)
        code = 0
        try:
            started = asyncio.create_task(self._start(when_ready))
            stopped = asyncio.create_task(self.stopping.wait())
            await asyncio.wait({started, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if started.done():
                code = started.result()
            else:
                started.cancel()
            if self.ready and not self.stopping.is_set():
                await stopped
            stopped.cancel()
        finally:
            await self._stop()
            self._guard.close()
        return code

    async def run_once(self, spec: Spec) -> int:
        """Run one more process to its end, under the same protection. Returns its exit code."""
        process = self._process(spec)
        self.processes.append(process)
        process.start()
        await process.settled.wait()
        return process.code or 0

    def _asked_to_stop(self, number: int) -> None:
        if self.stopping.is_set() and number == signal.SIGINT:
            self.console.say("killed", loud=True)
            self._guard.close()  # it ends everything
            os._exit(130)
        self.stopping.set()

    async def _start(self, when_ready: WhenReady | None) -> int:
        for _, stage in groupby(sorted(self.processes, key=lambda p: p.spec.stage), key=lambda p: p.spec.stage):
            processes = list(stage)
            self.console.say(f"starting {', '.join(p.spec.name for p in processes)}")
            began = time.monotonic()
            for process in processes:
                process.start()
            for process in processes:
                await process.settled.wait()
                if process.state == "failed":
                    self.console.say(f"{process.spec.name} failed with code {process.code}: stopping", loud=True)
                    return 1
            self.console.say(f"ready after {time.monotonic() - began:.1f} s")
        self.ready = True
        self._save()
        return await when_ready(self) if when_ready else 0

    async def _stop(self) -> None:
        self.ready = False
        stopping: list[asyncio.Task[None]] = []
        running = [p for p in self.processes if p.state not in {"waiting", "done", "failed"}]
        for _, group in groupby(sorted(running, key=lambda p: p.spec.stop_order), key=lambda p: p.spec.stop_order):
            processes = list(group)
            self.console.say(f"stopping {', '.join(p.spec.name for p in processes)}")
            asked = [asyncio.create_task(process.stop()) for process in processes]
            await asyncio.wait(asked, timeout=HEAD_START)
            stopping += asked
        await asyncio.gather(*stopping)
        self._save()
        self.console.say("stopped")

    def _changed(self) -> None:
        """Write the state soon; many changes at once are one write."""
        if not self._saving:
            self._saving = True
            asyncio.get_running_loop().call_later(0.02, self._save)

    def _save(self) -> None:
        self._saving = False
        state.save(self.home, self.about | {"pid": os.getpid(), "ready": self.ready, "processes": self._rows()})

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {
                "name": p.spec.name,
                "pid": p.pid,
                "state": p.state,
                "restarts": p.restarts,
                "since": p.since,
                "once": p.spec.once,
                "stop_signal": p.spec.stop_signal,
                "reload_signal": p.spec.reload_signal,
            }
            for p in self.processes
        ]


def run(supervisor: Callable[[], Supervisor], when_ready: WhenReady | None = None) -> int:
    """Run a supervisor in an event loop of its own."""

    async def main() -> int:
        if sys.platform == "linux" and sys.version_info < (3, 12):
            # Later Pythons choose it themselves; the old default keeps one thread per child, and we fork.
            watcher = asyncio.PidfdChildWatcher()
            watcher.attach_loop(asyncio.get_running_loop())
            asyncio.set_child_watcher(watcher)
        return await supervisor().run(when_ready)

    return asyncio.run(main())
