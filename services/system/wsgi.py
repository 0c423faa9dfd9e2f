"""The three services on one port, each under its own prefix (which it serves by itself)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

import services.inventory.app
import services.sales.app
import services.training.app
from shared.http.problems import problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Mounted:
    """A WSGI app that hands each request to the service named by the first part of its path."""

    def __init__(self, apps: dict[str, Flask]) -> None:
        self.apps = apps

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        prefix = environ.get("PATH_INFO", "").lstrip("/").partition("/")[0]
        app = self.apps.get(prefix)
        if app is not None:
            return app(environ, start_response)
        known = ", ".join(f"/{name}" for name in self.apps)
        answer = problem(404, "not-found", "There is no such service here", f"The services are {known}.")
        return answer(environ, start_response)


def create_app() -> Mounted:
    """All three apps, each with its own database."""
    return Mounted(
        {
            "training": services.training.app.create_app(),
            "inventory": services.inventory.app.create_app(),
            "sales": services.sales.app.create_app(),
        }
    )
