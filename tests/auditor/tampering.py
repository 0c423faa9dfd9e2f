"""Rows changed, deleted and added by SQL; what was tampered with is put back after."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import errors, sql
from sqlalchemy import Column, MetaData, Table

from shared.config import SERVICES
from shared.local.schema import metadata_of
from shared.proof.sealing import PLAINLY
from shared.proof.watching import wanted

#: What nobody needs proved: what a device last said of itself, and the plane's own working state.
_NO_FACTS = {"register_state", "reconsideration"}
_PLUMBING = {"event_log", "manual_batch", "posted", "seal", "watched", "revoked_token"}
#: What the proof writes itself when rows are written.
_PROOF = ("posting", "posted", "seal")


@dataclass(frozen=True)
class Kind:
    """A way to tamper: `how` with which column (None: the whole row) of which table."""

    service: str
    table: Table
    how: str
    column: Column[Any] | None = None

    def __str__(self) -> str:
        return f"{self.service}.{self.table.name}{f'.{self.column.name}' if self.column is not None else ''} {self.how}"


def tables(service: str) -> list[Table]:
    """Every table that is posted, watched or a balance, found from the models: a new one is covered without hands."""
    found = []
    for metadata in metadata_of(service):
        found += [table for table in metadata.sorted_tables if _is_proved(metadata, table)]
    return found


def _is_proved(metadata: MetaData, table: Table) -> bool:
    names = {one["table"] for one in wanted([metadata])}
    own = table.name in names or bool(table.info.get("derived"))
    is_plumbing = "event_log" in metadata.tables
    return table.name in _PLUMBING if is_plumbing else own and table.name not in _NO_FACTS


def kinds() -> Iterator[Kind]:
    """All of them: each column of each table changed, a row of each deleted, one added, one forged with its digest."""
    for service in SERVICES:
        for table in tables(service):
            for column in table.columns:
                if column.computed is None:
                    yield Kind(service, table, "changed", column)
            yield Kind(service, table, "deleted")
            yield Kind(service, table, "added")
            if _digested(table):
                free = [column for column in table.columns if column.computed is None and not column.primary_key]
                yield Kind(service, table, "forged", (free or list(table.columns))[-1])


class Hand:
    """A superuser's connection to each database, with a copy of every table from before the first touch."""

    def __init__(self, urls: dict[str, str], chance: random.Random) -> None:
        self.chance = chance
        self.at = {service: psycopg.connect(url, autocommit=True) for service, url in urls.items()}
        for service, connection in self.at.items():
            connection.execute("CREATE SCHEMA IF NOT EXISTS audit")
            for name in self._copied(service):
                connection.execute(sql.SQL("CREATE TABLE audit.{t} AS TABLE public.{t}").format(t=sql.Identifier(name)))

    def _copied(self, service: str) -> list[str]:
        return sorted({table.name for table in tables(service)} | set(_PROOF))

    def tamper(self, kind: Kind) -> list[str] | None:
        """Do it to a random row; what names that row. None: there is no such row, or the database refuses it."""
        row = self._random_row(kind)
        if row is None:
            return None
        connection, silent = self.at[kind.service], self.chance.random() < 0.5
        for replica in (silent, True):
            try:
                with connection.transaction():
                    if replica:  # neither triggers nor foreign keys: the hand that wants not to be seen
                        connection.execute("SET LOCAL session_replication_role = replica")
                    changed = self._do(connection, kind, row)
            except (errors.ForeignKeyViolation, errors.RaiseException):
                continue
            except (errors.IntegrityError, errors.DataError):
                return None
            return changed
        return None

    def _random_row(self, kind: Kind) -> dict[str, Any] | None:
        name = sql.Identifier(kind.table.name)
        query = sql.SQL("SELECT t.ctid::text AS ctid, t.* FROM {t} AS t ORDER BY random() LIMIT 1").format(t=name)
        with self.at[kind.service].cursor(row_factory=psycopg.rows.dict_row) as cursor:
            return cursor.execute(query).fetchone()

    def _do(self, connection: psycopg.Connection[Any], kind: Kind, row: dict[str, Any]) -> list[str]:
        name, named = sql.Identifier(kind.table.name), [*_names(kind.table, row)]
        here = sql.SQL("WHERE ctid = {}::tid").format(sql.Literal(row["ctid"]))
        if kind.how == "deleted":
            connection.execute(sql.SQL("DELETE FROM {t} {here}").format(t=name, here=here))
        elif kind.how in {"changed", "forged"}:
            assert kind.column is not None
            self._change(connection, kind.table, kind.column, row, here)
            named += _names(kind.table, row | {kind.column.name: self.last})
            if kind.how == "forged":
                connection.execute(PLAINLY.text)
                connection.execute(_forged(kind.table, named[0]))
        else:
            new = {one.name: row[one.name] for one in kind.table.columns if one.computed is None}
            for one in _key(kind.table):
                new[one.name] = self._other(one, new[one.name])
            columns = sql.SQL(", ").join(map(sql.Identifier, new))
            given = sql.SQL(", ").join(_literal(kind.table.columns[key], value) for key, value in new.items())
            connection.execute(sql.SQL("INSERT INTO {t} ({c}) VALUES ({v})").format(t=name, c=columns, v=given))
            named = [*_names(kind.table, new)]
        return named

    def _change(
        self, connection: psycopg.Connection[Any], table: Table, column: Column[Any], row: dict[str, Any], here: Any
    ) -> None:
        self.last = self._other(column, row[column.name])
        update = sql.SQL("UPDATE {t} SET {c} = {v} {here}").format(
            t=sql.Identifier(table.name), c=sql.Identifier(column.name), v=_literal(column, self.last), here=here
        )
        connection.execute(update)

    def _other(self, column: Column[Any], value: Any) -> Any:
        """Another value of the column's type, one that its constraints take as far as can be told."""
        kind = str(column.type)
        if column.name in _WORDS:
            return self.chance.choice([word for word in _WORDS[column.name] if word != value])
        if kind == "BOOLEAN":
            return not value
        if kind.startswith(("BIGINT", "INTEGER", "SMALLINT", "NUMERIC")):
            return (value or 0) + self.chance.choice([1, 2, 7])
        if kind in {"DATE", "DATETIME"}:
            return f"{value or '2026-01-01'} + 1"
        if kind.endswith("MULTIRANGE"):
            return "{[1,2)}" if not value else "{}"
        if kind == "UUID" or kind.startswith("CHAR(32)"):
            return str(UUID(int=self.chance.getrandbits(128)))
        if kind == "BLOB" or kind.startswith(("BYTEA", "BLOB", "VARBINARY")):
            return bytes(255 - byte for byte in (value or b"\1"))
        if kind == "JSONB":
            return {"tampered": True} if not isinstance(value, dict) else value | {"tampered": True}
        if kind.endswith("[]") or "ARRAY" in kind:
            return [*(value or [])][1:] if value else ["x"]
        return (value or "")[:-1] + self.chance.choice("qz") if value else "x1"

    def restore(self, service: str, *names: str) -> None:
        """Put these tables, what triggers keep of them, and the proof's own, back from the copy."""
        connection, kept = self.at[service], {one.name for one in tables(service) if one.name.startswith("open_")}
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            for name in {*names, *kept, *_PROOF}:
                columns = sql.SQL(", ").join(map(sql.Identifier, _written(service, name)))
                both = {"t": sql.Identifier(name), "c": columns}
                connection.execute(sql.SQL("DELETE FROM public.{t}").format(**both))
                insert = "INSERT INTO public.{t} ({c}) SELECT {c} FROM audit.{t}"
                connection.execute(sql.SQL(insert).format(**both))

    def close(self) -> None:
        """Forget the copies."""
        for connection in self.at.values():
            connection.execute("DROP SCHEMA audit CASCADE")
            connection.close()


