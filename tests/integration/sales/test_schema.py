"""The database itself: migrations and models agree, posted rows cannot be changed (P17)."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, text
from sqlalchemy.exc import ProgrammingError

from services.sales.models import Base
from shared.db import PLUMBING, Database
from shared.local.cluster import DatabaseUrls

POSTED = {
    "closed_number", "event_log", "lot", "lot_assignment", "lot_recall", "manual_batch", "payment", "posted",
    "product_price", "received_line", "register_placement", "return_line", "return_verdict", "sale", "sale_line",
    "sale_return", "seal", "shift", "shift_close", "stock_change",
}  # fmt: skip


def test_migrations_and_models_agree(urls_for: Callable[..., DatabaseUrls]) -> None:
    engine = create_engine(urls_for("sales").owner.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        context, tables = MigrationContext.configure(connection), cast("MetaData", [Base.metadata, PLUMBING])
        assert compare_metadata(context, tables) == []
    engine.dispose()


def test_the_posted_tables_are_those_written_here() -> None:
    tables = [*Base.metadata.sorted_tables, *PLUMBING.sorted_tables]
    assert {table.name for table in tables if table.info.get("posted")} == POSTED


@pytest.mark.parametrize("table", sorted(POSTED))
def test_the_application_can_neither_change_nor_delete_posted_rows(
    database_for: Callable[..., Database], table: str
) -> None:
    columns = {table.name: table for table in [*Base.metadata.sorted_tables, *PLUMBING.sorted_tables]}[table].columns
    first = next(iter(columns)).name
    for statement in (f"UPDATE {table} SET {first} = {first}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(ProgrammingError, match="permission denied"), database_for("sales").transaction() as session:
            session.execute(text(statement))


_FACT = "effective_at, sold_at, drift, time_sure, run, run_ms"


@pytest.mark.parametrize("call", [f"happened_after({_FACT}, {_FACT})", "row_digest(sale::text)"])
def test_what_is_asked_of_each_sale_is_a_part_of_the_query(database_for: Callable[..., Database], call: str) -> None:
    """PostgreSQL inlines a function only if its body is as little volatile as it says; a call costs ten times as much.

    (inline_function in clauses.c, PostgreSQL 18. A timestamp plus an interval is STABLE.)
    """
    with database_for("sales").transaction() as session:
        plan = "\n".join(session.scalars(text(f"EXPLAIN (VERBOSE) SELECT {call} FROM sale")))
    assert f"{call.partition('(')[0]}(" not in plan
