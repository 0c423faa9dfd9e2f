"""Who asks, when proxies stand in front: Caddy that ends TLS, before our gateway, before a web server."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from shared.auth import issue
from shared.db import Database
from shared.http.guard import COOKIE
from shared.local.home import free_port
from tests.gateway import Gateway, caddy, gateway, program, started
from tests.tls import Certificate, certificate
from tests.waiting import PATIENCE

_TLS_CADDY = """{{
	admin off
	auto_https off
	persist_config off
}}
https://127.0.0.1:{port} {{
	tls {certificate.public} {certificate.private}
	reverse_proxy 127.0.0.1:{behind}
}}
"""
# What the operations page shows for nginx.
_TLS_NGINX = """daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificate.public}; ssl_certificate_key {certificate.private};
    client_max_body_size 5m;
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
    }}
  }}
}}
"""


@contextmanager
def _tls(kind: str, folder: Path, behind: int) -> Iterator[tuple[str, Certificate]]:
    """A proxy that ends TLS and hands on to `behind`; its origin."""
    folder.mkdir()
    shown, port = certificate(folder), free_port()
    if kind == "caddy":
        text = _TLS_CADDY.format(port=port, certificate=shown, behind=behind)
        with caddy(text, port, folder):
            yield f"https://127.0.0.1:{port}", shown
        return
    file = folder / "nginx.conf"
    file.write_text(_TLS_NGINX.format(port=port, certificate=shown, behind=behind, folder=folder), encoding="utf-8")

    def ready() -> None:
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=PATIENCE)

    with started([program("nginx"), "-e", "stderr", "-c", str(file)], ready, folder):
        yield f"https://127.0.0.1:{port}", shown


def _client(url: str, shown: Certificate | None, source: str) -> httpx.Client:
    """A client whose own address is `source`."""
    verify = ssl.create_default_context(cafile=shown.public) if shown else False
    transport = httpx.HTTPTransport(local_address=source, verify=verify)
    return httpx.Client(base_url=url, transport=transport, timeout=PATIENCE)


def _code(gate: Gateway) -> str:
    token = issue(role="operator", lifetime=timedelta(minutes=5))
    made = httpx.post(
        f"http://127.0.0.1:{gate.upstream}/sales/v1/pairings",
        json={"role": "city"}, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=PATIENCE,
    )  # fmt: skip
    return str(made.raise_for_status().json()["code"])


def _guesses(client: httpx.Client, count: int, **headers: str) -> list[int]:
    return [
        client.post("/sales/v1/pairing-claims", json={"code": "A"}, headers=headers).status_code for _ in range(count)
    ]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kind", ["caddy", "nginx"])
def test_tls_before_the_gateway(kind: str, environment: Callable[..., Any], tmp_path: Path) -> None:
    environment("sales")
    with (
        gateway("sales", tmp_path, proxies=2, trusted="127.0.0.1/32") as gate,
        _tls(kind, tmp_path / "tls", gate.port) as (origin, shown),
    ):
        one, other = _client(origin, shown, "127.0.0.2"), _client(origin, shown, "127.0.0.3")
        # A browser of before Fetch Metadata says from where its form was sent, and no more.
        old = {"Origin": origin}
        done = one.post("/sales/sign-in", data={"code": _code(gate), "next": "/sales/reports"}, headers=old)
        assert (done.status_code, done.headers["Location"]) == (303, "/sales/reports")
        cookie = SimpleCookie(done.headers["Set-Cookie"])[COOKIE]
        assert cookie["secure"]
        assert one.get("/sales/").status_code == 200
        for strange in ({"Origin": "https://evil.example"}, {"Origin": origin.replace("https", "http")}, {}):
            assert one.post("/sales/sign-in", data={"code": "A"}, headers=strange).status_code == 403
        # Whoever guesses waits, whatever he says of himself; nobody else does.
        assert _guesses(one, 11, **{"X-Forwarded-For": "9.9.9.9"}) == [404] * 10 + [429]
        assert _guesses(one, 1, **{"X-Forwarded-For": "8.8.8.8, 7.7.7.7"}) == [429]
        assert _guesses(other, 1) == [404]


@pytest.mark.timeout(180)
def test_the_gateway_believes_no_proxy_that_it_was_not_told_of(environment: Callable[..., Any], tmp_path: Path) -> None:
    environment("sales")
    with gateway("sales", tmp_path) as gate:
        one, other = _client(gate.url, None, "127.0.0.2"), _client(gate.url, None, "127.0.0.3")
        claim = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "9.9.9.9"}
        code = _code(gate)
        refused = one.post("/sales/sign-in", data={"code": code}, headers=claim | {"Origin": "https://evil.example"})
        assert refused.status_code == 403
        done = one.post("/sales/sign-in", data={"code": code}, headers=claim | {"Origin": gate.url})
        assert done.status_code == 303
        assert not SimpleCookie(done.headers["Set-Cookie"])[COOKIE]["secure"]
        codes = [_guesses(one, 1, **{"X-Forwarded-For": f"9.9.9.{number}"})[0] for number in range(11)]
        assert codes == [404] * 10 + [429]
        assert _guesses(other, 1) == [404]


@pytest.fixture
def app_behind(database_for: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Flask]:
    """The app of sales with so many proxies before it."""

    def app_behind(count: int) -> Flask:
        from services.sales.app import create_app

        monkeypatch.setenv("LAPAK_PROXIES", str(count))
        return create_app(database_for("sales"))

    return app_behind


@pytest.mark.parametrize(
    ("count", "address", "believed"),
    [
        (1, "198.51.100.7", True),
        (1, "9.9.9.9, 198.51.100.7", True),
        (2, "198.51.100.7, 10.0.0.1", True),
        (3, "9.9.9.9, 198.51.100.7, 10.0.0.2, 10.0.0.1", True),
        (0, "198.51.100.7", False),
    ],
)
def test_as_many_addresses_are_believed_as_there_are_proxies(
    count: int, address: str, believed: bool, app_behind: Callable[[int], Flask]
) -> None:
    """Scheme and host are told once, by the first proxy, however many there are."""
    app = app_behind(count)
    seen: dict[str, str | None] = {}

    @app.before_request
    def note() -> None:
        from flask import request

        seen.update(address=request.remote_addr, scheme=request.scheme, host=request.host)

    told = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "lapak.example"}
    run_wsgi_app(app, EnvironBuilder("/sales/healthz", headers=list(told.items())).get_environ())
    wanted = {"address": "198.51.100.7", "scheme": "https", "host": "lapak.example"}
    assert (seen == wanted) == believed
