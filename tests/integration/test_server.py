"""The web server by itself, with small apps: what SIGHUP and SIGTERM do when things are not as they should be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from shared.local.home import ROOT, free_port
from tests.waiting import PATIENCE, machine, until

_APP = """
import os
def create_app():
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"{name} %d" % os.getpid()]
    return app
"""


class Server:
    """A server of the app in `file`, whose answer is the app's name and the worker's id."""

    def __init__(self, folder: Path) -> None:
        self.file, self.log, self.port = folder / "little.py", folder / "log", free_port()
        self.write("one")
        command = [sys.executable, "-m", "shared.server", "little:create_app", "--port", str(self.port)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        until("it answers", self.answers)

    def write(self, name: str, first: str = "") -> None:
        """The app as its next worker will find it; `first` is a line at its top."""
        self.file.write_text(f"{first}\n{_APP.format(name=name)}", encoding="utf-8")

    def ask(self) -> list[str]:
        """(name, worker)."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=PATIENCE) as answer:
            found: list[str] = answer.read().decode().split()
        return found

    def answers(self) -> bool:
        """Whether somebody is there."""
        try:
            return bool(self.ask())
        except OSError:
            return False

    def says(self, text: str) -> bool:
        """Whether it is in the log."""
        return text in self.log.read_text(encoding="utf-8")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that answers, with one worker."""
    found = Server(tmp_path)
    children = psutil.Process(found.process.pid).children()
    yield found
    children += psutil.Process(found.process.pid).children() if found.process.poll() is None else []
    found.process.kill()
    found.process.wait()
    for child in children:
        if child.is_running():
            child.kill()


def test_a_reload_takes_the_code_as_it_now_is(server: Server) -> None:
    server.write("two")
    server.process.send_signal(signal.SIGHUP)
    until("its worker is replaced", lambda: server.says("Worker-1 is replaced"))
    assert server.ask()[0] == "two"


def test_when_the_new_code_cannot_begin_the_old_worker_stays(server: Server) -> None:
    before = server.ask()
    server.write("two", "raise RuntimeError('broken')")
    server.process.send_signal(signal.SIGHUP)
    until("it says so", lambda: server.says("the old one stays"))
    assert server.ask() == before
    server.write("three")
    server.process.send_signal(signal.SIGHUP)
    until("its worker is replaced", lambda: server.says("Worker-1 is replaced"))
    assert server.ask()[0] == "three"


def test_who_connects_while_there_is_no_worker_waits_for_the_next(server: Server) -> None:
    name, worker = server.ask()
    os.kill(int(worker), signal.SIGKILL)
    after = server.ask()
    assert after[0] == name
    assert after[1] != worker


def test_sigterm_in_the_middle_of_a_reload_ends_it_in_time_and_twice_is_as_once(server: Server) -> None:
    server.write("two", "import time; time.sleep(600)")
    server.process.send_signal(signal.SIGHUP)
    until("the reload has begun", lambda: len(psutil.Process(server.process.pid).children()) == 2)
    workers = psutil.Process(server.process.pid).children()
    with machine() as clock:
        server.process.terminate()
        server.process.terminate()
        clock.sees("it has ended", lambda: server.process.poll() is not None, 2.0)
    assert server.process.returncode == 0
    assert not any(worker.is_running() for worker in workers)