_WORDS = {
    "kind": ["cash", "qris", "permanent", "temporary", "training", "competency", "sale", "return"],
    "refund_kind": ["cash", "qris"],
    "verdict": ["recorded", "exceeds"],
    "decision": ["accepted", "rejected"],
    "result": ["COMPETENT", "NOT_YET_COMPETENT"],
    "owner": ["outlet", "city"],
}


def _digested(table: Table) -> bool:
    """Whether a digest of each of its rows is posted when it is written."""
    return any(one["table"] == table.name and one["keeps"] in {"posted", "changes"} for one in wanted([table.metadata]))


def _forged(table: Table, key: str) -> sql.Composed:
    """What puts the digest of a row as it is now in the place of what was last posted of it."""
    one = next(one for one in wanted([table.metadata]) if one["table"] == table.name)
    return sql.SQL("""
        WITH one AS (SELECT p.id, array_position(p.keys, {key}) AS at FROM posted p
                      WHERE p.table_name = {name} AND {key} = ANY (p.keys) ORDER BY p.id DESC LIMIT 1)
        UPDATE posted SET digests[one.at] = (SELECT row_digest(n::text) FROM {table} AS n WHERE {of} = {key})
          FROM one WHERE posted.id = one.id
    """).format(key=key, name=table.name, table=sql.Identifier(table.name), of=sql.SQL(one["key"]))


def _written(service: str, name: str) -> list[str]:
    every = {table.name: table for metadata in metadata_of(service) for table in metadata.sorted_tables}
    return [column.name for column in every[name].columns if column.computed is None]


def _key(table: Table) -> list[Column[Any]]:
    columns = list(table.primary_key.columns)
    return (
        columns[-1:]
        if columns
        else [column for column in table.columns if str(column.type) == "UUID"][:1] or [next(iter(table.columns))]
    )


def _literal(column: Column[Any], value: Any) -> sql.Composable:
    kind = str(column.type)
    if isinstance(value, str) and value.endswith(" + 1") and kind in {"DATE", "DATETIME"}:
        step, to = ("1 day", "date") if kind == "DATE" else ("1 second", "timestamptz")
        return sql.SQL("({}::{}+ {}::interval)::{}").format(
            sql.Literal(value.removesuffix(" + 1")), sql.SQL(to), sql.Literal(step), sql.SQL(to)
        )
    if isinstance(value, dict):
        return sql.Literal(psycopg.types.json.Jsonb(value))
    return sql.Literal(value)


def _names(table: Table, row: dict[str, Any]) -> Iterator[str]:
    """Texts of which each names the row by itself."""
    if table.name == "event_log":
        yield f"sequence {row['seq']} "
        yield f"{row['subject']}"
    elif table.name in {"seal", "posted"}:
        yield f"seal {row.get('seal', row.get('number'))}"
    elif table.name in {"sale_line", "payment"}:
        yield str(row["sale_id"])
    elif table.name in {"stock_balance", "outlet_stock"}:
        yield f"{row.get('location', row.get('outlet'))} {row['sku']} "
    elif table.info.get("derived"):
        yield " ".join(str(row[one.name]) for one in table.primary_key)
    else:
        one = next(one for one in wanted([table.metadata]) if one["table"] == table.name)
        parts = [part.split("::")[0].removeprefix("coalesce(n.") for part in one["key"].split(" || ' ' || ")]
        yield " ".join(str(row[part]) if row[part] is not None else "-" for part in parts)
