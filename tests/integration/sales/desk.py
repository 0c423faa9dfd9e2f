"""Somebody at the operator's console of a sales service, beside which inventory is up and training is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy import text
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from shared.auth import issue
from shared.db import Database
from shared.http.guard import COOKIE

OWN = {"Sec-Fetch-Site": "same-origin"}
FAILURE = "feedfacefeedface"
PLACE = f"/sales/ops/inventory/{FAILURE}"
_KEEP = text("""
    INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint, died_at)
    VALUES (:source, gen_random_uuid(), :seq, CAST(:event AS jsonb), :error, :fingerprint, now() - interval '3 hours')
""")
PARK = text("""
    INSERT INTO parked (source, epoch, seq, event, waiting_for, parked_at)
    VALUES ('sales', gen_random_uuid(), 7, CAST(:event AS jsonb), :waiting_for, now() - interval '2 hours')
""")


def event(source: str, kind: str, seq: int, data: dict[str, Any]) -> dict[str, Any]:
    """An event of a source as it travels."""
    return {
        "specversion": "1.0", "id": str(uuid4()), "source": f"/{source}", "type": f"lapak.{source}.{kind}.v1",
        "subject": "x", "time": "2026-01-05T00:00:00Z", "datacontenttype": "application/json", "sequence": seq,
        "traceparent": None, "data": data,
    }  # fmt: skip


class Desk:
    """Somebody at the console of a sales service; inventory runs on a port of its own."""

    def __init__(self, app: Flask, inventory: Database, sales: Database) -> None:
        self.app, self.inventory, self.sales = app, inventory, sales

    def look(self, path: str = "/sales/ops", role: str = "operator", **scope: str) -> TestResponse:
        """A page as this role sees it."""
        answer: TestResponse = self._client(role, **scope).get(path)
        return answer

    def send(
        self, path: str, role: str = "operator", headers: Any = OWN, by: str = "office", **fields: str
    ) -> TestResponse:
        """A form of a page; `by`: whose key has signed the token."""
        answer: TestResponse = self._client(role, by=by).post(path, data=fields, headers=headers)
        return answer

    def _client(self, role: str, **scope: str) -> Any:
        client = self.app.test_client()
        client.set_cookie(COOKIE, issue(role=role, lifetime=timedelta(minutes=5), subject="Rina", **scope))
        return client

    def letter(self, number: int, *, version: object = 1, fingerprint: str = FAILURE) -> str:
        """A dead letter of inventory: an outlet that it does not know of; it fails again if its version is none."""
        data = {"outlet": f"OUT-{number}", "version": version, "name": "Kedai rahasia", "kind": "permanent"}
        made = event("sales", "OutletOpened", number, data | {"opens_on": None, "closes_on": None})
        return self._keep(self.inventory, "sales", made, fingerprint)

    def own_letter(self) -> str:
        """A dead letter of sales itself."""
        product = {"sku": "RTI-001", "version": 1, "name": {"id": "Roti", "en": "Bread"}, "workshop": "WS-1"}
        price = {"category": "pangan", "unit": "buah", "list_price": 5000, "material_cost": 1, "shelf_life_days": None}
        made = event("inventory", "ProductPublished", 3, product | price | {"active": True})
        return self._keep(self.sales, "inventory", made, FAILURE)

    def _keep(self, database: Database, source: str, made: dict[str, Any], fingerprint: str) -> str:
        error = "ValueError at services/inventory/handlers.py:7 in on_outlet\nValueError: Kedai rahasia"
        values = {"source": source, "seq": made["sequence"], "event": json.dumps(made), "error": error}
        with database.transaction() as session:
            session.execute(_KEEP, values | {"fingerprint": fingerprint})
        return str(made["id"])

    def decided(self, database: Database | None = None) -> list[tuple[Any, ...]]:
        """(resolution, by whom, error's first line) of the dead letters."""
        statement = "SELECT resolution, resolved_by, split_part(error, chr(10), 1) FROM dead_letter ORDER BY seq"
        with (database or self.inventory).transaction() as session:
            return [tuple(row) for row in session.execute(text(statement))]


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """An app on a port; its origin."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
