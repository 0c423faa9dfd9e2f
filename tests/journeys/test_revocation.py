"""What is revoked anywhere is refused by every service within two seconds, over real processes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from shared.local.running import Running
from tests.waiting import Machine, machine

pytestmark = pytest.mark.journey

SERVICES = ("training", "inventory", "sales")
#: A role that each service lets in, and its scope; its tokens are believed by all three.
LET_IN: dict[str, tuple[str, dict[str, str]]] = {
    "training": ("instructor", {}),
    "inventory": ("terminal", {"workshop": "WS-REV"}),
    "sales": ("register", {"outlet": "OUT-REV", "register": "OUT-REV-1"}),
}
PROMISED = 2.0


class Origin:
    """The system, as an operator sees it."""

    def __init__(self, system: Running) -> None:
        self.system = system
        self.client = httpx.Client(base_url=system.url, trust_env=False, timeout=60)

    def ask(self, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
        """An answer, whatever it is."""
        return self.client.request(method, path, headers=headers, **more)

    def refused(self, token: str) -> dict[str, int]:
        """What each service answers to this token: 401 means that it is refused, 403 that it is good, elsewhere."""
        headers = {"Authorization": f"Bearer {token}"}
        return {one: self.ask("GET", f"/{one}/v1/pairings", headers).status_code for one in SERVICES}

    def pair(self, service: str) -> tuple[str, str]:
        """A token that was let in at a service, and the id of its pairing."""
        operator = self.system.headers("operator")
        role, scope = LET_IN[service]
        body = {"role": role, "subject": "Somebody", **scope}
        made = self.ask("POST", f"/{service}/v1/pairings", operator, json=body).json()
        if role == "instructor":
            own = {"Sec-Fetch-Site": "same-origin"}
            answer = self.ask("POST", f"/{service}/sign-in", own, data={"code": made["code"]})
            token = answer.cookies["lapak-token"]
            self.client.cookies.clear()
        else:
            token = self.ask("POST", f"/{service}/v1/pairing-claims", {}, json={"code": made["code"]}).json()["token"]
        return token, made["id"]


@pytest.fixture(scope="module")
def origin(system: Running) -> Origin:
    """Shared by the tests of this file."""
    return Origin(system)


def _refused_in_time(origin: Origin, token: str, clock: Machine) -> None:
    began = clock.seconds
    limit = began + PROMISED
    at = clock.sees("every service refuses it", lambda: set(origin.refused(token).values()) == {401}, limit)
    print(f"refused everywhere after {at - began:.2f} s")


@pytest.mark.parametrize("way", ["devices", "v1/pairings"])
@pytest.mark.parametrize("service", SERVICES)
def test_what_is_revoked_where_it_was_let_in_is_refused_everywhere(origin: Origin, service: str, way: str) -> None:
    operator = origin.system.headers("operator")
    token, pairing = origin.pair(service)
    assert 401 not in origin.refused(token).values()
    with machine() as clock:
        done = origin.ask("POST", f"/{service}/{way}/{pairing}/revocation", operator)
        assert done.status_code in {204, 303}, done.text
        _refused_in_time(origin, token, clock)


def test_what_the_command_line_revokes_is_refused_everywhere(origin: Origin) -> None:
    token = origin.system.token("auditor")
    assert set(origin.refused(token).values()) == {200}
    assert origin.system.run("token", "revoke", token).returncode == 0
    with machine() as clock:
        _refused_in_time(origin, token, clock)


def test_the_proof_knows_whatever_service_has_announced_it(origin: Origin) -> None:
    """Each service refuses what any of the three has revoked: none of it is a row that nobody announced."""
    operator = origin.system.headers("operator")
    for service in SERVICES:
        _, pairing = origin.pair(service)
        assert origin.ask("POST", f"/{service}/v1/pairings/{pairing}/revocation", operator).status_code == 204
    done = origin.system.run("verify")
    assert "TokenRevoked" not in done.stdout, done.stdout
    assert done.returncode in {0, 3}, done.stdout
