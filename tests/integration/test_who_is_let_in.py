"""Who is let in, as whom, and by whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from uuid_utils.compat import uuid7

from shared import pairing
from shared.auth import issue
from shared.db import Database
from tests.integration.doors import OWN, bearer, code_for, json_of

_LET_IN = text("""
    INSERT INTO pairing (id, role, scope, subject, days, made_by, made_at, expires_at, claimed_at, jti, ends_at)
    VALUES (:id, 'register', '{}', :subject, 365, 'x', now() - interval '1 day', now() - interval '1 day', now(), 'j',
            now() + CAST(:ends AS interval))
""")


def _person(client: FlaskClient, service: str, **body: Any) -> str:
    """The subject of somebody who was let in with a code."""
    code = code_for(client, service, **body)
    client.post(f"/{service}/sign-in", data={"code": code}, headers=OWN)
    return str(json_of(client.get(f"/{service}/v1/pairings", headers=bearer("operator")))["items"][-1]["subject"])


def test_one_person_is_one_subject_however_the_name_is_written(app_of: Callable[[str], Flask]) -> None:
    """Else whoever pairs twice is two people, and approves what he recorded."""
    client = app_of("inventory").test_client()
    first = _person(client, "inventory", role="staff", subject="Siti Aminah")
    for written in ("Siti Aminah", "siti  aminah ", "SITI AMINAH", "Siti\u00a0Aminah"):
        assert _person(client, "inventory", role="staff", subject=written) == first == "Siti Aminah"
    assert _person(client, "inventory", role="auditor", subject="siti aminah") == first, "in whatever role"
    assert _person(client, "inventory", role="staff", subject="Budi") == "Budi"


def test_a_code_for_nobody_in_particular_is_for_whoever_made_it(app_of: Callable[[str], Flask]) -> None:
    client = app_of("inventory").test_client()
    assert [_person(client, "inventory", role="staff") for _ in range(2)] == ["op", "op"]
    devices = {_person(client, "inventory", role="terminal", workshop="WS-1") for _ in range(2)}
    assert len(devices) == 2, "a device is no person"


def test_on_the_page_a_person_is_named(app_of: Callable[[str], Flask]) -> None:
    client = app_of("inventory").test_client()
    nameless = client.post("/inventory/devices", data={"role": "staff"}, headers=bearer("operator"))
    assert (nameless.status_code, "Tulis namanya" in nameless.text) == (422, True)
    named = client.post("/inventory/devices", data={"role": "staff", "subject": "Budi"}, headers=bearer("operator"))
    assert named.status_code == 201


def _paired(role: str, service: str, **scope: str) -> dict[str, str]:
    text = issue(role=role, by=f"{service}-web", lifetime=timedelta(minutes=5), subject="op", **scope)
    return {"Authorization": f"Bearer {text}"}


def test_who_reads_names_is_let_in_by_one_who_does_or_from_the_command_line(app_of: Callable[[str], Flask]) -> None:
    client = app_of("training").test_client()

    def code(headers: dict[str, str], role: str = "instructor") -> int:
        return client.post("/training/v1/pairings", json={"role": role, "subject": "X"}, headers=headers).status_code

    assert code(_paired("operator", "training")) == 403, "an operator sees no names, so hands out no eyes"
    assert code(bearer("operator")) == 201, "the first comes by the command line"
    assert code(_paired("instructor", "training")) == 201
    assert code(_paired("instructor", "training"), "operator") == 403
    assert code(_paired("operator", "training"), "auditor") == 201
    offered = re.compile(r'<option value="(\w+)"')
    assert offered.findall(client.get("/training/devices", headers=_paired("operator", "training")).text) == [
        "auditor",
        "operator",
    ]
    page = client.get("/training/devices", headers=_paired("instructor", "training")).text
    assert offered.findall(page) == ["instructor"]
    assert "auditor" not in page, "an instructor sees whom instructors have let in"
    assert "/revocation" not in page


@pytest.mark.parametrize(("service", "role"), [("sales", "staff"), ("inventory", "city"), ("training", "register")])
def test_a_role_is_let_in_where_it_is_signed(service: str, role: str, app_of: Callable[[str], Flask]) -> None:
    client = app_of(service).test_client()
    scope = {"outlet": "OUT-1", "register": "OUT-1-1"} if role == "register" else {}
    answer = client.post(f"/{service}/v1/pairings", json={"role": role, **scope}, headers=bearer("operator"))
    assert answer.status_code == 422
    assert "/devices" in json_of(answer)["errors"]["role"][0]


def test_the_page_shows_whose_code_or_token_is_still_good_the_newest_first(
    database_for: Callable[..., Database],
) -> None:
    """People get a token a day: after months of that a tablet that was paired today must not be behind them."""
    with database_for("sales").transaction() as session:
        for subject, ends in (("tablet-1", "365 days"), ("cashier", "-1 hour"), ("tablet-2", "365 days")):
            session.execute(_LET_IN, {"id": uuid7(), "subject": subject, "ends": ends})
        assert [one.subject for one in pairing.still_good(session, most=10)] == ["tablet-2", "tablet-1"]
        assert [one.subject for one in pairing.still_good(session, most=1)] == ["tablet-2"]
        assert pairing.still_good(session, most=10, roles=["operator"]) == []
