"""The pool of a process when PostgreSQL ends its connections."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import psycopg
import pytest
from sqlalchemy import text

from shared.db import Database

#: Of this database: the roles are the same in those of other tests.
_END = """
    SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'test sales' AND pid <> %s
"""


def _idle_connections(database: Database, count: int) -> None:
    with ExitStack() as stack:
        for session in [stack.enter_context(database.transaction()) for _ in range(count)]:
            session.execute(text("SELECT 1"))


@pytest.mark.parametrize("hot", [True, False], ids=["call", "transaction"])
def test_who_asks_after_a_restart_of_postgresql_does_not_notice(
    database_for: Callable[..., Database], hot: bool
) -> None:
    database = database_for("sales")
    _idle_connections(database, 3)
    with psycopg.connect(database.url, autocommit=True) as other:
        ended = other.execute(_END, [other.info.backend_pid]).fetchall()
    assert ended == [(True,)] * 3
    for _ in range(3):
        if hot:
            assert database.call("SELECT %(n)s::int AS n", {"n": 1})[0].n == 1
        else:
            with database.transaction() as session:
                assert session.execute(text("SELECT 1")).scalar_one() == 1


def test_a_connection_that_breaks_at_work_is_replaced(database_for: Callable[..., Database]) -> None:
    database = database_for("sales")
    with pytest.raises(Exception, match="terminating connection"):
        database.call("SELECT pg_terminate_backend(pg_backend_pid())::text", {})
    assert database.call("SELECT 1 AS n", {})[0].n == 1
