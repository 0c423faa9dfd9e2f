"""The folder in which the workers of a web server count."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from shared.local.home import ROOT, free_port
from tests.waiting import PATIENCE, machine, until

_APP = """
import os
def create_app():
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [os.environ["PROMETHEUS_MULTIPROC_DIR"].encode()]
    return app
"""


@contextmanager
def _server(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A server whose temporary directory is `folder`, and the folder in which it counts."""
    (folder / "little.py").write_text(_APP, encoding="utf-8")
    port = free_port()
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "shared.server", "little:create_app", "--port", str(port)]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield process, _asked(f"http://127.0.0.1:{port}/")
        finally:
            process.terminate()  # a killed one leaves its worker behind
            process.wait(PATIENCE)


def _asked(url: str) -> Path:
    def answer() -> str:
        with suppress(OSError), urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return str(answer.read().decode())
        return ""

    return Path(until("it answers", answer))


def _left(folder: Path, name: str, age: float = 3600.0) -> Path:
    """A folder as a killed server leaves it."""
    found = folder / f"lapak-figures-{name}"
    found.mkdir()
    (found / "counter_0.db").write_bytes(b"\0" * 8)
    os.utime(found, (time.time() - age,) * 2)
    return found


def test_it_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    with _server(tmp_path) as (process, folder):
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        with machine() as clock:
            process.send_signal(signal.SIGTERM)
            clock.sees("it has ended", lambda: process.poll() is not None, 2.0)
        assert process.returncode == 0
        assert not folder.exists()


def test_what_a_killed_server_left_is_removed_and_what_others_use_is_not(tmp_path: Path) -> None:
    left, used, young = _left(tmp_path, "left"), _left(tmp_path, "used"), _left(tmp_path, "young", age=1.0)
    other = tmp_path / "something-else"
    other.mkdir()
    link = tmp_path / "lapak-figures-link"
    link.symlink_to(other)
    held = os.open(used, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        with _server(tmp_path):
            assert [path.exists() for path in (left, used, young, other, link)] == [False, True, True, True, True]
    finally:
        os.close(held)


def test_a_killed_server_s_folder_is_locked_while_a_worker_lives(tmp_path: Path) -> None:
    with _server(tmp_path) as (_, folder):
        other = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
