"""`create_app` of every service ends here: JSON, tokens, problems, health, OpenAPI, the event feed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from logging import DEBUG, INFO, WARNING
from typing import Any, TypeVar, cast

import flask
import flask_smorest  # type: ignore[import-untyped]
from flask import Flask, Response, current_app, g, request
from flask.json.provider import JSONProvider
from marshmallow import RAISE, Schema, ValidationError
from sqlalchemy.exc import DBAPIError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.middleware.proxy_fix import ProxyFix

from shared import config, jsontext, telemetry
from shared.db import Database, Session
from shared.errors import Invalid, flatten
from shared.http import guard, health, metrics, openapi, problems
from shared.messaging import presence
from shared.migrations import head
from shared.telemetry import logger, setup

log = logger(__name__)

MAX_BODY_BYTES = 4 * 1024 * 1024  # 500 sales of 10 lines are about 1.5 MB

_DEADLOCK_TRIES = 3

#: Asked again and again by machines: no span, and a line at level debug only. Couriers ask the feed each second.
_SPANLESS = ("/healthz", "/readyz", "/metrics", "/static/<path:path>")
_QUIET = (*_SPANLESS, "/events")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class StrictParser(FlaskParser):
    """Reads arguments; wrong ones raise Invalid with field paths; unknown ones are refused, also in the query."""

    def __init__(self) -> None:
        super().__init__()
        self.DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "json": None, "query": RAISE}

    def load_json(self, req: Any, schema: Schema) -> Any:
        """The body. Raises 400 when it is not JSON, 415 when it does not say that it is."""
        return json_body()

    def handle_error(
        self, error: ValidationError, req: Any, schema: Any, *, error_status_code: Any, error_headers: Any
    ) -> Any:
        messages = cast("dict[str, Any]", error.messages)
        raise Invalid(flatten(next(iter(messages.values()))))


Door = TypeVar("Door", bound=Callable[..., Any])
Mark = Callable[[Door], Door]


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # the library is not typed
    """A group of routes, with our parser; the decorators that the doors use, typed."""

    ARGUMENTS_PARSER = StrictParser()

    def get(self, rule: str, **options: Any) -> Mark[Any]:
        """Register a view for GET."""
        return cast("Mark[Any]", super().get(rule, **options))

    def post(self, rule: str, **options: Any) -> Mark[Any]:
        """Register a view for POST."""
        return cast("Mark[Any]", super().post(rule, **options))

    def put(self, rule: str, **options: Any) -> Mark[Any]:
        """Register a view for PUT."""
        return cast("Mark[Any]", super().put(rule, **options))

    def arguments(self, schema: Schema, *, location: str = "json", **options: Any) -> Mark[Any]:
        """Load the body (or the query) by a schema and hand it to the view as a dictionary."""
        return cast("Mark[Any]", super().arguments(schema, location=location, **options))

    def response(self, status: int, schema: Schema | None = None, **options: Any) -> Mark[Any]:
        """Dump what the view returns by a schema."""
        return cast("Mark[Any]", super().response(status, schema, **options))

    def alt_response(self, status: int, **options: Any) -> Mark[Any]:
        """Document another answer; the view builds it by itself."""
        return cast("Mark[Any]", super().alt_response(status, **options))


class _Json(JSONProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        kwargs.pop("indent", None)
        return jsontext.dumps(obj, **kwargs)

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return jsontext.loads(s)


def json_body() -> Any:
    """The request's JSON value; an absent body is `{}`. Raises 400 or 415."""
    data = request.get_data(cache=True)
    if not data:
        return {}
    if not request.is_json:
        raise UnsupportedMediaType("Send JSON as `Content-Type: application/json`.")
    try:
        return jsontext.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON in UTF-8.") from None


def current_database() -> Database:
    """The database of the service whose route runs."""
    return cast(Database, current_app.extensions["lapak.database"])


@contextmanager
def transaction() -> Iterator[Session]:
    """One transaction on the database of the service whose route runs."""
    with current_database().transaction() as session:
        yield session


def _again_after_deadlock(view: Callable[..., Any]) -> Callable[..., Any]:
    """Rows are locked in key order; where two transactions meet all the same, nobody outside shall see it.

    The transaction was rolled back, and every call is safe to repeat.
    """

    @wraps(view)
    def call(*args: Any, **kwargs: Any) -> Any:
        for _ in range(_DEADLOCK_TRIES):
            try:
                return view(*args, **kwargs)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in {"40P01", "40001"}:
                    raise
                log.info("two transactions met, trying again", route=str(request.url_rule))
        return view(*args, **kwargs)

    return call


def _observe(app: Flask, service: str) -> None:
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
    role = g.token.role if "token" in g else None
    quiet = method == "GET" and route.endswith(_QUIET)
    level = WARNING if status >= 500 or seconds > 1 else DEBUG if quiet else INFO
    ms = round(seconds * 1000, 1)
    log.log(level, "request answered", method=method, route=route, status=status, ms=ms, role=role)
    if telemetry.tracing():
        told = {"http.response.status_code": status, "lapak.request_id": telemetry.request_id()}
        telemetry.describe_span(told | ({"lapak.role": role} if role else {}), failed=status >= 500)


def web_database(service: str) -> Database:
    """The configured database of a web process, with a pool as large as its threads. Sets up logging."""
    setup(service, "web")
    threads = int(config.get("LAPAK_WEB_THREADS"))
    url = config.get("LAPAK_{SERVICE}_DATABASE_URL", service)
    database = Database(url, pool_size=threads, application_name=presence.connection_name(service, "web"))
    presence.stay_seen(database)
    return database


def _believe_proxies(app: Flask) -> None:
    if count := int(config.get("LAPAK_PROXIES")):
        proxied: Any = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
        app.wsgi_app = proxied  # type: ignore[method-assign]  # as Flask's documentation does it


def create_app(
    service: str,
    *,
    title: str,
    blueprints: Sequence[flask_smorest.Blueprint],
    database: Database,
    screens: Sequence[flask.Blueprint] = (),
) -> Flask:
    """The Flask app of one service, everything under `/{service}`.

    `blueprints` carry paths below `/{service}/v1`, except those that name an own `url_prefix`; `screens` are pages.
    Raises RouteWithoutRole when a route does not say who may call it.
    """
    app = Flask(service, static_folder=None)
    app.json = _Json(app)
    app.url_map.strict_slashes = False
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        API_TITLE=title,
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=None,
    )
    app.extensions["lapak.database"] = database
    _observe(app, service)
    guard.install(app, database)
    api = flask_smorest.Api(app)
    problems.install(app)
    for blueprint in blueprints:
        prefix = blueprint.url_prefix or "/v1"
        api.register_blueprint(blueprint, url_prefix=f"/{service}{'' if prefix == '/' else prefix}")
    app.register_blueprint(health.blueprint(service, database, head(service)), url_prefix=f"/{service}")
    app.register_blueprint(openapi.blueprint(service, api), url_prefix=f"/{service}")
    for screen in screens:
        app.register_blueprint(screen, url_prefix=f"/{service}")
    _believe_proxies(app)
    for endpoint, view in app.view_functions.items():
        guard.roles_of(app, endpoint)
        app.view_functions[endpoint] = _again_after_deadlock(view)
    return app
