"""What the operator's page knows: the answers of the three services' event consoles, and how the registers are.

The one place where sales asks the others, and only about plumbing: no domain data crosses (decision 0009). It asks
with the token of whoever looks; one that was paired here is good there for looking only (`shared.holders`). Whoever
does not answer within 2 s is shown so, and the rest stands. Each web process keeps what it heard for a second, and one
page at a time asks: pages that stay open cost a web process one thread, not one each.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

import httpx
from flask import Flask, current_app

from services.sales.queries.tills import Till, tills
from shared import config
from shared.alarms import Answer, add_what_sources_say
from shared.clock import now
from shared.config import SERVICES
from shared.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from shared.http import presented_token, transaction

OWN = "sales"
PATIENCE, ACTING = 2.0, 60.0  # seconds: for a look; for a replay of up to a hundred letters
FRESH, STILL_SHOWN = 1.0, 5.0  # seconds: asked again after; shown to others while somebody asks again
REGISTERS_FRESH = 10.0  # seconds: they tell of themselves each minute, and a hundred take a tenth of a second to read
MOST = 100  # failures, and parked events, of each service


class NoAnswer(Problem):
    status = 502
    code = "no-answer"
    title = "The service does not answer"


_REFUSALS: dict[int, type[Problem]] = {kind.status: kind for kind in (Forbidden, NotFound, Conflict)}


@dataclass(frozen=True, slots=True)
class Seen:
    """What there was to see: status answers by service, open failures, parked events, registers (worst first)."""

    at: datetime
    services: list[Answer]
    failures: list[Answer]
    parked: list[Answer]
    tills: list[Till]


class Watch:
    """The eyes of one web process. `seen()` looks at most once a second; `ask` is one question to one service."""

    def __init__(self, app: Flask) -> None:
        # Its own console is asked in this process: no thread of its own web server is needed for it.
        itself = httpx.WSGITransport(app=app, raise_app_exceptions=False)
        self.own = httpx.Client(transport=itself)
        # No connection is kept: one that the other end closed meanwhile would look like a service that is down.
        self.others = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), trust_env=False)
        self.pool = ThreadPoolExecutor(len(SERVICES), thread_name_prefix="ops")
        self.lock = Lock()
        self.last: Seen | None = None
        self.until = self.shown_until = 0.0
        self.registers: list[Till] = []
        self.registers_until = 0.0

    def seen(self) -> Seen:
        """What was seen a moment ago, or just now."""
        last, moment = self.last, time.monotonic()
        if last and (moment < self.until or (moment < self.shown_until and self.lock.locked())):
            return last
        with self.lock:
            if self.last is None or time.monotonic() >= self.until:
                self.last = self._look()
                self.until, self.shown_until = time.monotonic() + FRESH, time.monotonic() + STILL_SHOWN
            return self.last

    def forget(self) -> None:
        """Something was done: look anew."""
        self.until = self.shown_until = 0.0

    def _look(self) -> Seen:
        token = presented_token()
        asked = [self.pool.submit(self._about, service, token) for service in SERVICES]
        if time.monotonic() >= self.registers_until:
            with transaction() as session:
                self.registers = sorted(tills(session, outlet=None, moment=now()), key=_worst_first)
            self.registers_until = time.monotonic() + REGISTERS_FRESH
        answers = [one.result() for one in asked]
        services = [status for status, _, _ in answers]
        add_what_sources_say(services)
        failures = [one for _, found, _ in answers for one in found]
        parked = [one for _, _, found in answers for one in found]
        failures.sort(key=lambda one: -one["count"])
        parked.sort(key=lambda one: -one["age"])
        return Seen(now(), services, failures, parked, self.registers)

    def _about(self, service: str, token: str) -> tuple[Answer, list[Answer], list[Answer]]:
        """Status, open failures and parked events; those only where there are any."""
        try:
            status = self.ask("GET", service, "status", token=token)
            if not isinstance(status, dict) or status.get("service") != service:
                raise NoAnswer("another program answers")
            failures: Answer = {"items": []}
            parked: Answer = {"items": []}
            if any(one["dead"] for one in status["sources"]):
                open_ones = {"state": "open", "limit": MOST}
                failures = self.ask("GET", service, "dead-letter-groups", token=token, params=open_ones)
            if any(one["parked"] for one in status["sources"]):
                parked = self.ask("GET", service, "parked", token=token, params={"limit": MOST})
        except Problem as problem:
            return {"service": service, "error": problem.detail}, [], []
        named = {"service": service}
        return status, [named | one for one in failures["items"]], [named | one for one in parked["items"]]

    def ask(
        self, method: str, service: str, path: str, *, token: str = "", patience: float = PATIENCE, **more: Any
    ) -> Any:
        """The JSON that a service answers below `/events` to the person who looks (or `token`); `more` as for httpx.

        Raises NoAnswer, or what the service refuses as NotFound, Conflict, Forbidden or Invalid.
        """
        place = "http://here/sales" if service == OWN else config.get("LAPAK_{SERVICE}_URL", service)
        client = self.own if service == OWN else self.others
        headers = {"Authorization": f"Bearer {token or presented_token()}"}
        try:
            answer = client.request(method, f"{place}/events/{path}", headers=headers, timeout=patience, **more)
            body = answer.json()
        except httpx.HTTPError as error:
            raise NoAnswer(type(error).__name__) from None
        except ValueError:  # a proxy's page
            raise NoAnswer(f"HTTP {answer.status_code}") from None
        if answer.status_code == Invalid.status:
            raise Invalid(body["errors"])
        if answer.is_error:
            raise _REFUSALS.get(answer.status_code, NoAnswer)(f"HTTP {answer.status_code}")
        return body


def _worst_first(till: Till) -> tuple[bool, float, int, bool, str]:
    row = till.row
    oldest = row.oldest_at.timestamp() if row.unsent and row.oldest_at else float("inf")
    return not till.troubles, oldest, -row.missing, row.heard_at is None, row.code


def watch() -> Watch:
    """The eyes of the process that answers this request."""
    found = current_app.extensions.get("lapak.watch")
    if found is None:
        found = current_app.extensions.setdefault("lapak.watch", Watch(current_app._get_current_object()))  # type: ignore[attr-defined]
    assert isinstance(found, Watch)
    return found
