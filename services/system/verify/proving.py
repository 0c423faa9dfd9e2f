"""All checks, in one go: captures the heads, waits for the cursors, looks at all databases, compares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from services.system.verify import ledger, marks, rows, seals
from services.system.verify.comparisons import OF_SALES, OF_TRAINING
from services.system.verify.effects import check_effects
from services.system.verify.findings import Check, merged
from services.system.verify.goods import OF_INVENTORY
from services.system.verify.heads import Aside, capture, halted, set_aside, undecided, wait_for_all
from services.system.verify.marks import Mark
from services.system.verify.revoked import check_revoked
from services.system.verify.snapshots import Task, View, run_all, views
from shared import config
from shared.config import SERVICES
from shared.db import Database

CLEAN, DRIFT, UNREACHABLE, UNSETTLED = 0, 1, 2, 3

#: A big ledger is summed in one statement, and compared while its transaction waits. It is planned for what it is
#: asked, and may read whole tables.
PATIENT = (
    "-c statement_timeout=600s -c lock_timeout=60s -c idle_in_transaction_session_timeout=0 "
    "-c plan_cache_mode=force_custom_plan -c enable_seqscan=on -c work_mem=192MB -c max_parallel_workers_per_gather=0"
)


@dataclass
class Proof:
    """`lagging`, `halted`, `undecided`: who has not got everything, has stopped, or waits for a person's decision."""

    checks: list[Check] = field(default_factory=list)
    lagging: list[str] = field(default_factory=list)
    halted: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    since: Mark | None = None  # only what was posted since was held against its digest and its events
    mark: Mark | None = None  # of what was looked at

    @property
    def code(self) -> int:
        """The exit code: drift comes before what is merely not settled."""
        if any(check.drift for check in self.checks):
            return DRIFT
        return UNSETTLED if self.lagging or self.halted or self.undecided else CLEAN


class Progress(Protocol):
    """Who is told how far it has come."""

    def begin(self, steps: int) -> None:
        """So many steps are to come."""

    def step(self) -> None:
        """One is done."""


@contextmanager
def open_databases() -> Iterator[dict[str, Database]]:
    """The three databases, as the application roles that the environment names."""
    url = "LAPAK_{SERVICE}_DATABASE_URL"
    found = {
        name: Database(config.get(url, name), pool_size=5, application_name="lapak verify", options=PATIENT)
        for name in SERVICES
    }
    try:
        yield found
    finally:
        for database in found.values():
            database.dispose()


def prove(
    databases: Mapping[str, Database], *, seconds: float = 30.0, bar: Progress, since: Mark | None = None
) -> Proof:
    """Compare everything up to the heads of now, or what came since a mark; nothing is compared while somebody lags."""
    heads, wrong = capture(databases)
    if wrong:
        return Proof(checks=[Check("every service says where its log ends", len(SERVICES), wrong)])
    if lagging := wait_for_all(databases, heads, seconds=seconds):
        return Proof(lagging=lagging, halted=halted(databases))
    with views(databases) as lanes:
        aside = set_aside(lanes[0])
        every = tasks(lanes[0], aside, since)
        bar.begin(len(every))
        checks = merged(run_all(lanes, every, bar.step))
        made = marks.make(lanes[0])
        return Proof(checks, halted=halted(databases), undecided=undecided(aside), since=since, mark=made)


def tasks(view: View, aside: Mapping[str, Aside], since: Mark | None) -> list[Task]:
    """What takes longest comes first, so that both lanes end at about the same time."""
    effects = [*OF_SALES, *OF_INVENTORY, *OF_TRAINING]
    tables = [
        (service, one) for service in ("sales", "inventory", "training") for one in rows.to_compare(view, service)
    ]
    at = marks.starts(view, since)
    seal, seq = {name: place[0] for name, place in at.items()}, {name: place[1] for name, place in at.items()}
    chains = [(name, after) for name in SERVICES for after in seals.parts(view, name, after=seal.get(name, 0))]
    return [
        *(partial(check_effects, one=one, aside=aside, after=seq.get(one.source)) for one in effects),
        *(partial(rows.check_table, service=name, one=one, after=seal.get(name)) for name, one in tables),
        *(partial(seals.check_chain, service=service, after=after) for service, after in chains),
        *(partial(check_revoked, service=service, aside=aside) for service in SERVICES),
        ledger.check_balances,
        ledger.check_shelves,
        ledger.check_totals,
        ledger.check_numbers,
        ledger.check_documents,
        ledger.check_discrepancies,
        ledger.check_open,
        ledger.check_verdicts,
        *(partial(ledger.check_log, service=service) for service in SERVICES),
        *(partial(rows.check_watched, service=service) for service in SERVICES),
        *(partial(rows.check_hands, service=service) for service in SERVICES),
        *(partial(rows.check_late, service=service, after=seal.get(service)) for service in SERVICES),
        *(partial(seals.check_witnesses, service=service) for service in SERVICES),
        *(partial(marks.check_mark, service=service, mark=since) for service in SERVICES if since),
    ]
