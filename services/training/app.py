"""The only place that wires training's HTTP."""

from __future__ import annotations

from flask import Flask

from services.training.handlers import consumer
from services.training.routes import blueprints
from shared import http
from shared.db import Database
from shared.messaging import routes as event_plane


def create_app(database: Database | None = None) -> Flask:
    """The app, on the configured database or the one given."""
    return http.create_app(
        "training",
        title="Lapak training: people and skills",
        blueprints=[*blueprints, event_plane.blueprint(consumer)],
        database=database or http.web_database("training"),
    )
