"""At the end: what was promised, what is there, what is there twice, what nobody sent. As Jepsen's total-queue does."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from shared.config import SERVICES
from shared.local.running import Running
from tests.chaos.load import Registers

LINES = 2  # of each sale (tests/benchmarks/load.py)


@dataclass
class Account:
    """Sales by fate; `recovered`: never acknowledged, and there all the same. Moves: two for each recorded sale."""

    attempted: int
    acknowledged: int
    lost: int
    unexpected: int
    recovered: int
    moves_missing: int
    moves_doubled: int
    dead_letters: int
    parked: int
    caught_up_seconds: float
    verify: int

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or invented, and the books agree."""
        wrong = (self.lost, self.unexpected, self.moves_missing, self.moves_doubled, self.dead_letters, self.verify)
        return not any(wrong)

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self) | {"clean": self.clean}


def settle(system: Running, *, patience: float = 90.0) -> float:
    """Seconds until every consumer has all of every source, nothing is parked and every outbox is empty."""
    began = time.monotonic()
    while True:
        try:
            if not _behind(system):
                return time.monotonic() - began
        except psycopg.Error:
            pass  # PostgreSQL is still coming up
        if time.monotonic() - began > patience:
            raise AssertionError(f"not caught up after {patience} s: {_behind(system)}")
        time.sleep(0.05)


def _behind(system: Running) -> list[str]:
    from shared.events.subscribers import sources_of

    heads, found = {}, []
    for source in SERVICES:
        row = _row(system, source, "SELECT epoch, last_seq, (SELECT count(*) FROM outbox) FROM stream")
        heads[source] = row
        if row[2]:
            found.append(f"outbox of {source}: {row[2]}")
    for consumer in SERVICES:
        for source in sources_of(consumer):
            epoch, head, _ = heads[source]
            lacking = "SELECT coalesce(bool_or(NOT got @> int8range(1, %s)), %s > 1) FROM cursor WHERE source = %s"
            if _row(system, consumer, f"{lacking} AND epoch = %s", head + 1, head + 1, source, epoch)[0]:
                found.append(f"{consumer} of {source}")
        if parked := _row(system, consumer, "SELECT count(*) FROM parked")[0]:
            found.append(f"parked at {consumer}: {parked}")
    return found


def account(system: Running, registers: Registers, known: set[str], caught_up: float) -> Account:
    """Compare what the registers know with what sales and inventory have. `known`: sales from before the load."""
    recorded = {str(row[0]) for row in _rows(system, "sales", "SELECT id FROM sale")} - known
    moves = dict(_rows(system, "inventory", "SELECT document_id::text, count(*) FROM stock_move "
                                            "WHERE document_kind = 'sale' GROUP BY 1"))  # fmt: skip
    return Account(
        attempted=len(registers.attempted),
        acknowledged=len(registers.acknowledged),
        lost=len(registers.acknowledged - recorded),
        unexpected=len(recorded - registers.attempted) + len(set(moves) - recorded - known),
        recovered=len((recorded & registers.attempted) - registers.acknowledged),
        moves_missing=sum(moves.get(sale, 0) < LINES for sale in recorded),
        moves_doubled=sum(moves.get(sale, 0) > LINES for sale in recorded),
        dead_letters=sum(_row(system, name, "SELECT count(*) FROM dead_letter")[0] for name in SERVICES),
        parked=sum(_row(system, name, "SELECT count(*) FROM parked")[0] for name in SERVICES),
        caught_up_seconds=round(caught_up, 2),
        verify=system.run("verify").returncode,
    )


def sales_of(system: Running) -> set[str]:
    """The ids of all recorded sales."""
    return {str(row[0]) for row in _rows(system, "sales", "SELECT id FROM sale")}


def _rows(system: Running, service: str, query: str, *values: Any) -> list[Any]:
    with psycopg.connect(system.database_url(service, owner=True), connect_timeout=5) as connection:
        return connection.execute(query.encode(), values).fetchall()


def _row(system: Running, service: str, query: str, *values: Any) -> Any:
    return _rows(system, service, query, *values)[0]
