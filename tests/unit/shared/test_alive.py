"""Signs of life: fresh, stale, missing, and those of a web server."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import alive
from shared.local.home import ROOT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """LAPAK_ALIVE."""
    monkeypatch.setenv("LAPAK_ALIVE", str(tmp_path / "alive"))
    monkeypatch.setattr(alive, "_last", {})
    return tmp_path / "alive"


@pytest.fixture
def web() -> Iterator[tuple[str, list[int]]]:
    """A server, and the statuses that it answers with from now on."""
    statuses = [200]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses[-1])
            self.end_headers()
            self.wfile.write(b"schema at 0001")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/sales/readyz", statuses
    server.shutdown()
    server.server_close()


def test_nobody_has_said_anything(folder: Path) -> None:
    assert alive.complaints(folder) == [f"no sign of life in {folder} yet"]
    assert alive.main() == 1


def test_each_loop_is_heard_and_one_that_stands_still_is_named(folder: Path) -> None:
    alive.beat("relay")
    alive.beat("reconciler")
    assert alive.complaints(folder) == []
    old = time.time() - alive.FRESH - 5
    os.utime(folder / "relay", (old, old))
    (complaint,) = alive.complaints(folder)
    assert complaint.startswith("relay: last seen 35 s ago")


def test_a_web_server_is_asked(folder: Path, web: tuple[str, list[int]]) -> None:
    address, statuses = web
    alive.leave(folder, "web", address)
    assert alive.complaints(folder) == []
    statuses.append(503)
    assert alive.complaints(folder) == [f"{address}: 503 schema at 0001"]
    alive.leave(folder, "web", "http://127.0.0.1:9/sales/readyz")
    assert "refused" in alive.complaints(folder)[0]


def test_nothing_is_written_where_nobody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAPAK_ALIVE", raising=False)
    monkeypatch.setattr(alive, "_last", {})
    monkeypatch.chdir(tmp_path)
    alive.beat("relay")
    assert list(tmp_path.iterdir()) == []


def test_a_loop_goes_on_where_its_sign_cannot_be_written(folder: Path) -> None:
    folder.write_text("a file, not a folder", encoding="ascii")
    alive.beat("worker")
    assert alive.complaints(folder) == [f"no sign of life in {folder} yet"]


def test_as_a_command(folder: Path) -> None:
    run = [sys.executable, "-m", "shared.alive"]
    silent = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (silent.returncode, "no sign of life" in silent.stdout) == (1, True)
    alive.beat("worker")
    assert subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False).stdout == "alive\n"
