"""Migrations of a service: Alembic under `services/<name>/migrations/`, run as the role that owns the tables."""

from __future__ import annotations

import re
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import MetaData, create_engine, pool

from shared.db import PLUMBING

_SERVICES = Path(__file__).resolve().parent.parent / "services"


def _config(service: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(_SERVICES / service / "migrations"))
    return made


def head(service: str) -> str:
    """The newest revision, e.g. `0003`, read from the numbered file names (importing Alembic costs 0.1 s at start)."""
    names = (_SERVICES / service / "migrations" / "versions").glob("[0-9]*.py")
    return max(match[0] for name in names if (match := re.match(r"\d{4}", name.name)))


def run(metadata: MetaData) -> None:
    """Body of each service's `migrations/env.py`: migrate the database of the connection it was given."""
    # timezone and search path are the server's; a lock keeps two migrators apart
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=[metadata, PLUMBING], compare_type=True)
    with context.begin_transaction():
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7261646)")
        context.run_migrations()


def upgrade(service: str, owner_url: str) -> None:
    """Bring a service's database to its head. Safe to run twice and at once."""
    engine = create_engine(owner_url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=pool.NullPool)
    with engine.begin() as connection:
        made = _config(service)
        made.attributes["connection"] = connection
        command.upgrade(made, "head")
