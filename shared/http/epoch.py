"""Every answer of the API says which log it comes from: `Lapak-Epoch`, and since when that may differ from another's.

A service that was restored from a backup has lost what came after, and begins a new epoch of its log. Devices remember
the epoch that they know. When they hear of another one, they send what they recorded since again: each fact is
idempotent. `Lapak-Parted` is a moment up to which all epochs of this log are the same; without it nothing is known.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database
from shared.jsontext import instant
from shared.messaging.log import ROW

EPOCH, PARTED = "Lapak-Epoch", "Lapak-Parted"
_SECONDS = 2.0
# The last event that all epochs share: what was recorded by then is in each of them.
_READ = text(f"""
    SELECT epoch, (SELECT logged_at FROM event_log WHERE seq = (SELECT min(shared) FROM ancestor)) AS parted {ROW}
""")


class _Epoch:
    """The headers, read again every 2 s: they must not cost a query per request."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.headers: dict[str, str] = {}
        self.read_at = float("-inf")

    def now(self) -> dict[str, str]:
        """The headers; none while the database does not answer."""
        if time.monotonic() - self.read_at > _SECONDS:
            self.read_at = time.monotonic()
            try:
                self.headers = self._read()
            except SQLAlchemyError:
                self.headers = {}
        return self.headers

    def _read(self) -> dict[str, str]:
        with self.database.transaction() as session:
            row: Any = session.execute(_READ).one_or_none()
        if row is None:
            return {}
        parted: datetime | None = row.parted
        return {EPOCH: str(row.epoch)} | ({PARTED: instant(parted.astimezone(UTC))} if parted else {})


def install(app: Flask, service: str, database: Database) -> None:
    """Put the headers on each answer below `/{service}/v1`, unless the request failed for want of a database."""
    epoch = _Epoch(database)

    def tell(response: Response) -> Response:
        if request.path.startswith(f"/{service}/v1/") and response.status_code < 500:
            response.headers.update(epoch.now())
        return response

    app.after_request(tell)
