"""Which tables are watched: all of a service's, unless its models say that something else proves them.

`Table.info`: posted rows are kept as they are (`POSTED`); of all other tables each change is posted and the last one
counts. `DERIVED`: computed from others, and verified by computing it again. `GUARDED`: sealed with something else.
`facts(view, event)`: sealed with their event, off the path on which they are recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import MetaData, Table, UniqueConstraint, text

from shared.db import PLUMBING, Connection

_KNOWN = text("SELECT table_name, keeps, key, columns, view, event FROM watched")
_WATCH = text("SELECT watch(:table, :keeps, :key, :view, :event)")
# A column that was added with a value for the rows that are there already changes what they are.
_FILLED = text("""
    SELECT EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attnum > 0 AND NOT attisdropped
           AND attname <> ALL(:columns) AND (atthasdef OR attnotnull))
""")
# What this transaction has written: no other bears its time, and nobody has sealed it yet. Facts are sealed with rows
# that refer to them.
_REWRITTEN = text("""
    WITH written AS (SELECT DISTINCT table_name FROM posting WHERE hand IS NOT NULL AND posted_at = now())
    SELECT table_name FROM written
     UNION
    SELECT f.table_name FROM written
      JOIN pg_constraint c ON c.contype = 'f' AND c.conrelid = to_regclass(written.table_name)
      JOIN watched f ON f.keeps = 'facts' AND c.confrelid = to_regclass(f.table_name)
      JOIN watched w ON w.table_name = written.table_name AND w.keeps = 'guarded'
""")
_READY = text("SELECT to_regproc('watch') IS NOT NULL")


def watch_all(connection: Connection, metadatas: Sequence[MetaData]) -> list[str]:
    """Have all tables watched that are not yet, or otherwise; the names of those that were taken as they are found.

    Each in a transaction of its own: nobody waits for more than one table. Safe to repeat.
    """
    if not connection.scalar(_READY):
        return []
    known = {row.table_name: row for row in connection.execute(_KNOWN)}
    connection.commit()
    taken = []
    for one in wanted(metadatas):
        if not connection.scalar(text("SELECT to_regclass(:table)"), {"table": one["table"]}):
            continue
        row = known.get(one["table"])
        same = row is not None and all(getattr(row, name) == one[name] for name in ("keeps", "key", "view", "event"))
        filled = row is not None and connection.scalar(_FILLED, {"table": one["table"], "columns": row.columns})
        if not same or filled:
            connection.execute(_WATCH, one)
            taken.append(one["table"])
        connection.commit()
    return taken


def watch_rewritten(connection: Connection) -> None:
    """Take those watched tables as they are now that this transaction, a migration, has rewritten.

    With the migration itself: whatever becomes of the ones after it, its rows are not those of a foreign hand.
    """
    if not connection.scalar(_READY):
        return
    rewritten = list(connection.scalars(_REWRITTEN))
    for row in connection.execute(_KNOWN).all():
        if row.table_name in rewritten:
            connection.execute(_WATCH, {"table": row.table_name, **row._mapping})


def wanted(metadatas: Sequence[MetaData]) -> list[dict[str, Any]]:
    """How each table that is to be watched is, by the models: the values of `watch`."""
    found = []
    for metadata in metadatas:
        for table in metadata.sorted_tables:
            if keeps := _keeps(metadata, table):
                view, event = table.info.get("facts", (None, None))
                found.append({"table": table.name, "keeps": keeps, "key": key_of(table), "view": view, "event": event})
    return found


def _keeps(metadata: MetaData, table: Table) -> str | None:
    if table.info.get("facts"):
        return "facts"
    if table.info.get("guarded"):
        return "guarded"
    if table.info.get("derived"):
        return None
    if table.info.get("posted"):
        return "posted"
    return "changes" if metadata is not PLUMBING or table.info.get("watched") else None


def key_of(table: Table) -> str:
    """SQL for a row's key as text, of the alias `n`: its primary key, or else its first unique constraint."""
    columns = list(table.primary_key.columns)
    if not columns:
        unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
        columns = list(unique[0].columns) if unique else list(table.columns)
    return " || ' ' || ".join(f"coalesce(n.{column.name}::text, '-')" for column in columns)
