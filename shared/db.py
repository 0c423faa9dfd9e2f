"""The database of one service: engine, transaction, column types, who may write what."""

from __future__ import annotations

import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, cast
from uuid import UUID

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import namedtuple_row
from sqlalchemy import (
    Connection,
    CursorResult,
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    TextClause,
    Uuid,
    create_engine,
    event,
)
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Session, mapped_column, sessionmaker

from shared import config, jsontext
from shared.telemetry import watch_statements

__all__ = [
    "BY_INDEX",
    "DERIVED",
    "GUARDED",
    "NAMING",
    "PLUMBING",
    "POSTED",
    "Connection",
    "Database",
    "Session",
    "changed",
    "engine",
    "libpq",
    "transaction_seconds",
]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

#: `Table.info` of a table whose rows are posted: the application role may insert and read, never change or delete.
POSTED = {"posted": True}

#: Of a table that its owner alone writes, in migrations: the application role may only read.
OWNED = {"owned": True}

#: Not watched row by row (see shared/proof/watching.py): something else proves it; or it is computed from other tables.
GUARDED, DERIVED = {"guarded": True}, {"derived": True}

#: The tables that every service has: event plane and revoked tokens.
PLUMBING = MetaData(naming_convention=NAMING)

CodeColumn = Annotated[str, mapped_column(String(40))]
QuantityColumn = Annotated[Decimal, mapped_column(Numeric(14, 3))]
InstantColumn = Annotated[datetime, mapped_column(DateTime(timezone=True))]
HashColumn = Annotated[bytes, mapped_column(LargeBinary(32))]
IdColumn = Annotated[UUID, mapped_column(Uuid, primary_key=True)]


#: jit compiles for longer than any statement here runs. Custom plans: a filter that hits one row in a million wants
#: another plan than one that hits every second, and planning takes a tenth of a millisecond. Where it would not pay,
#: generic plans are asked for: see BY_INDEX, `record_sales`, and the gates of sales.
_SESSION = "-c timezone=UTC -c jit=off -c plan_cache_mode=force_custom_plan"

#: For processes that look up and never report, the same again and again: their plans are kept. One that was made while
#: a table was empty would read the whole of it for ever after (or until statistics are gathered), so by index alone.
BY_INDEX = "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan"


def _limits() -> str:
    """Who waits for a lock gives up before the statement is cut off: that is nobody's fault, and is tried again.

    A transaction in which nothing happens is ended: a process that hangs or is frozen must not keep rows from others.
    """
    seconds = float(config.get("LAPAK_STATEMENT_SECONDS"))
    limits = {"statement": seconds, "lock": seconds * 2 / 3, "idle_in_transaction_session": transaction_seconds()}
    return " ".join(f"-c {name}_timeout={limit * 1000:.0f}" for name, limit in limits.items())


def transaction_seconds() -> float:
    """How long the transaction of a worker or courier may take.

    Time for a batch whose statement is cut off, then for the event that it is about to be cut off alone.
    """
    return 3 * float(config.get("LAPAK_STATEMENT_SECONDS"))


def _refuse_what_the_server_closed(driver: Any, record: Any, proxy: Any) -> None:
    """Have the pool replace its connections when PostgreSQL was restarted while they lay idle.

    Nobody speaks on an idle connection: what can be read there is the server's farewell. Looking costs a microsecond.
    """
    idle = select.poll()
    idle.register(driver.fileno(), select.POLLIN)
    if idle.poll(0):
        raise InvalidatePoolError


def libpq(url: str) -> dict[str, Any]:
    """The parts of a libpq URL, by libpq's own reading: `user`, `dbname`, `host` (which may be several), `sslmode` …

    Raises WrongSetting, with a text that shows nothing of the URL.
    """
    try:
        return conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        what = str(error).partition('"')[0].strip(" :\n")  # what libpq could not read may be a password
        raise config.WrongSetting(f"a database URL cannot be read: {what}") from None


def engine(url: str, *, connect_args: Mapping[str, Any] | None = None, **options: Any) -> Engine:
    """An engine on a libpq URL; see `create_engine`. SQLAlchemy's own reading of URLs knows one host with a port."""
    return create_engine("postgresql+psycopg://", connect_args={**libpq(url), **(connect_args or {})}, **options)


class Database:
    """Engine and sessions of one service's database.

    `url` is a libpq URL (`postgresql://…`). Each session is one transaction: whoever opens it is the door
    (a route, the event plane, a command); nothing below commits.
    """

    def __init__(self, url: str, *, pool_size: int = 8, application_name: str = "lapak", options: str = "") -> None:
        self.url = url
        given = libpq(url)
        self.engine = engine(
            url,
            pool_size=pool_size,
            max_overflow=2,
            pool_use_lifo=True,  # few connections, whose plans and pages are at hand, not all of them in turn
            pool_pre_ping=False,  # it costs a round trip per request: see _refuse_what_the_server_closed
            pool_recycle=1800,
            hide_parameters=True,  # values name people: a logged error carries the statement without them
            json_serializer=jsontext.dumps,
            json_deserializer=jsontext.loads,
            connect_args={
                "application_name": application_name,
                "connect_timeout": given.get("connect_timeout", 5),  # for each host
                "options": " ".join([given.get("options", ""), _SESSION, _limits(), options]).strip(),
            },
        )
        event.listen(self.engine, "checkout", _refuse_what_the_server_closed)
        event.listen(self.engine, "connect", watch_statements)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on an exception."""
        with self._sessions.begin() as session:
            yield session

    def call(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        """Run one statement as a transaction of its own, straight on the driver: for the hottest path only.

        One round trip in place of three, and half the CPU of a session. Placeholders are psycopg's, `%(name)s`; rows
        are named tuples. Raises DBAPIError, as a session does.
        """
        pooled = None
        try:
            pooled = self.engine.raw_connection()
            driver = cast("psycopg.Connection[Any]", pooled.driver_connection)
            driver.autocommit = True
            with driver.cursor(row_factory=namedtuple_row) as cursor:
                rows = cursor.execute(statement, values, prepare=True).fetchall()
            driver.autocommit = False
        except BaseException as error:
            if pooled is not None:
                pooled.invalidate()  # whatever it was: who gets it next must find it as sessions expect it
            if isinstance(error, psycopg.Error):
                raise DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True) from error
            raise
        pooled.close()
        return rows

    def dispose(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()


def changed(session: Session, statement: TextClause, values: Mapping[str, Any]) -> int:
    """Execute a statement that writes; how many rows it wrote."""
    return cast("CursorResult[Any]", session.execute(statement, values)).rowcount
