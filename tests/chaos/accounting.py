"""At the end: what was promised, what is there, what is there twice, what nobody sent. As Jepsen's total-queue does."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from shared.config import SERVICES
from shared.events import Event
from shared.events.subscribers import BY_TYPE, SUBSCRIBERS, sources_of
from shared.local.running import Running
from tests.benchmarks.load import LINES
from tests.chaos.load import People
from tests.chaos.stage import Stage
from tests.chaos.truths import Truths, truths


@dataclass
class Account:
    """Sales by fate; `recovered`: never acknowledged, and there all the same. Moves: one for each line.

    `dead_strange`: dead letters that no injected poison explains; `poison_missing`: poison that became none.
    `forged`: batches that somebody put on a queue in another's name; `alarms`: how many were refused and told
    of (one that was flushed with its queue is neither). Were one believed, the state would differ.
    """

    attempted: int
    acknowledged: int
    lost: int
    unexpected: int
    recovered: int
    moves_missing: int
    moves_doubled: int
    poison: int
    poison_missing: int
    dead_strange: int
    parked: int
    verify: int
    drift: list[str]
    forged: int
    alarms: int
    truths: Truths

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or invented, exactly the poison is dead, and the books agree."""
        wrong = (self.lost, self.unexpected, self.moves_missing, self.moves_doubled, self.poison_missing)
        return not any((*wrong, self.dead_strange, self.parked, self.verify)) and self.truths.clean

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def heads(running: Running) -> dict[str, int]:
    """The sequence that each log reaches once what is committed now is in it."""
    query = "SELECT last_seq + (SELECT count(*) FROM outbox) FROM stream"
    return {source: _row(running, source, query)[0] for source in SERVICES}


def settle(running: Running, up_to: dict[str, int] | None = None, *, patience: float = 180.0) -> float:
    """Seconds until every consumer has all of every source, nothing is parked and every outbox is empty.

    `up_to`: until every consumer has each source up to there, whatever comes after.
    """
    began = time.monotonic()
    while True:
        found = ["PostgreSQL"]
        try:
            if not (found := _behind(running) if up_to is None else _lacking(running, up_to)):
                return time.monotonic() - began
        except psycopg.Error:
            pass  # PostgreSQL is still coming up
        if time.monotonic() - began > patience:
            raise AssertionError(f"not caught up after {patience} s: {found}")
        time.sleep(0.05)


def _behind(running: Running) -> list[str]:
    found = _lacking(running, heads(running))
    for service in SERVICES:
        for table in ("outbox", "parked"):
            if count := _row(running, service, f"SELECT count(*) FROM {table}")[0]:
                found.append(f"{table} of {service}: {count}")
    return found


def _lacking(running: Running, up_to: dict[str, int]) -> list[str]:
    found = []
    for consumer in SERVICES:
        for source in sources_of(consumer):
            epoch, end = _row(running, source, "SELECT epoch FROM stream")[0], up_to[source] + 1
            lacking = "SELECT coalesce(bool_or(NOT got @> int8range(1, %s)), %s > 1) FROM cursor WHERE source = %s"
            if _row(running, consumer, f"{lacking} AND epoch = %s", end, end, source, epoch)[0]:
                found.append(f"{consumer} of {source}")
    return found


def account(stage: Stage, people: People, known: set[str]) -> Account:
    """Compare what people know with what sales and inventory have. `known`: sales from before the load."""
    running, poison = stage.running, stage.poison
    recorded = sales_of(running) - known
    moves = dict(_rows(running, "inventory", "SELECT document_id::text, count(*) FROM stock_move "
                                             "WHERE document_kind = 'sale' GROUP BY 1"))  # fmt: skip
    dead = {(name, row[0]) for name in SERVICES for row in _rows(running, name, "SELECT event->>'id' FROM dead_letter")}
    expected = {(name, one) for one in _logged(running, poison) for name in SUBSCRIBERS[_event(poison[one])]}
    verify, drift = _verified(running, poisoned=bool(poison))
    return Account(
        attempted=len(people.attempted),
        acknowledged=len(people.acknowledged),
        lost=len(people.acknowledged - recorded),
        unexpected=len(recorded - people.attempted) + len(set(moves) - recorded - known),
        recovered=len((recorded & people.attempted) - people.acknowledged),
        moves_missing=sum(moves.get(sale, 0) < LINES for sale in recorded),
        moves_doubled=sum(moves.get(sale, 0) > LINES for sale in recorded),
        poison=len(expected),
        poison_missing=len(expected - dead),
        dead_strange=len(dead - expected),
        parked=sum(_row(running, name, "SELECT count(*) FROM parked")[0] for name in SERVICES),
        verify=verify,
        drift=drift,
        forged=stage.forged,
        alarms=_alarms(running),
        truths=truths(running, people.registers),
    )


def _alarms(running: Running) -> int:
    """How often a batch was refused because its source had not signed it: what the figures and the console show."""
    return int(_row(running, "inventory", "SELECT coalesce(sum(refused), 0) FROM source_state")[0])


def _verified(running: Running, *, poisoned: bool) -> tuple[int, list[str]]:
    """The exit code of `verify`; 0 as well when it names the injected poison and nothing else, as it should.

    And the first rows that it names besides.
    """
    done = running.run("verify")
    named = [line for line in done.stdout.splitlines() if line.startswith(("DRIFT", "halted", "waits for a person"))]
    strange = [line for line in named if "poison" not in line and " - - -: announced -, found nothing" not in line]
    explained = poisoned and done.returncode in {1, 3} and named and not strange
    return 0 if explained else done.returncode, strange[:10]


def _event(name: str) -> type[Event]:
    return BY_TYPE[name]


def _logged(running: Running, poison: dict[str, str]) -> list[str]:
    """The injected events that were committed: the server may have gone down in the middle of it."""
    found = "SELECT event_id::text FROM event_log WHERE event_id::text = ANY(%s)"
    return [row[0] for name in SERVICES for row in _rows(running, name, found, list(poison))]


def sales_of(running: Running) -> set[str]:
    """The ids of all recorded sales."""
    return {str(row[0]) for row in _rows(running, "sales", "SELECT id FROM sale")}


def _rows(running: Running, service: str, query: str, *values: Any) -> list[Any]:
    with psycopg.connect(running.database_url(service, owner=True), connect_timeout=5) as connection:
        return connection.execute(query.encode(), values).fetchall()


def _row(running: Running, service: str, query: str, *values: Any) -> Any:
    return _rows(running, service, query, *values)[0]
