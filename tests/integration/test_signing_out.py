"""Tokens of people: how long they last, how they end, and what becomes of a form whose sender's token has ended."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from shared.auth import issue, verify
from shared.clock import now
from shared.db import Database
from shared.http.guard import COOKIE
from tests.integration.doors import OWN, bearer, code_for

SERVICES = ("inventory", "sales", "training")


def _hours(service: str, token: str) -> float:
    return (verify(token, at=service).expires_at - now().timestamp()) / 3600


def _cookie(client: FlaskClient) -> str:
    found = client.get_cookie(COOKIE)
    assert found
    return str(found.value)


@pytest.mark.parametrize("service", SERVICES)
def test_a_person_is_in_for_a_days_work(service: str, app_of: Callable[[str], Flask]) -> None:
    client = app_of(service).test_client()
    for more in ({}, {"days": 365}):
        code = code_for(client, service, role="auditor", subject="Ani", **more)
        assert client.post(f"/{service}/sign-in", data={"code": code}, headers=OWN).status_code == 303
        assert 11.9 < _hours(service, _cookie(client)) <= 12
        found = client.get_cookie(COOKIE)
        assert found
        assert found.max_age
        assert 11.9 * 3600 < found.max_age <= 12 * 3600


def test_a_device_is_in_for_a_year_or_as_long_as_was_said(app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    for more, days in (({}, 365), ({"days": 30}, 30)):
        code = code_for(client, "sales", role="register", outlet="OUT-1", register="OUT-1-1", **more)
        claimed: Any = client.post("/sales/v1/pairing-claims", json={"code": code}).json
        assert days - 0.1 < _hours("sales", claimed["token"]) / 24 <= days


@pytest.mark.parametrize("service", SERVICES)
def test_who_signs_out_ends_the_token_and_every_copy_of_it(
    service: str, app_of: Callable[[str], Flask], database_for: Callable[[str], Database]
) -> None:
    client = app_of(service).test_client()
    code = code_for(client, service, role="auditor", subject="Ani")
    client.post(f"/{service}/sign-in", data={"code": code}, headers=OWN)
    copy = {"Authorization": f"Bearer {_cookie(client)}"}
    assert client.get(f"/{service}/v1/pairings", headers=copy).status_code == 200
    assert client.post(f"/{service}/sign-out", headers=OWN).status_code == 303
    assert client.get_cookie(COOKIE) is None
    fresh = app_of(service).test_client()  # (a process reads revocations again after a moment)
    assert fresh.get(f"/{service}/v1/pairings", headers=copy).status_code == 401
    pairings: Any = fresh.get(f"/{service}/v1/pairings", headers=bearer("operator")).json
    assert [bool(one["revoked_at"]) for one in pairings["items"]] == [True]
    with database_for(service).transaction() as session:
        announced = session.scalars(text("SELECT type FROM outbox")).all()
    assert len(announced) == 1  # the other services hear of it
    assert "TokenRevoked" in announced[0]


@pytest.mark.parametrize("cookie", ["", "nonsense", "expired"])
def test_without_a_token_that_is_one_signing_out_does_no_harm(cookie: str, app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    if cookie:
        ended = issue(role="city", lifetime=timedelta(seconds=-5))
        client.set_cookie(COOKIE, ended if cookie == "expired" else cookie)
    assert client.post("/sales/sign-out", headers=OWN).status_code == 303
    assert client.get_cookie(COOKIE) is None
    assert client.post("/sales/sign-out", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def _form(page: str) -> tuple[str, dict[str, str]]:
    """Where the page's form posts to, and its hidden fields."""
    main = page.split("<main", 1)[1]
    (action,) = re.findall(r'<form[^>]* method="post" action="([^"]+)"', main)
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', main)
    return html.unescape(action), {html.unescape(name): html.unescape(value) for name, value in hidden}


def test_what_was_typed_when_the_token_ended_is_sent_after_signing_in(app_of: Callable[[str], Flask]) -> None:
    client = app_of("inventory").test_client()
    client.set_cookie(COOKIE, issue(role="operator", lifetime=timedelta(seconds=-5), subject="op"))
    typed = {"role": "terminal", "workshop": "WS-1", "subject": 'Ibu "Ani" <é>', "days": "30"}
    came_from = OWN | {"Referer": "http://localhost/inventory/devices?x=1"}
    ended = client.post("/inventory/devices?from=form", data=typed, headers=came_from)
    assert ended.status_code == 401
    assert "belum tersimpan, tetapi tidak hilang" in ended.text
    action, hidden = _form(ended.text)
    assert (action, hidden["next"]) == ("/inventory/sign-in", "/inventory/devices?x=1")
    wrong = client.post(action, data=hidden | {"code": "AAAAA"}, headers=OWN)
    assert wrong.status_code == 404
    assert _form(wrong.text) == (action, hidden)
    code = code_for(app_of("inventory").test_client(), "inventory", role="auditor", subject="other")
    assert client.post(action, data=hidden | {"code": code}, headers={"Sec-Fetch-Site": "none"}).status_code == 403
    back = client.post(action, data=hidden | {"code": code}, headers=OWN)
    assert back.status_code == 200
    assert 'href="/inventory/devices?x=1"' in back.text
    again, fields = _form(back.text)
    assert (again, fields) == ("/inventory/devices?from=form", typed)
    # An auditor may not make codes: who signed in is who counts, whoever typed.
    assert client.post(again, data=fields, headers=OWN).status_code == 403
    client.set_cookie(COOKIE, issue(role="operator", lifetime=timedelta(minutes=5), subject="op"))
    assert client.post(again, data=fields, headers=OWN).status_code == 201


def test_what_another_site_posts_is_not_brought_along(app_of: Callable[[str], Flask]) -> None:
    client = app_of("inventory").test_client()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        answer = client.post("/inventory/devices", data={"workshop": "WS-EVIL"}, headers=headers)
        assert answer.status_code == 401
        assert "WS-EVIL" not in answer.text
    for strange in ("https://evil.example/", "//evil.example/", "/\t/evil.example"):
        code = code_for(client, "inventory", role="auditor", subject="Ani")
        sent = {"code": code, "kept-to": strange, "kept.workshop": "WS-1"}
        assert client.post("/inventory/sign-in", data=sent, headers=OWN).status_code == 303
        client.delete_cookie(COOKIE)


def test_what_is_too_long_to_come_along_is_told(app_of: Callable[[str], Flask]) -> None:
    client = app_of("inventory").test_client()
    for size in (20_000, 200_000):
        answer = client.post("/inventory/devices", data={"note": "x" * size}, headers=OWN)
        assert answer.status_code == 401
        assert "terlalu panjang" in answer.text
        assert "xxx" not in answer.text
