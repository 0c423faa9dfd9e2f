"""The only place that wires training's HTTP."""

from __future__ import annotations

from flask import Flask

from services.training import web
from services.training.handlers import consumer
from services.training.routes import blueprints
from services.training.usecases import tokens
from shared import http
from shared.db import Database
from shared.messaging import routes as event_plane
from shared.web import devices, screens


def create_app(database: Database | None = None) -> Flask:
    """The app, on the configured database or the one given."""
    return http.create_app(
        "training",
        title="Lapak training: people and skills",
        blueprints=[*blueprints, event_plane.blueprint(consumer), *devices.api("training", tokens.revoke)],
        screens=screens("training", pages=web.pages, offline=web.offline, revoke=tokens.revoke),
        database=database or http.web_database("training"),
    )
