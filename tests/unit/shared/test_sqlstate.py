"""Each class of PostgreSQL's SQLSTATEs: whose fault it is, and what a caller is told."""

from __future__ import annotations

import psycopg
import pytest
from flask import Flask
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.http import problems
from shared.messaging.failures import is_transient

#: One code of each class.
OF_THE_EVENT = ("21000", "22003", "22P02", "23505", "23514", "44000", "54000", "57014", "P0001")
OF_THE_MOMENT = (
    *("08006", "0A000", "25006", "26000", "28P01", "2BP01", "3D000", "3F000", "40001", "40P01", "42501", "42703"),
    *("42P01", "42883", "53100", "53200", "53300", "55P03", "57P01", "57P03", "58030", "F0000", "XX000"),
)


def _refused(code: str) -> DBAPIError:
    made = DBAPIError.instance("SELECT", None, errors.lookup(code)("said"), psycopg.Error)
    assert isinstance(made, DBAPIError)
    return made


@pytest.mark.parametrize("code", OF_THE_EVENT)
def test_what_is_the_events_fault(code: str) -> None:
    assert not is_transient(_refused(code))


@pytest.mark.parametrize("code", OF_THE_MOMENT)
def test_what_is_not_the_events_fault(code: str) -> None:
    assert is_transient(_refused(code))


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (PoolTimeout(), True),
        (MemoryError(), True),
        (ConnectionResetError(), True),
        (DBAPIError.instance("x", None, psycopg.OperationalError("connection is lost"), psycopg.Error), True),
        (DBAPIError.instance("x", None, psycopg.DataError("NUL"), psycopg.Error), False),
        (ValueError("a figure"), False),
        (KeyError("a field"), False),
    ],
)
def test_what_has_no_sqlstate(error: BaseException, passes: bool) -> None:
    assert is_transient(error) is passes


@pytest.mark.parametrize(
    ("code", "status", "words", "pause"),
    [
        ("25006", 503, "takes no changes", 5),
        ("53100", 503, "no room left", 5),
        ("53300", 503, "no room left", 5),
        ("55P03", 503, "Others are changing the same", 1),
        ("40P01", 503, "Others are changing the same", 1),
        ("57014", 503, "took too long", 5),
        ("57P01", 503, "is being restarted", 2),
        ("42703", 503, "is being upgraded", 5),
        ("08006", 503, "cannot be reached", 1),
        ("23505", 500, "Something went wrong", None),
        ("22003", 422, "Some fields are not valid", None),
    ],
)
def test_what_a_caller_is_told(code: str, status: int, words: str, pause: int | None) -> None:
    app = Flask("probe")
    problems.install(app)

    @app.get("/")
    def fail() -> str:
        raise _refused(code)

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, str(pause) if pause else None)
    assert words in answer.json["title"]  # type: ignore[index]
    assert answer.content_type == "application/problem+json"
