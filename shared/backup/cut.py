"""One moment in several databases that agree with each other, while everybody works on.

Whoever logs events takes the row of `stream` first (`moving.move`). While the rows of all databases are held here, no
log grows: what a consumer has received by then is in its source's log, and so in each snapshot made meanwhile.
Business does not take that row: sales go on, and their events wait in the outbox for these milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import IsolationLevel, errors

from shared.backup import NotDone, one_line

#: Seconds until a row that somebody else holds is given up. A relay that hangs loses it after 5 s (`relay.py`).
PATIENCE = 30.0

# Whatever the server is set to: a dump of a large database takes hours, and its snapshot waits idle for it.
_NO_LIMITS = """
    SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN
    ('statement_timeout', 'transaction_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout')
"""
# Should we hang while we hold the rows, PostgreSQL ends us. Each is waited for a moment only, and then all are let go.
_LIMITS = "SET LOCAL lock_timeout = '1s'; SET LOCAL idle_in_transaction_session_timeout = '5s'"
_HOLD = "SELECT FROM stream FOR UPDATE"
_SCHEMA = "SELECT version_num FROM alembic_version"
_LOOK = f"""
    SELECT pg_export_snapshot(), epoch, last_seq, ({_SCHEMA}), current_setting('server_version') FROM stream
"""

Connection = psycopg.Connection[Any]


class Snapshot(NamedTuple):
    """What pg_dump is given (`id`), and what the database was at that moment; `server` is PostgreSQL's version."""

    id: str
    epoch: UUID
    last_seq: int
    schema: str
    server: str


@contextmanager
def consistent(urls: Mapping[str, str]) -> Iterator[tuple[dict[str, Snapshot], float]]:
    """Snapshots by service, good inside the block, and for how many seconds no event was logged for them.

    `urls` are those of the owners. Raises NotDone when a database is away, has no schema, or its row is not to be had;
    also at the end of the block when a schema was changed in it: a table that was rewritten looks empty from before.
    """
    with ExitStack() as stack:
        holders = {service: stack.enter_context(_session(service, url)) for service, url in urls.items()}
        readers = {service: stack.enter_context(_session(service, url)) for service, url in urls.items()}
        began = _hold(holders)
        snapshots = {service: _look(service, reader) for service, reader in readers.items()}
        _let_go(holders)
        yield snapshots, time.monotonic() - began
        for service, holder in holders.items():
            with _named(service):
                changed = holder.execute(_SCHEMA).fetchall() != [(snapshots[service].schema,)]
            if changed:
                raise NotDone(f"{service}: its schema was changed meanwhile; begin again")


@contextmanager
def _named(service: str) -> Iterator[None]:
    """What a database complains of is told with the service's name."""
    try:
        yield
    except errors.LockNotAvailable:
        raise
    except errors.UndefinedTable:
        raise NotDone(f"{service}: its database has no schema; ./lapak migrate") from None
    except psycopg.Error as error:
        raise NotDone(f"{service}: {one_line(error)}") from None


@contextmanager
def _session(service: str, url: str) -> Iterator[Connection]:
    with _named(service):
        connection = psycopg.connect(url, connect_timeout=5, application_name="lapak backup")
    with closing(connection):
        with _named(service):
            connection.execute(_NO_LIMITS)
            connection.commit()
        yield connection


def _hold(holders: Mapping[str, Connection]) -> float:
    """Take the row of every database; since when, on the monotonic clock. Nobody waits for us longer than 3 s."""
    deadline = time.monotonic() + PATIENCE
    while True:
        began = time.monotonic()
        try:
            for service, holder in holders.items():
                with _named(service):
                    holder.execute(_LIMITS)
                    holder.execute(_HOLD)
            return began
        except errors.LockNotAvailable:
            for holder in holders.values():
                holder.rollback()
            if time.monotonic() > deadline:
                raise NotDone(
                    f"{service}: another session has held the row of `stream` for {PATIENCE:.0f} s; "
                    "see 'Outbox old' in docs/operations.md"
                ) from None


def _look(service: str, reader: Connection) -> Snapshot:
    reader.isolation_level, reader.read_only = IsolationLevel.REPEATABLE_READ, True
    with _named(service):
        found = reader.execute(_LOOK).fetchone()
    if found is None:
        raise NotDone(f"{service}: its database has no log; ./lapak migrate")
    return Snapshot(*found)


def _let_go(holders: Mapping[str, Connection]) -> None:
    """Raises NotDone when PostgreSQL has ended one of them before: then events may have been logged meanwhile."""
    for service, holder in holders.items():
        with _named(service):
            holder.commit()
