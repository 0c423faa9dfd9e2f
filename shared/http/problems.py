"""One map from errors to answers: problem+json, never a stack trace, never a 500 for bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from psycopg.errors import DataError as PostgresDataError
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from shared import jsontext
from shared.errors import Problem
from shared.sqlstate import CUT_OFF, code_of, is_of_the_moment
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
    if error.status == 503:
        answer.headers["Retry-After"] = "5"
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


_MENDED = ("3D", "3F", "42", "0A", "XX")  # rights, schema, statement, server
#: What is the matter, by SQLSTATE or its class, the first that fits: title, seconds after which to come again.
_REASONS = (
    ("25006", "The database takes no changes at the moment", 5),
    ("55P03", "Others are changing the same at the moment", 1),
    ("40", "Others are changing the same at the moment", 1),
    (CUT_OFF, "The database took too long, and was stopped", 5),
    ("53", "The database has no room left: disk, memory or connections", 5),
    ("57", "The database is being restarted", 2),
    (("3D", "3F", "42", "0A"), "The database is being upgraded", 5),
)


def _refused_by_database(error: DBAPIError | PoolTimeout) -> Response:
    code = code_of(error)
    if not (is_of_the_moment(error) or code == CUT_OFF):
        return _crash(error)
    known = (reason for reason in _REASONS if code and code.startswith(reason[0]))
    _, title, pause = next(known, ("", "The database cannot be reached", 1))
    log.error("database not available", error=type(error).__name__, sqlstate=code, route=str(request.url_rule))
    if code and code.startswith(_MENDED):
        log.error("not by itself: a person must mend it", exc_info=error)
    answer = problem(503, "unavailable", title, "Nothing was recorded; send it again.")
    answer.headers["Retry-After"] = str(pause)
    return answer


def _crash(error: Exception) -> Response:
    log.error("request failed", route=str(request.url_rule), exc_info=error)
    return problem(500, "internal", "Something went wrong here", "It was logged. Sending the same again is safe.")


#: Errors and their answers; the first that fits.
_MAP: tuple[tuple[type[Exception], Callable[[Any], Response]], ...] = (
    (Problem, _refused),
    (HTTPException, _http),
    (DataError, _unstorable),
    (DBAPIError, _refused_by_database),
    (PoolTimeout, _refused_by_database),
    (Exception, _crash),
)


def answer_to(error: Exception) -> Response:
    """The answer to an error, whatever it is."""
    return next(make(error) for kind, make in _MAP if isinstance(error, kind))


def install(app: Flask) -> None:
    """Register the map."""
    for kind, _ in _MAP:
        app.register_error_handler(kind, answer_to)
