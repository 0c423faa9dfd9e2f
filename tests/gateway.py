"""The gateway for tests: Caddy itself with deploy/Caddyfile, in front of a web server of one service."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from shared.local.children import child_setup
from shared.local.home import ROOT, free_port
from tests.waiting import PATIENCE, until

CADDYFILE = ROOT / "deploy" / "Caddyfile"


def program(name: str) -> str:
    """A program of the development requirements, else of PATH. Skips the test, loudly, where there is none."""
    if found := shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"):
        return found
    pytest.skip(f"NOT RUN: no {name} on PATH")


@contextmanager
def started(command: list[str], ready: Callable[[], object], folder: Path, **environment: str) -> Iterator[int]:
    """A program that ends with the test; its process id once `ready()` raises nothing. What it says is in `folder`."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=child_setup(),  # noqa: PLW1509
        )  # fmt: skip
    try:
        _await(process, ready, folder / "log")
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], ready: Callable[[], object], log: Path) -> None:
    def answers() -> bool:
        assert process.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        try:
            ready()
        except (httpx.HTTPError, OSError):
            return False
        return True

    until("it answers", answers, told=lambda: log.read_text(encoding="utf-8")[-2000:])


@contextmanager
def caddy(text: str, port: int, folder: Path, **environment: str) -> Iterator[int]:
    """Caddy with this Caddyfile, which listens at `port`; its process id."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    command = [program("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    home = {"XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)}

    def ready() -> None:
        httpx.get(f"http://127.0.0.1:{port}/gateway", trust_env=False, timeout=PATIENCE)

    with started(command, ready, folder, **home, **environment) as pid:
        yield pid


def for_test(port: int, upstream: int) -> str:
    """deploy/Caddyfile as it is, but for its port, and replicas that no name server knows."""
    found = CADDYFILE.read_text(encoding="utf-8")
    text, replaced = re.subn(r"dynamic a \{.*?\n\t\t\}", f"to 127.0.0.1:{upstream}", found, flags=re.DOTALL)
    assert replaced == 1
    assert ":8080 {" in text
    return text.replace(":8080 {", f":{port} {{")


@contextmanager
def web(service: str, folder: Path, **environment: str) -> Iterator[int]:
    """A web server of the service, on the databases that LAPAK_… name; its port."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "shared.server", f"services.{service}.app:create_app", "--port", str(port)]

    def ready() -> None:
        httpx.get(f"http://127.0.0.1:{port}/{service}/healthz", trust_env=False, timeout=PATIENCE).raise_for_status()

    with started(command, ready, folder, PYTHONPATH=str(ROOT), **environment):
        yield port


class Gateway:
    """A running gateway: `url`, and the process id of Caddy."""

    def __init__(self, port: int, pid: int, upstream: int) -> None:
        self.port, self.pid, self.upstream = port, pid, upstream
        self.url = f"http://127.0.0.1:{port}"


@contextmanager
def gateway(service: str, folder: Path, *, proxies: int = 1, trusted: str = "") -> Iterator[Gateway]:
    """The gateway before a web server; `trusted`: which proxies before it are, `proxies`: how many there are in all."""
    program("caddy")
    with ExitStack() as stack:
        upstream = stack.enter_context(web(service, folder / "web", LAPAK_PROXIES=str(proxies)))
        port = free_port()
        text = for_test(port, upstream)
        pid = stack.enter_context(caddy(text, port, folder / "gateway", LAPAK_TRUSTED_PROXIES=trusted))
        yield Gateway(port, pid, upstream)
