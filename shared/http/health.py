"""Is the process alive, may traffic come, and what do the gauges say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import redis
from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import config, jsontext
from shared.db import Database
from shared.http.guard import PUBLIC, requires
from shared.messaging import health as event_plane

_HTTP = CollectorRegistry()
REQUESTS = Counter("lapak_http_requests_total", "Requests answered.", ["method", "route", "status"], registry=_HTTP)
SECONDS = Histogram("lapak_http_request_seconds", "Time to answer, in seconds.", ["route"], registry=_HTTP)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request of this process."""
    REQUESTS.labels(method, route, str(status)).inc()
    SECONDS.labels(route).observe(seconds)


class EventPlaneCollector:
    """Gauges read from the database at each scrape, so that every replica tells the same."""

    def __init__(self, service: str, database: Database) -> None:
        self.service = service
        self.database = database

    def collect(self) -> Iterator[Metric]:
        """One gauge per figure, labelled with the source where there is one."""
        try:
            with self.database.transaction() as session:
                figures = event_plane.figures(session)
        except SQLAlchemyError:
            return
        for name, (help_text, samples) in figures.items():
            family = GaugeMetricFamily(f"lapak_{name}", help_text, labels=["service", "source"])
            for source, value in samples.items():
                family.add_metric([self.service, source], value)
            yield family


def _redis_state() -> str:
    try:
        url = config.get("LAPAK_REDIS_URL")
        client = redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=0.5)
        try:
            client.ping()
        finally:
            client.close()
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
    plane = CollectorRegistry()
    plane.register(EventPlaneCollector(service, database))

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
    def metrics() -> Response:
        return Response(
            generate_latest(_HTTP) + generate_latest(plane), content_type="text/plain; version=0.0.4; charset=utf-8"
        )

    return door
