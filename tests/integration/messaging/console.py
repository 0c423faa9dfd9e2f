"""An operator at the consumer's console."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from shared import jsontext
from shared.auth import issue
from shared.http import create_app
from shared.messaging.apply import apply
from shared.messaging.routes import blueprint
from tests.integration.messaging.plane import Plane, poison, sale


class Console:
    """Calls below `/inventory/events`, as an operator unless another role is named; (status, body)."""

    def __init__(self, plane: Plane, subject: str = "rina") -> None:
        app = create_app(
            "inventory", title="i", blueprints=[blueprint(plane.consumer)], database=plane.consumer_database
        )
        self.client: FlaskClient = app.test_client()
        self.subject = subject

    def get(self, path: str, role: str = "operator") -> tuple[int, Any]:
        """Read."""
        return self._call("GET", path, None, role)

    def post(self, path: str, body: Mapping[str, Any] | None = None, role: str = "operator") -> tuple[int, Any]:
        """Act."""
        return self._call("POST", path, body or {}, role)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None, role: str) -> tuple[int, Any]:
        token = issue(role=role, lifetime=timedelta(minutes=5), subject=self.subject)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else jsontext.dumps(body)
        answer = self.client.open(f"/inventory/events/{path}", method=method, headers=headers, data=data)
        return answer.status_code, jsontext.loads(answer.data)

    def letters(self, query: str = "") -> list[dict[str, Any]]:
        """The single dead letters."""
        status, page = self.get(f"dead-letters{query}")
        assert status == 200, page
        found: list[dict[str, Any]] = page["items"]
        return found


def with_poison(plane: Plane, count: int, *numbers: int) -> list[Any]:
    """Announce `count` sales, of which those of these numbers become dead letters; the sales' ids."""
    sent = plane.announce(*(sale(n) for n in range(1, count + 1)))
    plane.log_all()
    plane.misbehaviour.update(dict.fromkeys(numbers, poison))
    assert apply(plane.consumer_database, plane.consumer, plane.batch()).dead == len(numbers)
    return sent
