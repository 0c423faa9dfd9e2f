"""Is the process alive, may traffic come, and what do the gauges say."""

from __future__ import annotations

from typing import Any

import redis
from flask import Blueprint, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import config, jsontext, redis_url
from shared.db import Database
from shared.http import metrics
from shared.http.guard import PUBLIC, requires


def _redis_state() -> str:
    try:
        with redis_url.client(patience=0.5) as client:
            client.ping()
    except (redis.RedisError, config.MissingSetting, OSError):
        return "down"
    return "up"


def _database_state(database: Database, head: str) -> str:
    """`ready`: at the schema that this code needs, or at a newer one (a migration only adds what the release before it
    can do without: docs/operations.md, Upgrade)."""
    try:
        with database.transaction() as session:
            at: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return "down"
    return "ready" if at and at >= head else f"schema at {at or 'nothing'}, expected {head}"


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
        state = _database_state(database, head)
        ready = state == "ready"
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
