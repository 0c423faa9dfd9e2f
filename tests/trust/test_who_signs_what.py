"""Each role, signed with each key, shown to each service: who is believed. The table is that of docs/trust.md (P38)."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from shared import config
from shared.auth import ROLES, issue
from shared.db import Database
from shared.errors import Unauthorized
from shared.local import keys
from tests.trust.page import SERVICES, believed

SCOPES = {"workshop": "WS-1", "outlet": "OUT-1", "register": "OUT-1-1", "service": "inventory"}
HOLDERS = ["office"] + [f"{service}-{kind}" for kind in ("web", "courier") for service in SERVICES]
#: A route of each service by role: whoever is believed and of that role is not answered 401 or 403.
_ASKS = {
    "training": {"instructor": "/v1/skills", "auditor": "/v1/skills", "operator": "/v1/pairings"},
    "inventory": {
        "terminal": "/v1/products", "staff": "/v1/products", "auditor": "/v1/products", "operator": "/v1/pairings",
        "register": "/v1/stock", "outlet": "/v1/stock",
    },
    "sales": {
        "register": "/v1/outlets", "outlet": "/v1/outlets", "city": "/v1/outlets", "auditor": "/v1/outlets",
        "treasurer": "/v1/reports/sales?from=2026-01-01&to=2026-01-02&group=day", "operator": "/v1/pairings",
    },
}  # fmt: skip


@pytest.fixture
def app_of(database_for: Callable[[str], Database]) -> Callable[[str], Flask]:
    """The app of a service."""

    def app_of(service: str) -> Flask:
        app: Flask = importlib.import_module(f"services.{service}.app").create_app(database_for(service))
        return app

    return app_of


def _signed(role: str, holder: str) -> dict[str, str]:
    scope = {name: SCOPES[name] for name in ROLES[role]}
    return {"Authorization": f"Bearer {issue(role=role, by=holder, lifetime=timedelta(minutes=5), **scope)}"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_role_counts_when_its_own_key_signed_it(service: str, app_of: Callable[[str], Flask]) -> None:
    client = app_of(service).test_client()
    for role in ROLES:
        path = _ASKS[service].get(role, "/events/status" if role != "service" else "/events")
        may = role in _ASKS[service] or role == "service"
        for holder in HOLDERS:
            answer = client.get(f"/{service}{path}", headers=_signed(role, holder))
            taken = (
                believed(role, holder, service)
                if role != "service" or "inventory" in holder or holder == "office"
                else "no"
            )
            wanted = 401 if taken == "no" else 403 if taken == "console" or not may else 200
            assert answer.status_code == wanted, (role, holder, service, answer.get_json())


@pytest.mark.parametrize("service", ["training", "inventory"])
def test_an_operator_of_sales_looks_at_the_consoles_of_others_and_does_nothing(
    service: str, app_of: Callable[[str], Flask]
) -> None:
    client, letter = app_of(service).test_client(), "0190a0a0-0000-7000-8000-000000000000"
    headers = _signed("operator", "sales-web")
    for path in ("status", "parked", "dead-letters", "dead-letter-groups"):
        assert client.get(f"/{service}/events/{path}", headers=headers).status_code == 200, path
    does = ["/v1/pairings", "/devices", "/events", f"/events/dead-letters/{letter}/replay"]
    does += [f"/events/dead-letters/{letter}/discard", "/events/dead-letter-groups/0/discard"]
    for path in does:
        answer = client.post(f"/{service}{path}", json={}, headers=headers)
        assert answer.status_code == 403, path


def test_a_courier_speaks_for_its_own_service_only(app_of: Callable[[str], Flask]) -> None:
    client = app_of("sales").test_client()
    for holder in ("training-courier", "inventory-courier"):
        for service in SERVICES:
            text = issue(role="service", service=service, by=holder, lifetime=timedelta(minutes=5))
            answer = client.get("/sales/events", headers={"Authorization": f"Bearer {text}"})
            assert answer.status_code == (200 if holder == f"{service}-courier" else 401), (holder, service)


def test_a_key_that_is_in_no_set_or_claims_anothers_id_signs_nothing(
    monkeypatch: pytest.MonkeyPatch, app_of: Callable[[str], Flask]
) -> None:
    client = app_of("sales").test_client()
    known = json.loads(config.get("LAPAK_TOKEN_PRIVATE_KEY"))
    foreign = json.loads(keys.private_key())
    for key in (foreign, foreign | {"kid": known["kid"]}):
        monkeypatch.setenv("LAPAK_TOKEN_PRIVATE_KEY", json.dumps(key))
        assert client.get("/sales/v1/outlets", headers=_signed("city", "office")).status_code == 401


def test_a_key_without_a_holder_is_the_offices_and_one_of_an_unknown_holder_is_nobodys(
    monkeypatch: pytest.MonkeyPatch, app_of: Callable[[str], Flask]
) -> None:
    """Tokens of v0.1.0, whose one key named no holder, go on as long as that key stays in the set."""
    client, headers = app_of("inventory").test_client(), _signed("register", "office")
    public = json.loads(config.get("LAPAK_TOKEN_PUBLIC_KEYS"))["keys"]
    for holder, wanted in ((None, 200), ("somebody", 401), ("office-web", 401), ("", 401)):
        office = {name: value for name, value in public[0].items() if name != "holder"}
        office |= {"holder": holder} if holder is not None else {}
        monkeypatch.setenv("LAPAK_TOKEN_PUBLIC_KEYS", json.dumps({"keys": [office, *public[1:]]}))
        assert client.get("/inventory/v1/stock", headers=headers).status_code == wanted, holder


def test_a_process_without_its_key_signs_with_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAPAK_TOKEN_PRIVATE_KEY")
    monkeypatch.delenv("LAPAK_SALES_WEB_PRIVATE_KEY")
    with pytest.raises(config.MissingSetting, match="LAPAK_SALES_WEB_PRIVATE_KEY"):
        issue(role="city", by="sales-web", lifetime=timedelta(minutes=5))


def test_no_token_is_no_token() -> None:
    from shared.auth import verify

    for text in ("", "a.b.c", "é.é.é", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJFZDI1NTE5Iiwia2lkIjpbXX0.e30.AAAA"):
        with pytest.raises(Unauthorized):
            verify(text, at="sales")
