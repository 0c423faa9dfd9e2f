"""The web server: granian, with a listening socket that outlives its workers and a reload that drops nobody.

python -m shared.server services.system.wsgi:create_app --port 8080

SIGTERM: no more connections, requests under way are answered, and all is over within 2 s. SIGHUP: for each worker a
new one, with the code as it now is; when it cannot begin, the old one stays. This module imports nothing of ours:
workers are forked off it, and what it had imported they would have too, as it was.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib
import json
import logging
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import logger
from granian.server import MPServer

#: Requests under way when SIGTERM comes get so long, in seconds. What is cut off rolls back, or is repeated by its id.
LAST_WORDS = 1.4
#: How long a new worker may take to begin, and an old one to answer what it has, while the others serve.
BEGIN, END = 60.0, 20.0
#: A connection on which no request comes is closed after so many ms; the gateway closes those that it keeps sooner.
SILENCE = 20_000
#: Folders in which the workers of a server count.
FIGURES = "lapak-figures-"
#: So long an old worker answers with `Connection: close`: clients that are busy move on by themselves.
FAREWELL = 1.0


class Farewell:
    """A WSGI app that tells each client, once its worker is to leave, to go on over a new connection."""

    def __init__(self, app: Callable[..., Iterable[bytes]], leaving: Any) -> None:
        self.app, self.leaving = app, leaving

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        if not self.leaving.value:
            return self.app(environ, start_response)

        def saying_so(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, ("Connection", "close")], *rest)

        return self.app(environ, saying_so)


def _load(load: Callable[[], Callable[..., Iterable[bytes]]], begun: Any, leaving: Any) -> Farewell:
    """Make the app, in the worker."""
    # Inherited handlers set flags of the parent: while the app is being imported, SIGTERM just ends us.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL if number != signal.SIGHUP else signal.SIG_IGN)
    try:
        app = Farewell(load(), leaving)
        importlib.import_module("shared.garbage").settle()  # imported here: workers are forked off the server
    except Exception:
        logger.exception("The app cannot be made")
        sys.exit(1)
    begun.value = True
    return app


_Granian: Any = MPServer  # its methods have no types


class Server(_Granian):  # type: ignore[misc]
    """Granian 2.8 as it is, but for who holds the socket and in which order SIGHUP replaces workers."""

    _shd: Any
    _ssp: Any

    def _init_shared_socket(self) -> None:
        # Granian gives each worker a socket of its own (SO_REUSEPORT). When a worker ends, so does its queue, and who
        # waits in it is reset. Here one is made once: who connects while no worker is there waits for the next.
        super()._init_shared_socket()
        if self._shd is None:
            self._shd, self._ssp = self._ssp.build(), None
            self._sfd = self._shd.get_fd()
            self._sso = socket.socket(fileno=self._sfd)
            self._sso.set_inheritable(True)

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any) -> Any:
        begun, leaving = multiprocessing.RawValue("b"), multiprocessing.RawValue("b")
        worker = super()._spawn_worker(idx, target, partial(_load, callback_loader, begun, leaving))
        worker.begun, worker.leaving = begun, leaving
        return worker

    def _reload(self, spawn_target: Any, target_loader: Any) -> None:
        self.reload_signal = False
        self.main_loop_interrupt.clear()
        for idx, old in enumerate(self.wrks):
            new = self._spawn_worker(idx, spawn_target, target_loader)
            if not self._begin(new):
                logger.error(f"New worker-{idx + 1} does not begin: the old one stays")
                break
            self.wrks[idx] = new
            self._send_off(old)
            logger.info(f"Worker-{idx + 1} is replaced")
        if self.interrupt_signal:  # it may have come since the flag was cleared
            self.main_loop_interrupt.set()

    def _begin(self, worker: Any) -> bool:
        worker.interrupt_by_parent = True  # if it dies before it has begun, granian must not replace the old one
        worker.start()
        self._wait(lambda: worker.begun.value or not worker.is_alive(), BEGIN)
        if not worker.begun.value:
            worker.kill()
            return False
        worker.interrupt_by_parent = False
        return True

    def _send_off(self, worker: Any) -> None:
        worker.leaving.value = True
        self._wait(lambda: False, FAREWELL)
        worker.terminate()
        self._wait(lambda: not worker.is_alive(), END)
        worker.kill()  # whoever is gone already feels nothing

    def _wait(self, over: Callable[[], Any], patience: float) -> None:
        """Wait for something while the others serve; SIGTERM ends that."""
        deadline = time.monotonic() + patience
        while not (over() or self.interrupt_signal or time.monotonic() > deadline):
            time.sleep(0.02)


@contextmanager
def figures() -> Iterator[None]:
    """A private folder in which the workers count, so that any one of them tells the sum (shared/http/metrics.py).

    It is locked while this process or a worker lives: so the next server knows what a killed one has left behind.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{FIGURES}*"):
        with suppress(OSError):
            _remove_if_left(left)
    folder = Path(tempfile.mkdtemp(prefix=FIGURES))
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _remove_if_left(folder: Path) -> None:
    about = folder.lstat()
    if about.st_uid != os.geteuid() or time.time() - about.st_mtime < BEGIN:  # one that begins has not locked it yet
        return
    held = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    finally:
        os.close(held)


