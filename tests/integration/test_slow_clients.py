"""Clients that begin and do not go on, straight at the web server: who else comes is served all the same."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.auth import issue
from tests.gateway import web
from tests.waiting import PATIENCE

_THREADS = 4

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def port(environment: Callable[..., Any], tmp_path: Path) -> Iterator[int]:
    """A web server of sales with few threads."""
    environment("sales")
    with web("sales", tmp_path, LAPAK_WEB_THREADS=str(_THREADS)) as found:
        yield found


def _begin(port: int, path: str, **headers: str) -> socket.socket:
    """A request whose body is announced and does not come."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", "Content-Length: 10000", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    client.sendall("\r\n".join([*lines, "", "{"]).encode())
    return client


def test_slow_bodies_hold_half_of_the_threads_at_most(port: int) -> None:
    token = {"Authorization": f"Bearer {issue(role='operator', lifetime=timedelta(minutes=5))}"}
    with (
        ExitStack() as stack,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False) as other,
    ):
        slow = [stack.enter_context(closing(_begin(port, "/sales/v1/pairings", **token))) for _ in range(3 * _THREADS)]
        deadline = time.monotonic() + PATIENCE
        while (answer := other.post("/sales/v1/pairings", json={"role": "city"}, headers=token)).status_code != 503:
            assert time.monotonic() < deadline, "there is always a thread that waits for one more"
        assert answer.headers["Retry-After"] == "1"
        assert answer.json()["code"] == "service-unavailable"
        assert [other.get("/sales/v1/pairings", headers=token).status_code for _ in range(20)] == [200] * 20
        for client in slow:
            client.close()
        while (answer := other.post("/sales/v1/pairings", json={"role": "city"}, headers=token)).status_code != 201:
            assert answer.status_code == 503
            assert time.monotonic() < deadline, "those who left are waited for"


def test_who_has_no_token_sends_little(port: int) -> None:
    """Neither does what he announces hold a thread, nor is it read."""
    big = b"x" * 40_000
    for path in ("/sales/sign-in", "/sales/sign-out", "/sales/v1/pairing-claims"):
        url, headers = f"http://127.0.0.1:{port}{path}", {"Sec-Fetch-Site": "same-origin"}
        type_ = "application/json" if "v1" in path else "application/x-www-form-urlencoded"
        said = httpx.post(url, content=big, headers=headers | {"Content-Type": type_}, timeout=PATIENCE)
        assert said.status_code in {413, 303}, path
    with ExitStack() as stack:
        for _ in range(3 * _THREADS):  # 401 at once: the body of a stranger is not waited for
            client = stack.enter_context(closing(_begin(port, "/sales/v1/pairings")))
            assert b" 401 " in client.recv(100)
        assert httpx.get(f"http://127.0.0.1:{port}/sales/healthz", timeout=PATIENCE).status_code == 200


def test_who_says_nothing_is_let_go(port: int) -> None:
    """Neither who only connects, nor who does not finish the head, nor who asks nothing more stays."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)) for _ in range(3)
        ]
        clients[1].sendall(b"GET /sales/healthz HTTP/1.1\r\nHost: x\r\n")
        clients[2].sendall(b"GET /sales/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        for client in clients:
            while client.recv(4096):
                pass
