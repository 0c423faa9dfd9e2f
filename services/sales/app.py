"""The only place that wires sales' HTTP."""

from __future__ import annotations

from flask import Flask

from services.sales.handlers import consumer
from services.sales.routes import blueprints
from shared import http
from shared.db import Database
from shared.messaging import routes as event_plane


def create_app(database: Database | None = None) -> Flask:
    """The app, on the configured database or the one given."""
    return http.create_app(
        "sales",
        title="Lapak sales: money",
        blueprints=[*blueprints, event_plane.blueprint(consumer)],
        database=database or http.web_database("sales"),
    )
