"""Each request leaves a line, figures and (where there are traces) a span."""

from __future__ import annotations

import time
from contextlib import ExitStack
from logging import DEBUG, INFO, WARNING

from flask import Flask, Response, g, request

from shared import telemetry
from shared.http import metrics
from shared.telemetry import logger

log = logger(__name__)

#: Asked again and again by machines: no span, and a line at level debug only. Couriers ask the feed each second.
_SPANLESS = ("/healthz", "/readyz", "/metrics", "/static/<path:path>")
_QUIET = (*_SPANLESS, "/events")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def install(app: Flask, service: str) -> None:
    """Before and after each request of the app."""

    def begin() -> None:
        method, route, caller = *_asked(), request.headers.get("traceparent")
        g.began, g.watched = time.perf_counter(), ExitStack()
        g.watched.enter_context(telemetry.serving(service, request.headers.get("X-Request-Id")))
        if route.endswith(_SPANLESS):
            g.watched.enter_context(telemetry.continuing(caller))
        else:
            told = {"http.request.method": method, "http.route": route, "url.scheme": request.scheme}
            g.watched.enter_context(telemetry.span("server", f"{method} {route}", told, parent=caller))

    def end(response: Response) -> Response:
        method, route = _asked()
        seconds = time.perf_counter() - g.began if "began" in g else 0.0
        _tell(method, route, response.status_code, seconds)
        metrics.observe(service, method, route, response.status_code, seconds)
        if (own_id := telemetry.request_id()) is not None:
            response.headers["X-Request-Id"] = own_id
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    def leave(_error: BaseException | None) -> None:
        if "watched" in g:
            g.watched.close()

    app.before_request(begin)
    app.after_request(end)
    app.teardown_request(leave)


def _asked() -> tuple[str, str]:
    """Method and route, each out of a few, as lines, spans and figures name them.

    The route's template, never the path: a path holds references to people (domain, rule 10).
    """
    method = request.method if request.method in _METHODS else "_OTHER"
    return method, request.url_rule.rule if request.url_rule else "unmatched"


def _tell(method: str, route: str, status: int, seconds: float) -> None:
    """One line for the request; its span learns how it ended."""
    role, sub = (g.token.role, g.token.sub) if "token" in g else (None, None)
    quiet = method == "GET" and route.endswith(_QUIET)
    level = WARNING if status >= 500 or seconds > 1 else DEBUG if quiet else INFO
    ms = round(seconds * 1000, 1)
    log.log(level, "request answered", method=method, route=route, status=status, ms=ms, role=role, sub=sub)
    if telemetry.tracing():
        told = {"http.response.status_code": status, "lapak.request_id": telemetry.request_id()}
        telemetry.describe_span(told | ({"lapak.role": role} if role else {}), failed=status >= 500)