class Line(logging.Formatter):
    """What granian says, as one JSON object per line, with the keys that our own lines have."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        line = {"event": record.getMessage(), "service": self.service, "process": "web", "logger": record.name}
        line |= {"level": record.levelname.lower(), "timestamp": moment}
        return json.dumps(line | ({"exception": self.formatException(record.exc_info)} if record.exc_info else {}))


def _logging(service: str) -> dict[str, Any] | None:
    if os.environ.get("LAPAK_LOG_FORMAT", "json") != "json":
        return None
    line = {"()": Line, "service": service}
    return {"formatters": {"generic": line, "access": line}}


def _check_traces(service: str) -> None:
    """Exit 2 when spans are wanted that cannot be had. By another process: this one imports nothing of ours."""
    check = f"import shared.telemetry; shared.telemetry.check({service!r}, 'web')"
    if os.environ.get("LAPAK_TRACES") and (code := subprocess.call([sys.executable, "-c", check])):
        sys.exit(code)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    options = argparse.ArgumentParser(prog="python -m shared.server")
    options.add_argument("target", help="a factory of the WSGI app, as module:name")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=8000)
    options.add_argument("--workers", type=int, default=int(os.environ.get("LAPAK_WEB_WORKERS") or 1))
    options.add_argument("--threads", type=int, default=int(os.environ.get("LAPAK_WEB_THREADS") or 8))
    options.add_argument("--ready", help="the path at which it says whether it is ready (see shared/alive.py)")
    given = options.parse_args()
    if given.ready and (folder := os.environ.get("LAPAK_ALIVE")):
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder, "web").write_text(f"http://127.0.0.1:{given.port}{given.ready}", encoding="ascii")
    service = given.target.rpartition(":")[0].split(".")[-2:][0]  # services.sales.app:create_app
    _check_traces(service)
    with figures():
        _serve(given, service)


def _serve(given: argparse.Namespace, service: str) -> None:
    Server(
        given.target,
        address=given.host,
        port=given.port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=given.workers,
        blocking_threads=given.threads,
        # The thread that talks HTTP is not one that holds Python's lock; a quarter less CPU per request here.
        runtime_mode=RuntimeModes.mt,
        backlog=1024,
        websockets=False,
        # Where it has to find out which HTTP is spoken, granian waits for the first byte without end: who only
        # connected, a thousand times, kept everybody out.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=SILENCE, max_buffer_size=65_536),
        respawn_failed_workers=True,
        workers_kill_timeout=LAST_WORDS,
        log_dictconfig=_logging(service),
    ).serve()


if __name__ == "__main__":
    main()
