"""Looking at three databases as of one moment each, on two connections at once, while everybody goes on working.

A consumer is looked at before its sources are: whatever it made of an event, that event is in the log as the source's
snapshot shows it. What it has received by then its cursor says, in the same snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DataError, InternalError, ProgrammingError

from services.system.verify.findings import Check
from shared.config import SERVICES
from shared.db import Connection, Database
from shared.proof.sealing import PLAINLY

LANES = 2  # connections that work side by side

_EXPORT = text("SELECT pg_export_snapshot()")


@dataclass(frozen=True)
class View:
    """One connection to each service's database as a holder of effects, and one as the source of a log."""

    holders: Mapping[str, Connection]
    sources: Mapping[str, Connection]

    def holder(self, service: str, statement: str, **values: Any) -> list[Any]:
        """Rows of a service's tables."""
        return _read(self.holders[service], statement, values)

    def source(self, service: str, statement: str, **values: Any) -> list[Any]:
        """Rows of a service's log, seen after all the holders were."""
        return _read(self.sources[service], statement, values)


def _read(connection: Connection, statement: str, values: dict[str, Any]) -> list[Any]:
    """What it answers. What cannot be read harms nobody who looks after."""
    with connection.begin_nested():
        return list(connection.execute(text(statement), values))


@contextmanager
def views(databases: Mapping[str, Database]) -> Iterator[list[View]]:
    """`LANES` views of the same moments."""
    with ExitStack() as stack:
        lanes: list[tuple[dict[str, Connection], dict[str, Connection]]] = [({}, {}) for _ in range(LANES)]
        for part in (0, 1):
            for service in SERVICES:
                exported = None
                for lane in lanes:
                    connection = stack.enter_context(_snapshot(databases[service], exported))
                    exported = exported or connection.scalar(_EXPORT)
                    connection.execute(PLAINLY)
                    lane[part][service] = connection
        yield [View(holders, sources) for holders, sources in lanes]


@contextmanager
def _snapshot(database: Database, exported: str | None) -> Iterator[Connection]:
    with database.engine.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        if exported:
            connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{exported}'")
        yield connection
        connection.rollback()


Task = Callable[[View], Any]


def run_all(lanes: Sequence[View], tasks: Sequence[Task], done: Callable[[], None]) -> list[Any]:
    """The tasks' answers, in their order; as many at a time as there are lanes.

    Data that cannot even be compared are a finding, not an error. Raises OperationalError.
    """
    free: SimpleQueue[View] = SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def run(task: Task) -> Any:
        lane = free.get()
        try:
            return task(lane)
        except (DataError, ProgrammingError, InternalError) as error:
            return Check("everything can be read", 1, [str(error.orig).replace("\n", " ")])
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(lanes)) as pool:
        futures = [pool.submit(run, task) for task in tasks]
        try:
            for future in as_completed(futures):
                future.result()
                done()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in futures]
