"""One map from errors to answers: problem+json, never a stack trace, never a 500 for bad input."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request
from psycopg.errors import DataError as PostgresDataError
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from shared import jsontext
from shared.errors import Problem
from shared.telemetry import logger, request_id

log = logger(__name__)

_CODES = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-media-type",
}


def problem(status: int, code: str, title: str, detail: str, extra: dict[str, Any] | None = None) -> Response:
    """An RFC 9457 answer; `request_id` is what the log lines of the request carry."""
    body = {"type": f"urn:lapak:problem:{code}", "title": title, "status": status, "detail": detail, "code": code}
    if own_id := request_id():
        body["request_id"] = own_id
    return Response(jsontext.dumps(body | (extra or {})), status=status, content_type="application/problem+json")


def _refused(error: Problem) -> Response:
    answer = problem(error.status, error.code, error.title, error.detail, error.extra)
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None and status < 400:
        return Response(status=status, headers=list(error.response.headers))
    name = error.name
    answer = problem(status, _CODES.get(status, name.lower().replace(" ", "-")), name, error.description or name)
    for key, value in error.get_headers():
        if key.lower() in {"allow", "retry-after", "location"}:
            answer.headers[key] = value
    return answer


def _unstorable(error: DataError) -> Response:
    # Schemas check shapes; what is left is text that PostgreSQL cannot hold, or a number out of its range.
    known = isinstance(error.orig, PostgresDataError)
    log.warning("value refused by the database", error=type(error.orig).__name__, route=str(request.url_rule))
    return (
        problem(422, "invalid", "Some fields are not valid", "A value is out of range.", {"errors": {}})
        if known
        else _crash(error)
    )


def _unavailable(error: DBAPIError | PoolTimeout) -> Response:
    sqlstate = getattr(getattr(error, "orig", None), "sqlstate", None)
    log.error("database not available", error=type(error).__name__, sqlstate=sqlstate, route=str(request.url_rule))
    answer = problem(503, "unavailable", "The database cannot be reached", "Nothing was recorded; send it again.")
    answer.headers["Retry-After"] = "1"
    return answer


def _crash(error: Exception) -> Response:
    log.error("request failed", route=str(request.url_rule), exc_info=error)
    return problem(500, "internal", "Something went wrong here", "It was logged. Sending the same again is safe.")


def install(app: Flask) -> None:
    """Register the map."""
    app.register_error_handler(Problem, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(PoolTimeout, _unavailable)
    app.register_error_handler(Exception, _crash)
