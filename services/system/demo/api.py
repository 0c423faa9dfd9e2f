"""The public HTTP API as the demo's people use it: a terminal, staff, an instructor, a register, the city."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from shared import jsontext
from shared.auth import issue


class Refused(Exception):
    """A call was answered with a problem; `status` and `body` say which."""

    def __init__(self, call: str, status: int, body: Any) -> None:
        super().__init__(f"{call} answered {status}: {body}")
        self.status = status
        self.body = body


class NeverHappened(Exception):
    """What an event should have brought about did not show within the time allowed."""


@dataclass
class Person:
    """Somebody with a token. Paths are below the origin, e.g. `/sales/v1/outlets`."""

    origin: str
    role: str
    scope: dict[str, str] = field(default_factory=dict)
    name: str | None = None

    def __post_init__(self) -> None:
        token = issue(role=self.role, subject=self.name, lifetime=timedelta(hours=1), **self.scope)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.client = httpx.Client(base_url=self.origin, headers=headers, timeout=60.0, trust_env=False)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer. Raises Refused."""
        return self._answer("GET", path, self.client.get(path, params=query))

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON answer. Raises Refused."""
        return self._answer("POST", path, self.client.post(path, content=jsontext.dumps(body or {})))

    def put(self, path: str, body: Any) -> Any:
        """The JSON answer. Raises Refused."""
        return self._answer("PUT", path, self.client.put(path, content=jsontext.dumps(body)))

    def _answer(self, method: str, path: str, response: httpx.Response) -> Any:
        body = jsontext.loads(response.content) if response.content else None
        if response.status_code >= 400:
            raise Refused(f"{method} {path}", response.status_code, body)
        return body


def until(what: str, seen: Callable[[], bool], *, seconds: float = 60.0) -> float:
    """Ask again until it is so; how long that took, in ms. Raises NeverHappened."""
    began = time.perf_counter()
    while not seen():
        if time.perf_counter() - began > seconds:
            raise NeverHappened(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.004)
    return (time.perf_counter() - began) * 1000
