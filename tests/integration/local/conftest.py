"""A small system that a test can start, look at and kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from shared.local import state
from shared.local.home import ROOT, Home, free_port
from tests.waiting import PATIENCE, until


class Small:
    """`up`, `down` and `status` of tests/integration/local/small.py, in a home of its own."""

    def __init__(self, folder: Path, *, python: str = sys.executable, user: int | None = None, **extra: str) -> None:
        self.home = Home(folder.resolve())
        self.user = user
        self._command = [python, "-m", "tests.integration.local.small"]
        self._environment = {"LAPAK_HOME": str(self.home.root), "PATH": os.environ["PATH"], **extra}
        self.running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, **extra: str) -> subprocess.Popen[str]:
        """Begin a command."""
        command = [*self._command, *arguments]
        started = subprocess.Popen(
            command, cwd=ROOT, env=self._environment | extra, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, user=self.user, group=self.user,
            extra_groups=[] if self.user else None,
        )  # fmt: skip
        self.running.append(started)
        return started

    def run(self, *arguments: str, **extra: str) -> tuple[int, str]:
        """A command's exit code and output."""
        output, _ = self.start(*arguments, **extra).communicate(timeout=2 * PATIENCE)
        return self.running[-1].returncode, output

    def up(self, *arguments: str, **extra: str) -> subprocess.Popen[str]:
        """Start in the foreground on a free port, and wait until it is ready."""
        started = self.start("up", "--port", str(free_port()), *arguments, **extra)
        until("it is ready", lambda: self.is_ready(started) or started.poll() is not None)
        assert self.is_ready(started), started.communicate()[0]
        return started

    def is_ready(self, started: subprocess.Popen[str]) -> bool:
        """Whether this very supervisor has said so: after `kill -9` the old one's word is still there."""
        found = state.load(self.home)
        return bool(found.get("ready")) and found["pid"] == started.pid

    @property
    def ready(self) -> bool:
        return bool(state.load(self.home).get("ready"))

    def process(self, name: str) -> dict[str, Any]:
        """What the state says of one process."""
        return next(row for row in state.load(self.home)["processes"] if row["name"] == name)

    def alive(self) -> list[str]:
        """Commands of all processes that belong to this home: by the mark in their environment, or by their data."""
        found = []
        for process in psutil.process_iter():
            try:
                command = process.cmdline()
                marked = process.environ().get("LAPAK_HOME") == str(self.home.root)
            except psutil.Error:
                continue
            if command and (marked or str(self.home.servers) in " ".join(command)):
                found.append(" ".join(command))
        return found

    def postgres_url(self) -> str:
        """A superuser's URL."""
        password = (self.home.secrets / "postgres").read_text(encoding="utf-8")
        return f"postgresql://postgres:{password}@127.0.0.1:{state.load(self.home)['ports']['postgres']}/postgres"

    def end(self) -> None:
        """Whatever happened: nothing of it is left."""
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
        if self.home.run.exists() and state.is_held(self.home):
            self.run("down")
        if self.home.servers != self.home.root:
            subprocess.run(["rm", "-rf", str(self.home.servers)], check=True)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    """A small system that is not started yet."""
    system = Small(tmp_path / "home")
    yield system
    system.end()
