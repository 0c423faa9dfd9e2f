"""The doors of the pages: pairing, signing in and out, what other sites may not do, how often one may guess."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from shared.auth import issue
from shared.db import Database
from shared.http.guard import COOKIE
from shared.web import language
from tests.integration.doors import OWN, bearer, code_for, json_of

SERVICES = ("inventory", "sales", "training")


def _cookie(answer: Any) -> Any:
    jar = SimpleCookie()
    for header in answer.headers.getlist("Set-Cookie"):
        jar.load(header)
    return jar[COOKIE]


@pytest.mark.parametrize("service", SERVICES)
def test_a_code_lets_a_person_in_once(service: str, app_of: Callable[[str], Flask]) -> None:
    client = app_of(service).test_client()
    code = code_for(client, service, role="auditor", subject="Ibu Ani")
    home = client.get(f"/{service}/")
    assert (home.status_code, home.headers["Location"]) == (302, f"/{service}/sign-in?next=/{service}/")
    done = client.post(f"/{service}/sign-in", data={"code": code.lower(), "next": f"/{service}/"}, headers=OWN)
    assert (done.status_code, done.headers["Location"]) == (303, f"/{service}/")
    cookie = _cookie(done)
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    page = client.get(f"/{service}/")
    assert page.status_code == 200
    assert b"Ibu Ani" in page.data
    other = app_of(service).test_client()
    assert other.post(f"/{service}/sign-in", data={"code": code}, headers=OWN).status_code == 404
    client.post(f"/{service}/sign-out", headers=OWN)
    assert client.get(f"/{service}/").status_code == 302


def test_a_code_of_a_device_is_none_of_a_person_and_the_other_way_round(app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    device = code_for(client, "sales", role="register", outlet="OUT-1", register="OUT-1-1")
    person = code_for(client, "sales", role="city")
    assert client.post("/sales/sign-in", data={"code": device}, headers=OWN).status_code == 404
    assert client.post("/sales/v1/pairing-claims", json={"code": person}).status_code == 404
    claimed = client.post("/sales/v1/pairing-claims", json={"code": device})
    assert (json_of(claimed)["role"], json_of(claimed)["outlet"], json_of(claimed)["register"]) == (
        "register",
        "OUT-1",
        "OUT-1-1",
    )
    headers = {"Authorization": f"Bearer {json_of(claimed)['token']}"}
    assert client.get("/sales/v1/catalogue?outlet=OUT-1", headers=headers).status_code == 200


def test_a_code_expires(app_of: Callable[[str], Flask], urls_for: Callable[..., Any]) -> None:
    client = app_of("sales").test_client()
    code = code_for(client, "sales", role="city")
    database = Database(urls_for("sales").app)
    with database.transaction() as session:
        session.execute(text("UPDATE pairing SET expires_at = now() - interval '1 second'"))
    database.dispose()
    assert client.post("/sales/sign-in", data={"code": code}, headers=OWN).status_code == 404


def test_the_database_keeps_no_code_and_no_token(app_of: Callable[[str], Flask], urls_for: Callable[..., Any]) -> None:
    client = app_of("sales").test_client()
    code = code_for(client, "sales", role="register", outlet="OUT-1", register="OUT-1-1")
    token = json_of(client.post("/sales/v1/pairing-claims", json={"code": code}))["token"]
    database = Database(urls_for("sales").app)
    with database.transaction() as session:
        kept = str(session.execute(text("SELECT to_jsonb(p) FROM pairing p")).all())
    database.dispose()
    assert code not in kept
    assert code.replace("-", "") not in kept
    assert token not in kept
    assert "'code_hash': None" in kept


def test_what_was_paired_can_be_revoked_on_the_page(app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    code = code_for(client, "sales", role="register", outlet="OUT-1", register="OUT-1-1")
    (pairing,) = json_of(client.get("/sales/v1/pairings", headers=bearer("operator")))["items"]
    early = client.post(f"/sales/devices/{pairing['id']}/revocation", headers=bearer("operator"))
    assert early.status_code == 409
    token = json_of(client.post("/sales/v1/pairing-claims", json={"code": code}))["token"]
    page = client.get("/sales/devices", headers=bearer("operator")).text
    assert "OUT-1 · OUT-1-1" in page
    assert "Cabut" in page
    done = client.post(f"/sales/devices/{pairing['id']}/revocation", headers=bearer("operator"))
    assert done.status_code == 303
    fresh = app_of("sales").test_client()  # (a process reads revocations again every 2 s)
    assert fresh.get("/sales/v1/shifts", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert "dicabut" in client.get("/sales/devices", headers=bearer("operator")).text


def test_the_page_makes_a_code_and_says_what_is_wrong_with_a_form(app_of: Callable[[str], Flask]) -> None:
    client = app_of("inventory").test_client()
    wrong = client.post("/inventory/devices", data={"role": "terminal"}, headers=bearer("operator"))
    assert wrong.status_code == 422
    assert "takes --workshop" in wrong.text
    made = client.post("/inventory/devices", data={"role": "terminal", "workshop": "WS-1"}, headers=bearer("operator"))
    assert made.status_code == 201
    found = re.search(r"<b[^>]*>([0-9A-Z]{5}-[0-9A-Z]{5})</b>", made.text)
    assert found
    claimed = client.post("/inventory/v1/pairing-claims", json={"code": found[1]})
    assert json_of(claimed)["workshop"] == "WS-1"


def test_another_site_may_neither_sign_in_nor_change_anything(app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    client.set_cookie(COOKIE, issue(role="operator", lifetime=timedelta(minutes=5)))
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        for path in ("/sales/devices", "/sales/v1/pairings", "/sales/sign-in", "/sales/sign-out"):
            answer = client.post(path, data={"role": "city"}, headers=headers)
            assert answer.status_code == 403, (headers, path)
    assert json_of(client.get("/sales/v1/pairings"))["items"] == []
    assert client.post("/sales/v1/pairings", json={"role": "city"}, headers=OWN).status_code == 201
    same = {"Origin": "http://localhost"}  # a browser of before Fetch Metadata
    assert client.post("/sales/v1/pairings", json={"role": "city"}, headers=same).status_code == 201


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)"]
)
def test_signing_in_leads_to_no_other_site(path: str, app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    code = code_for(client, "sales", role="city")
    done = client.post("/sales/sign-in", data={"code": code, "next": path}, headers=OWN)
    assert done.headers["Location"] == "/sales/"


@pytest.mark.parametrize("wanted", ["", "/sales/"])
def test_an_operator_is_led_to_the_devices(wanted: str, app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    code = code_for(client, "sales", role="operator")
    done = client.post("/sales/sign-in", data={"code": code, "next": wanted}, headers=OWN)
    assert done.headers["Location"] == "/sales/devices"
    assert client.get("/sales/devices").status_code == 200


@pytest.mark.parametrize("way", ["sign-in", "v1/pairing-claims"])
def test_who_guesses_must_wait(way: str, app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    form: dict[str, Any] = {"data": {"code": "AAAAA"}, "headers": OWN} if way == "sign-in" else {"json": {"code": "A"}}
    answers = [client.post(f"/sales/{way}", **form).status_code for _ in range(11)]
    assert answers == [404] * 10 + [429]
    refused = client.post(f"/sales/{way}", **form)
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def _in_words(answer: Any, status: int, words: str) -> bool:
    told = (answer.status_code, answer.content_type, "<h1>" in answer.text, words in answer.text)
    return told == (status, "text/html; charset=utf-8", True, True)


def test_what_happens_to_any_request_is_said_in_words_on_a_page(
    app_of: Callable[[str], Flask], urls_for: Callable[..., Any]
) -> None:
    client, words = app_of("sales").test_client(), {"data": {"code": "A"}, "headers": OWN}
    large = client.post("/sales/sign-in", data={"code": "A" * 40_000}, headers=OWN)
    assert _in_words(large, 413, "Terlalu besar")
    for _ in range(10):
        client.post("/sales/sign-in", **words)
    often = client.post("/sales/sign-in", **words)
    assert _in_words(often, 429, "Terlalu sering dicoba")
    assert 0 < int(often.headers["Retry-After"]) <= 60
    assert "Tried too often" in client.post("/sales/sign-in?lang=en", **words).text
    client.delete_cookie(language.COOKIE)
    with psycopg.connect(urls_for("sales").owner) as owner:
        owner.execute("ALTER TABLE register RENAME TO elsewhere")
    away = client.get("/sales/registers", headers=bearer("city"))
    assert _in_words(away, 503, "Belum bisa sekarang")
    assert int(away.headers["Retry-After"]) > 0
    assert client.get("/sales/v1/registers", headers=bearer("city")).content_type == "application/problem+json"


@pytest.mark.parametrize("service", SERVICES)
def test_no_page_runs_scripts_of_others(service: str, app_of: Callable[[str], Flask]) -> None:
    app = app_of(service)
    client, headers = app.test_client(), bearer("auditor")
    paths = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and "<" not in rule.rule}
    pages = [path for path in paths if not re.search(r"/v1/|/events|/docs$", path)]
    seen = 0
    for path in pages:
        answer = client.get(path, headers=headers)
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        seen += 1
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", answer.text) is None, path
    assert seen >= 2


def test_the_language_is_asked_for_once_and_remembered(app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    assert '<html lang="id">' in client.get("/sales/sign-in").text
    assert '<html lang="en">' in client.get("/sales/sign-in?lang=en&endpoint=x&_scheme=y").text
    assert "Sign in" in client.get("/sales/sign-in").text


def test_files_are_small_and_asked_for_only_when_they_changed(app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    plain = client.get("/sales/static/shared/base.css")
    packed = client.get("/sales/static/shared/base.css", headers={"Accept-Encoding": "gzip"})
    assert len(packed.data) < len(plain.data) / 2
    again = client.get("/sales/static/shared/base.css", headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for path in ("nothing.css", "../app.py", "shared/../../app.py", "%2e%2e/app.py"):
        assert client.get(f"/sales/static/{path}").status_code == 404


# -- who lets whom in, and as whom -----------------------------------------------------------------------------
