"""`create_app` of every service ends here: JSON, tokens, problems, health, OpenAPI, the event feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

import flask
import flask_smorest  # type: ignore[import-untyped]
from flask import Flask, current_app, request
from flask.json.provider import JSONProvider
from marshmallow import RAISE, Schema, ValidationError
from sqlalchemy.exc import DBAPIError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.middleware.proxy_fix import ProxyFix

from shared import bounds, config, jsontext
from shared.db import Database, Session
from shared.errors import Invalid
from shared.http import epoch, guard, health, observing, openapi, problems
from shared.http.bodies import FewReaders
from shared.messaging import presence
from shared.revision import head
from shared.telemetry import logger, setup

log = logger(__name__)

MAX_BODY_BYTES = 4 * 1024 * 1024  # 500 sales of 10 lines are about 1.5 MB

_DEADLOCK_TRIES = 3
_MOST_PARAMETERS = 50  # in a query


class StrictParser(FlaskParser):
    """Reads arguments; wrong ones raise Invalid with field paths; unknown ones are refused, also in the query."""

    def __init__(self) -> None:
        super().__init__()
        self.DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "json": None, "query": RAISE}

    def load_json(self, req: Any, schema: Schema) -> Any:
        """The body. Raises 400 when it is not JSON, 415 when it does not say that it is, and Invalid."""
        found = json_body()
        if errors := bounds.wrong(schema, found):
            raise Invalid(errors)
        return found

    def load_querystring(self, req: Any, schema: Schema) -> Any:
        """The query. Raises Invalid when it is longer than any that is asked for."""
        if len(req.args) > _MOST_PARAMETERS:
            raise Invalid({"query": [f"Longer than maximum length {_MOST_PARAMETERS}."]})
        return super().load_querystring(req, schema)

    def handle_error(
        self, error: ValidationError, req: Any, schema: Any, *, error_status_code: Any, error_headers: Any
    ) -> Any:
        messages = cast("dict[str, Any]", error.messages)
        raise Invalid(bounds.told(ValidationError(next(iter(messages.values())))))


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


class _App(Flask):
    """None of the views is a coroutine: Flask need not find that out for a dozen functions of each request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is."""
        return func


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


def web_database(service: str) -> Database:
    """The configured database of a web process, with a pool as large as its threads. Sets up logging."""
    setup(service, "web")
    threads = int(config.get("LAPAK_WEB_THREADS"))
    url = config.get("LAPAK_{SERVICE}_DATABASE_URL", service)
    database = Database(url, pool_size=threads, application_name=presence.connection_name(service, "web"))
    presence.stay_seen(database)
    return database


def _put_doors_before(app: Flask) -> None:
    app.wsgi_app = FewReaders(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's documentation does it
    # Each proxy adds the address it was asked from to X-Forwarded-For; scheme and host are replaced, or handed on, and
    # never become a list. ProxyFix believes nothing of a header that holds fewer values than it was told to expect.
    if count := int(config.get("LAPAK_PROXIES")):
        proxied: Any = ProxyFix(app.wsgi_app, x_for=count, x_proto=1, x_host=1)
        app.wsgi_app = proxied  # type: ignore[method-assign]


def _stand_at_the_door(app: Flask, service: str, database: Database) -> None:
    """What happens to each request before and after its view."""
    observing.install(app, service)
    health.wait_for_schema(app, service, database)
    guard.install(app, database)
    epoch.install(app, service, database)


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
    app = _App(service, static_folder=None)
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
    _stand_at_the_door(app, service, database)
    api = openapi.Api(app)
    problems.install(app)
    for blueprint in blueprints:
        prefix = blueprint.url_prefix or "/v1"
        api.register_blueprint(blueprint, url_prefix=f"/{service}{'' if prefix == '/' else prefix}")
    app.register_blueprint(health.blueprint(service, database, head(service)), url_prefix=f"/{service}")
    app.register_blueprint(openapi.blueprint(service, api), url_prefix=f"/{service}")
    for screen in screens:
        app.register_blueprint(screen, url_prefix=f"/{service}")
    _put_doors_before(app)
    for endpoint, view in app.view_functions.items():
        guard.roles_of(app, endpoint)
        app.view_functions[endpoint] = _again_after_deadlock(view)
    return app
