"""What holds for each test of a service's app."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest
from flask import Flask

from shared.db import Database
from shared.local import cluster
from shared.local.provision import part, with_database
from shared.web import limits

#: All rows but those that stay. To truncate fifty tables would make two hundred files, each time.
_FORGET = """
DO $$ DECLARE name text; first bigint; BEGIN
    SET LOCAL session_replication_role = replica;  -- no trigger, no key between tables
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables
                 WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'stream') LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
    FOR name, first IN SELECT quote_ident(sequencename), start_value FROM pg_sequences LOOP
        PERFORM setval(name::regclass, first, false);
    END LOOP;
END $$
"""


@pytest.fixture
def app_of(database_for: Callable[[str], Database]) -> Callable[[str], Flask]:
    """The app of a service."""

    def app_of(service: str) -> Flask:
        app: Flask = importlib.import_module(f"services.{service}.app").create_app(database_for(service))
        return app

    return app_of


@pytest.fixture
def forget_of(
    servers: cluster.Servers, urls_for: Callable[..., cluster.DatabaseUrls]
) -> Iterator[Callable[[str], Callable[[], None]]]:
    """`forget = forget_of("sales")`: then `forget()` empties all tables but the migration's and the log's place."""
    with ExitStack() as stack:

        def forget_of(service: str) -> Callable[[], None]:
            url = with_database(servers.postgres_url, part(urls_for(service).owner, "dbname"))
            admin = stack.enter_context(psycopg.connect(url, autocommit=True))

            def forget() -> None:
                admin.execute(_FORGET)

            return forget

        yield forget_of


@pytest.fixture(autouse=True)
def nobody_has_guessed() -> None:
    """Guesses count for the process, which is that of all tests."""
    limits.forget()
