"""What the gateway lets through, and what it bears: Caddy itself, with our Caddyfile."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from shared.auth import issue
from shared.local.home import free_port
from tests.gateway import Gateway, caddy, for_test, gateway
from tests.waiting import PATIENCE, until

_MIB = 1024 * 1024

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def gate(environment: Callable[..., Any], tmp_path: Path) -> Iterator[Gateway]:
    """The gateway before sales."""
    environment("sales")
    with gateway("sales", tmp_path) as found:
        yield found


def _raw(gate: Gateway, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """A request for just this path; clients tidy it up."""
    connection = http.client.HTTPConnection("127.0.0.1", gate.port, timeout=PATIENCE)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, text


def test_figures_and_the_feed_are_for_the_inside(gate: Gateway) -> None:
    """However they are spelt; what a person may ask passes."""
    token = issue(role="service", service="inventory", lifetime=timedelta(minutes=5))
    inside = httpx.get(f"http://127.0.0.1:{gate.upstream}/sales/metrics", trust_env=False, timeout=PATIENCE)
    assert "lapak_" in inside.text
    for name in ("metrics", "events"):
        for path in (
            f"/sales/{name}", f"/sales/{name}/", f"/sales/{name}?x=1", f"//sales/{name}", f"/sales//{name}",
            f"/sales/./{name}", f"/sales/x/../{name}", f"/sales%2F{name}", f"/sales/%{ord(name[0]):x}{name[1:]}",
            f"/sales/{name}/.", f"/sales/{name}/%2e", f"/SALES/{name}", f"/sales/{name}%2F", f"/sales/{name};x",
            f"/%73ales/{name}", f"/sales/%2e/{name}", f"/sales/{name}%20", f"/sales%2f%2f{name}//",
        ):  # fmt: skip
            for method in ("GET", "HEAD", "OPTIONS"):
                status, text = _raw(gate, path, method, Authorization=f"Bearer {token}")
                assert status in {301, 302, 307, 308, 400, 404}, (path, method, status)
                assert "lapak_" not in text, path
                assert '"epoch"' not in text, path
    operator = issue(role="operator", lifetime=timedelta(minutes=5))
    assert _raw(gate, "/sales/events/status", Authorization=f"Bearer {operator}")[0] == 200
    assert _raw(gate, "/sales/healthz")[0] == _raw(gate, "/sales/readyz")[0] == _raw(gate, "/sales/docs")[0] == 200
    # Applying a batch by hand is the operator's: it gets there, and is read.
    assert _raw(gate, "/sales/events", "POST", Authorization=f"Bearer {operator}")[0] == 422


def _answered(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The refusal in words. A client that still sends when it is refused may see the connection end before it has read
    why, and Caddy, which still hands on, may say that it was cut off, without a word."""
    found: list[httpx.Response] = []

    def answers() -> bool:
        with suppress(httpx.TransportError):
            found.extend(answer for answer in [ask()] if "Content-Type" in answer.headers)
        return bool(found)

    until("it is answered", answers)
    return found[0]


def test_a_body_is_as_long_as_the_api_reads_and_no_longer(gate: Gateway) -> None:
    headers = {"Authorization": f"Bearer {issue(role='operator', lifetime=timedelta(minutes=5))}"}
    headers["Content-Type"] = "application/json"
    url = f"{gate.url}/sales/v1/pairings"
    said = _answered(lambda: httpx.post(url, content=b" " * (5 * _MIB), headers=headers, timeout=PATIENCE))
    told = _answered(
        lambda: httpx.post(url, content=(b" " * _MIB for _ in range(5)), headers=headers, timeout=PATIENCE)
    )
    for answer in (said, told):
        assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")
        assert answer.json()["code"] == "too-large"
    fits = httpx.post(url, content=b'{"role":"city"}' + b" " * (3 * _MIB), headers=headers, timeout=PATIENCE)
    assert fits.status_code == 201


def test_many_unfinished_bodies_stay_small(gate: Gateway) -> None:
    """60 that sent nearly all of 4 MiB took 707 MB of 128; each is now kept to the size of a usual batch."""
    process = psutil.Process(gate.pid)
    before = process.memory_info().rss
    head = (
        f"POST /sales/v1/pairing-claims HTTP/1.1\r\nHost: 127.0.0.1:{gate.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {4 * _MIB}\r\n\r\n"
    ).encode()
    with ExitStack() as stack:
        for _ in range(60):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", gate.port), timeout=PATIENCE))
            client.settimeout(0.2)
            client.sendall(head)
            _send_what_it_takes(client, 4 * _MIB - 1)
        grown = process.memory_info().rss - before
        # Whoever comes meanwhile is served.
        assert httpx.get(f"{gate.url}/sales/readyz", timeout=PATIENCE).status_code == 200
    print(f"60 unfinished bodies: {grown / _MIB:.0f} MiB")
    assert grown < 60 * _MIB


def _send_what_it_takes(client: socket.socket, size: int) -> None:
    """Until nobody reads on, or it was answered."""
    try:
        while size > 0:
            size -= client.send(b" " * min(size, 65536))
    except (TimeoutError, OSError):
        return


@pytest.mark.parametrize(
    "begun",
    [
        b"POST /sales/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n",
        b"GET /gateway HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_who_is_slow_is_let_go(begun: bytes, tmp_path: Path) -> None:
    """The head, the next request: with bounds a hundredth of what the Caddyfile says.

    Not the body: Caddy 2.11.2 keeps to `read_body`, and 2.11.7 does not, in front of a `reverse_proxy`. So who sends
    it slowly stays until he leaves; what that costs is bounded by how much is kept, and by the number of open files.
    """
    port = free_port()
    text = for_test(port, free_port())
    for bound, shorter in (("read_header 10s", "100ms"), ("idle 2m", "1200ms")):
        assert bound in text
        text = text.replace(bound, f"{bound.split()[0]} {shorter}")
    with caddy(text, port, tmp_path), socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(begun)
        while client.recv(4096):
            pass
