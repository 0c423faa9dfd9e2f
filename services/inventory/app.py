"""The only place that wires inventory's HTTP."""

from __future__ import annotations

from flask import Flask

from services.inventory import web
from services.inventory.handlers import consumer
from services.inventory.routes import blueprints
from services.inventory.usecases import tokens
from shared import http
from shared.db import Database
from shared.messaging import routes as event_plane
from shared.web import devices, screens


def create_app(database: Database | None = None) -> Flask:
    """The app, on the configured database or the one given."""
    return http.create_app(
        "inventory",
        title="Lapak inventory: goods",
        blueprints=[*blueprints, event_plane.blueprint(consumer), *devices.api("inventory", tokens.revoke)],
        screens=screens("inventory", pages=web.pages, offline=web.offline, revoke=tokens.revoke),
        database=database or http.web_database("inventory"),
    )
