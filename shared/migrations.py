"""Migrations of a service: Alembic under `services/<name>/migrations/`, run as the role that owns the tables."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, Engine, MetaData, pool, text
from sqlalchemy.exc import OperationalError

import shared.messaging.tables  # noqa: F401  (fills PLUMBING)
from shared.db import PLUMBING, engine
from shared.proof.watching import watch_all, watch_rewritten
from shared.revision import head
from shared.rights import grant_what_is_new

__all__ = ["head", "run", "upgrade"]

_TRIES, _PAUSE = 20, 1.0
_SERVICES = Path(__file__).resolve().parent.parent / "services"


def _config(service: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(_SERVICES / service / "migrations"))
    return made


def run(metadata: MetaData) -> None:
    """Body of each service's `migrations/env.py`: migrate the database of the connection it was given."""
    connection = context.config.attributes["connection"]
    context.config.attributes["metadatas"] = [metadata, PLUMBING]
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes["metadatas"],
        compare_type=True,
        transaction_per_migration=True,  # and so one may leave it, to build an index while others write
        on_version_apply=lambda **_: _stepped(connection, [metadata, PLUMBING]),
    )
    with context.begin_transaction():
        context.run_migrations()


def _stepped(connection: Connection, metadatas: list[MetaData]) -> None:
    watch_rewritten(connection)
    grant_what_is_new(connection, metadatas)


def upgrade(service: str, owner_url: str) -> None:
    """Bring a service's database to its head, beside processes that use it. Safe to run twice and at once.

    A migration that waits for a table would have everybody wait behind it: it gives up after 2 s and tries again, for
    a minute; so it does when it and a sale wait for each other. Raises OperationalError then; migrations done before
    stay.
    """
    owner = engine(owner_url, poolclass=pool.NullPool)
    for _ in range(_TRIES - 1):
        try:
            return _upgrade(service, owner)
        except OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
                raise
            time.sleep(_PAUSE)
    return _upgrade(service, owner)


def _upgrade(service: str, owner: Engine) -> None:
    with owner.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(7261646)"))  # one migrator at a time; it ends with the session
        connection.execute(text("SET lock_timeout = '2s'"))
        connection.commit()  # from here on Alembic begins and commits
        made = _config(service)
        made.attributes["connection"] = connection
        command.upgrade(made, "head")
        watch_all(connection, made.attributes["metadatas"])
