"""A token reaches only the routes of its role, on every route there is; no route is without an owner."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from shared.auth import ROLES as ALL_ROLES
from shared.auth import issue
from shared.db import Database
from tests.architecture.role_matrix import PUBLIC, ROLES

SCOPES = {"workshop": "WS-X", "outlet": "OUT-X", "register": "OUT-X-1", "service": "sales"}


def _route(rule: str, method: str, service: str) -> str:
    """`GET /v1/outputs/<id>`: without prefix, converters and the names that a function gave to ids."""
    path = re.sub(r"<[a-z]+:", "<", rule.removeprefix(f"/{service}"))
    return f"{method} {re.sub(r'<[a-z_]+_id>', '<id>', path)}"


def _app(service: str, database_for: Callable[[str], Database]) -> Flask:
    app: Flask = importlib.import_module(f"services.{service}.app").create_app(database_for(service))
    return app


def _walk(app: Flask, service: str) -> dict[str, tuple[str, str]]:
    """Route → (method, a path that fits it)."""
    found = {}
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            path = re.sub(r"<uuid:[^>]+>", "00000000-0000-7000-8000-000000000000", rule.rule)
            path = re.sub(r"<int:[^>]+>", "7", path)
            path = re.sub(r"<worker_ref>|<[a-z]+:worker_ref>", "wabcdefg1", path)
            found[_route(rule.rule, method, service)] = (method, re.sub(r"<[^>]+>", "OUT-X-1", path))
    return found


@pytest.mark.parametrize("service", sorted(ROLES))
def test_the_matrix_and_the_routes_are_the_same(service: str, database_for: Callable[[str], Database]) -> None:
    routes = set(_walk(_app(service, database_for), service))
    assert routes == set(ROLES[service]), (
        f"by hand only: {set(ROLES[service]) - routes}; no owner: {routes - set(ROLES[service])}"
    )


def _turned_away(answer: Any) -> bool:
    """401, or on a page the way to the door."""
    return bool(answer.status_code == 401 or (answer.status_code == 302 and "/sign-in?" in answer.headers["Location"]))


@pytest.mark.parametrize("service", sorted(ROLES))
def test_each_cell_of_the_matrix_answers_as_written(service: str, database_for: Callable[[str], Database]) -> None:
    client = _app(service, database_for).test_client()
    tokens = {
        role: issue(role=role, lifetime=timedelta(minutes=5), **{scope: SCOPES[scope] for scope in needs})
        for role, needs in ALL_ROLES.items()
    }
    wrong = []
    for route, (method, path) in _walk(_app(service, database_for), service).items():
        allowed = ROLES[service][route]
        for role, token in tokens.items():
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            headers["Sec-Fetch-Site"] = "same-origin"
            status = client.open(
                path, method=method, headers=headers, data=b"[]" if method != "GET" else None
            ).status_code
            may = PUBLIC in allowed or role in allowed
            # A role that may is refused for its scope (403) only where the made-up thing lies outside of it.
            if (
                (not may and status != 403)
                or (may and status in {401, 500})
                or (may and not ALL_ROLES[role] and status == 403)
            ):
                wrong.append(f"{role} {route}: {status}")
        if PUBLIC not in allowed and not _turned_away(client.open(path, method=method)):
            wrong.append(f"nobody {route}: not turned away")
    assert wrong == []


def test_a_token_that_is_forged_expired_or_for_another_role_and_scope_is_refused(
    database_for: Callable[[str], Database],
) -> None:
    client = _app("sales", database_for).test_client()
    good = issue(role="auditor", lifetime=timedelta(minutes=5))
    expired = issue(role="auditor", lifetime=timedelta(seconds=-5))
    head, body, signature = good.split(".")
    forged = ".".join((head, body[:-4] + ("AAAA" if body[-4:] != "AAAA" else "BBBB"), signature))
    assert client.get("/sales/v1/outlets", headers={"Authorization": f"Bearer {good}"}).status_code == 200
    for token in (expired, forged, "x.y.z", ""):
        answer = client.get("/sales/v1/outlets", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert answer.content_type == "application/problem+json"
        assert answer.headers["WWW-Authenticate"] == "Bearer"
