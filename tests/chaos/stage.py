"""The system that is broken: two of each worker and courier, three web processes, a proxy on every link.

python -m tests.chaos.stage HOME: runs the supervisor there, with the ports that `staged` has written down.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from shared.config import SERVICES
from shared.local import state
from shared.local.children import die_with_parent
from shared.local.console import Console
from shared.local.environment import complete, local_environment
from shared.local.home import ROOT, Home, LocalError, free_port, private_ports, read_json, write_json
from shared.local.process import Spec
from shared.local.running import KEYS, Running, frozen, wait_until_up
from shared.local.supervisor import Supervisor, run
from shared.local.system import servers, services
from tests.chaos.register import Register
from tests.chaos.snapshot import Snapshot
from tests.waiting import NeverCame, until

WEB_PROCESSES = 3
COPIES = ("", "-2")
PROCESSES = ("web", *(f"{s}-{kind}{copy}" for s in SERVICES for kind in ("worker", "courier") for copy in COPIES))
#: What travels between processes: the registers' requests, queue messages, each service's statements, each feed.
LINKS = ("web", "redis", *(f"{service}-{to}" for service in SERVICES for to in ("database", "feed")))


class Proxy:
    """The proxy process; `ports` are where each link listens."""

    def __init__(self, targets: Mapping[str, int]) -> None:
        self.ports: dict[str, int] = {}
        for name in targets:
            self.ports[name] = free_port([*self.ports.values(), *targets.values()])
        table = {name: [self.ports[name], target] for name, target in targets.items()}
        command = [sys.executable, "-m", "tests.chaos.proxy", json.dumps(table)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            raise LocalError("the proxy did not start")
        self.held: queue.Queue[int] = queue.Queue()
        self.lock = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.held.put(int(line.removeprefix("held ")))

    def set(self, link: str, mode: str, delay: float = 0.0) -> None:
        """Change the mode of one link (see proxy.MODES)."""
        with self.lock:
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps({"link": link, "mode": mode, "delay": delay}) + "\n")
            self.process.stdin.flush()

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)


@dataclass
class Stage:
    """A system that is up, and the weather on its links. `url` leads through the proxy, `running.url` past it."""

    running: Running
    proxy: Proxy
    url: str
    poison: dict[str, str] = field(default_factory=dict)  # event id → type, of what the faults injected
    registers: Sequence[Register] = ()
    snapshot: Snapshot = field(default_factory=Snapshot)
    restored: int = 0
    forged: int = 0
    _chosen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def may(self, fault: str, other: str) -> bool:
        """Whether this fault may happen: the other has not, and now it never will."""
        with self._lock:
            if other in self._chosen:
                return False
            self._chosen.add(fault)
            return True

    def heal(self) -> None:
        """All links open, nothing held, all processes ready."""
        self.snapshot.end()
        for link in LINKS:
            self.proxy.set(link, "open")
        for name in ("postgres", "redis", *PROCESSES):
            self.running.wait_ready(name, patience=180)


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Start everything below `folder`; at the end, stop it and see that no process is left (LocalError)."""
    home = Home(folder).create()
    ports = private_ports(home, ("postgres", "redis", "web"))
    targets = {"web": ports["web"], "redis": ports["redis"]}
    targets |= {f"{s}-{to}": ports["postgres" if to == "database" else "web"] for s in SERVICES for to in _ENDS}
    proxy = Proxy(targets)
    write_json(home.run / "links.json", proxy.ports)
    own = {name: value for name, value in os.environ.items() if name in KEYS or not name.startswith("LAPAK_")}
    command = [sys.executable, "-m", "tests.chaos.stage", str(home.root)]
    output = home.logs / "up.log"
    with output.open("wb") as log:
        up = subprocess.Popen(command, cwd=ROOT, env=own, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{proxy.ports['web']}"
        yield Stage(wait_until_up(home, up, output, own), proxy, url)
    finally:
        up.terminate()
        up.wait(timeout=180)
        proxy.close()
    with suppress(NeverCame):  # what is about to end has no time of its own on a busy machine
        until("no process is left", lambda: not processes_of(home), every=0.5)
    if left := processes_of(home):
        raise LocalError(f"processes are left behind: {left}")


_ENDS = ("database", "feed")


def copy_home(running: Running, target: Home) -> None:
    """What a system has on disk at one moment, for another that begins where it stood."""
    source = running.home
    with frozen(running.pid("postgres")):  # nothing is written while we copy: the copy is as after a power cut
        for old, new in {(source.root, target.root), (source.servers, target.servers)}:
            subprocess.run(["cp", "-a", str(old), str(new)], check=True)
    (target.run / "state.json").unlink(missing_ok=True)


def remove_home(home: Home) -> None:
    """Its folders, all of them."""
    shutil.rmtree(home.servers, ignore_errors=True)
    shutil.rmtree(home.root, ignore_errors=True)


def processes_of(home: Home) -> list[str]:
    """What still runs of a home: command lines."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.environ().get("LAPAK_HOME", "")]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if process.pid != os.getpid() and any(str(path) in words for path in (home.root, home.servers / "postgres")):
            found.append(f"{process.pid} {' '.join(words)}")
    return found


def main(root: str) -> int:
    """Run the supervisor until SIGTERM."""
    home = Home(Path(root))
    ports, links = read_json(home.run / "ports.json"), read_json(home.run / "links.json")
    through = local_environment(home, {"postgres": ports["postgres"], "redis": links["redis"], "web": ports["web"]})
    for service in SERVICES:
        name = f"LAPAK_{service.upper()}_DATABASE_URL"
        through[name] = through[name].replace(f":{ports['postgres']}/", f":{links[f'{service}-database']}/")
        through[f"LAPAK_{service.upper()}_URL"] = f"http://127.0.0.1:{links[f'{service}-feed']}/{service}"
    through |= {"LAPAK_LOG_FORMAT": "text", "PYTHONUNBUFFERED": "1", "LAPAK_WEB_WORKERS": str(WEB_PROCESSES)}
    environment = complete(os.environ, through)
    known = servers(home, {name: ports[name] for name in ("postgres", "redis")})
    specs = [*known, *services(home, environment, ports["web"], create=True, redis_port=links["redis"])]
    specs = [replace(spec, name=f"{spec.name}{copy}") for spec in specs for copy in _copies(spec)]
    specs = [_roomy(spec) if spec.name == "postgres" else spec for spec in specs]
    console = Console(home.logs, [spec.name for spec in specs])
    console.quiet = True
    url = f"http://127.0.0.1:{ports['web']}"
    with state.held(home):
        return run(lambda: Supervisor(home, specs, console, {"url": url, "ports": ports}))


def _copies(spec: Spec) -> tuple[str, ...]:
    return COPIES if spec.name.endswith(("-worker", "-courier")) else ("",)


def _roomy(postgres: Spec) -> Spec:
    return replace(postgres, command=[*postgres.command, "-c", "max_connections=300"])


if __name__ == "__main__":
    die_with_parent(signal.SIGTERM, os.getppid())
    sys.exit(main(sys.argv[1]))
