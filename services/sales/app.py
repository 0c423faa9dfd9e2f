"""The only place that wires sales' HTTP."""

from __future__ import annotations

from flask import Flask

from services.sales import web
from services.sales.handlers import consumer
from services.sales.routes import blueprints
from services.sales.usecases import tokens
from shared import http
from shared.db import Database
from shared.messaging import routes as event_plane
from shared.web import devices, screens


def create_app(database: Database | None = None) -> Flask:
    """The app, on the configured database or the one given."""
    return http.create_app(
        "sales",
        title="Lapak sales: money",
        blueprints=[*blueprints, event_plane.blueprint(consumer), *devices.api("sales", tokens.revoke)],
        screens=screens("sales", pages=web.pages, offline=web.offline, revoke=tokens.revoke),
        database=database or http.web_database("sales"),
    )
