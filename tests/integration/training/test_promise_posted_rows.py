"""P17: posted rows cannot be changed or deleted by the application. And: the models are what the migrations make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from services.training.models import Base
from shared.db import PLUMBING
from tests.integration.training.people import People

# By hand: whoever adds a posted table to the models adds it here, and whoever forgets POSTED fails.
POSTED = {"assessment", "attestation", "withdrawal", "practice", "market_return", "identity_access"}


def test_every_fact_is_declared_as_posted() -> None:
    assert {table.name for table in Base.metadata.sorted_tables if table.info.get("posted")} == POSTED


@pytest.mark.parametrize("table", sorted(POSTED | {"event_log"}))
def test_a_posted_row_can_be_neither_changed_nor_deleted_by_the_application(people: People, table: str) -> None:
    with people.database.transaction() as session:
        column = session.scalars(
            text("SELECT column_name FROM information_schema.columns WHERE table_name = :t LIMIT 1"), {"t": table}
        ).one()
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(ProgrammingError) as refused, people.database.transaction() as session:
            session.execute(text(statement))
        assert isinstance(refused.value.orig, InsufficientPrivilege), statement


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO resident (worker_ref, version, registered_at) VALUES ('register-no-7', 1, now())",
        "UPDATE certificate SET valid_until = valid_from - 1",
        "UPDATE certificate SET kind = 'diploma'",
        "UPDATE certificate SET worker_ref = 'wnobody01'",
        "DELETE FROM resident",
    ],
)
def test_the_database_itself_keeps_the_rules_that_always_hold(people: People, statement: str) -> None:
    people.certify(people.resident())
    with pytest.raises(IntegrityError), people.database.transaction() as session:
        session.execute(text(statement))


def test_the_models_are_what_the_migrations_make(urls_for: Callable[..., Any]) -> None:
    engine = create_engine(urls_for("training").owner.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, [Base.metadata, PLUMBING]) == []  # type: ignore[arg-type]
    engine.dispose()
