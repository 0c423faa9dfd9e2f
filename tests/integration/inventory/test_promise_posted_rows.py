"""P17: posted rows cannot be changed or deleted by the application. And: the models are what the migrations make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from services.inventory.models import Base
from shared.db import PLUMBING, Database

# By hand: whoever adds a posted table to the models adds it here, and whoever forgets POSTED fails.
POSTED = {
    "consignment",
    "consignment_dispatch",
    "consignment_line",
    "discrepancy_resolution",
    "lot",
    "lot_recall",
    "output",
    "output_decision",
    "output_maker",
    "receipt",
    "receipt_line",
    "returned_line",
    "stock_move",
    "write_off",
    "write_off_approval",
    "write_off_line",
}


def test_every_fact_is_declared_as_posted() -> None:
    declared = {table.name for table in Base.metadata.sorted_tables if table.info.get("posted")}
    assert declared >= POSTED


@pytest.mark.parametrize("table", sorted(POSTED | {"event_log"}))
def test_a_posted_row_can_be_neither_changed_nor_deleted_by_the_application(
    database_for: Callable[..., Database], table: str
) -> None:
    database = database_for("inventory")
    with database.transaction() as session:
        column = session.scalars(
            text("SELECT column_name FROM information_schema.columns WHERE table_name = :t LIMIT 1"), {"t": table}
        ).one()
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(ProgrammingError) as refused, database.transaction() as session:
            session.execute(text(statement))
        assert isinstance(refused.value.orig, InsufficientPrivilege), statement


def test_the_database_itself_refuses_a_workshop_that_owes_goods(database_for: Callable[..., Database]) -> None:
    with pytest.raises(DBAPIError, match="negative balance"), database_for("inventory").transaction() as session:
        session.execute(
            text("INSERT INTO stock_balance (location, sku, lot, on_hand) VALUES ('workshop/WS-X', 'X', 'L', -1)")
        )


def test_the_models_are_what_the_migrations_make(urls_for: Callable[..., Any]) -> None:
    engine = create_engine(urls_for("inventory").owner.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, [Base.metadata, PLUMBING]) == []  # type: ignore[arg-type]
    engine.dispose()
