"""Is the process alive, may traffic come, and what do the gauges say."""

from __future__ import annotations

import time
from typing import Any

import redis
from flask import Blueprint, Flask, Response, request

from shared import config, jsontext, redis_url, revision
from shared.db import Database
from shared.errors import Problem
from shared.http import metrics
from shared.http.guard import PUBLIC, requires
from shared.telemetry import logger

log = logger(__name__)


_ALWAYS = ("/healthz", "/readyz", "/metrics")


class NotMigrated(Problem):
    status = 503
    code = "unavailable"
    title = "The database is being upgraded"


def _redis_state() -> str:
    try:
        with redis_url.client(patience=0.5) as client:
            client.ping()
    except (redis.RedisError, config.MissingSetting, OSError):
        return "down"
    return "up"


def wait_for_schema(app: Flask, service: str, database: Database) -> None:
    """Answer 503 until the schema that this code needs is there; what is asked of this process alone is answered.

    Looked at once a second at most, and never again: a schema only moves on.
    """
    needed, looked, ready = revision.head(service), float("-inf"), False

    def check() -> None:
        nonlocal looked, ready
        if ready or request.path.endswith(_ALWAYS):
            return
        if time.monotonic() - looked > 1.0:
            looked, state = time.monotonic(), revision.state(database, needed)
            if state == revision.DOWN:  # what is asked says so itself
                looked = float("-inf")
                return
            ready = not state.startswith("schema")
            if not ready:
                log.warning("waits for its database", database=state)
        if not ready:
            raise NotMigrated("Nothing was recorded; send it again.")

    app.before_request(check)


def blueprint(service: str, database: Database, head: str) -> Blueprint:
    """`/healthz`, `/readyz`, `/metrics` below the service's prefix; none needs a token."""
    door = Blueprint("health", __name__)

    def answer(body: dict[str, Any], status: int = 200) -> Response:
        return Response(jsontext.dumps(body), status=status, content_type="application/json")

    @door.get("/healthz")
    @requires(PUBLIC)
    def healthz() -> Response:
        return answer({"status": "alive", "service": service})

    @door.get("/readyz")
    @requires(PUBLIC)
    def readyz() -> Response:
        # Redis down is reported, not unready: sales are still recorded and the log keeps their events.
        state = revision.state(database, head)
        ready = state == revision.READY
        body = {
            "status": "ready" if ready else "not ready",
            "service": service,
            "database": state,
            "redis": _redis_state(),
        }
        return answer(body, 200 if ready else 503)

    @door.get("/metrics")
    @requires(PUBLIC)
    def figures() -> Response:
        return Response(metrics.text(service, database), content_type=metrics.CONTENT_TYPE)

    return door
