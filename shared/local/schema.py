"""The schema of a service's database: migrations as its owner, then the rights of its application role.

The services are found by name when it runs; nothing here imports them.
"""

from __future__ import annotations

import importlib

from sqlalchemy import MetaData, pool, text
from sqlalchemy.orm import DeclarativeBase

from shared import migrations
from shared.db import PLUMBING, engine
from shared.local.provision import part
from shared.rights import grant_application_role


def metadata_of(service: str) -> list[MetaData]:
    """The tables of a service: those of its `models`, and the plumbing that every service has."""
    importlib.import_module("shared.messaging.tables")
    models = importlib.import_module(f"services.{service}.models")
    found: list[MetaData] = [PLUMBING]
    for value in vars(models).values():
        is_base = isinstance(value, type) and issubclass(value, DeclarativeBase) and value is not DeclarativeBase
        metadata = value.metadata if is_base else value
        if isinstance(metadata, MetaData) and not any(metadata is known for known in found):
            found.append(metadata)
    return found


def grant(owner_url: str, app_url: str, metadatas: list[MetaData]) -> None:
    """Give the application role that `app_url` names its rights on these tables, as their owner."""
    with engine(owner_url, poolclass=pool.NullPool).begin() as connection:
        # Two starts at once would change the same catalogue rows.
        connection.execute(text("SELECT pg_advisory_xact_lock(7261645)"))
        grant_application_role(connection, metadatas, part(app_url, "user"))


def migrate(service: str, owner_url: str, app_url: str) -> None:
    """Bring a service's database to its newest schema and grant the application role its rights. Safe to repeat.

    One that newer code has brought further is left as it is: this code can do with it, or an older image could not be
    gone back to.
    """
    if (current(owner_url) or "") > migrations.head(service):
        return
    migrations.upgrade(service, owner_url)
    grant(owner_url, app_url, metadata_of(service))


def current(owner_url: str) -> str | None:
    """The revision that a database stands at; None when it has no schema yet."""
    with engine(owner_url, poolclass=pool.NullPool).connect() as connection:
        if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found
