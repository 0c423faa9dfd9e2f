"""A snapshot that is held (a backup, a long report) beside calm: how long from a sale to its move, at 300 events/s.

What is replaced or deleted while it is held cannot be cleaned away. Calm is measured before, in the same run; and once
more after, while what was kept is being cleaned away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import IsolationLevel
from rich.console import Console
from rich.table import Table

from shared.config import SERVICES
from shared.local.running import Running
from tests.benchmarks import events, load

PER_SECOND = 300  # events
SIZE = 10  # sales in a request of the trade
PROBES = 10  # sales a second that are watched, one per request
WATCHED = 60  # seconds
AIM = 1.5

_DEAD = "SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE relname = 'outbox'"


@dataclass(frozen=True)
class Look:
    """Milliseconds from a sale to its move, sorted; dead rows in the outbox of sales by then."""

    when: str
    took: Sequence[float]
    dead: int

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        return self.took[int(len(self.took) * share)]


class _Trade:
    def __init__(self, tills: Sequence[load.Till]) -> None:
        self.tills, self.stop, self.sold = tills, threading.Event(), 0

    @contextmanager
    def going_on(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._sell, args=(till, n)) for n, till in enumerate(self.tills)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()

    def _sell(self, till: load.Till, number: int) -> None:
        pace = len(self.tills) * SIZE / PER_SECOND
        due = time.perf_counter() + pace * number / len(self.tills)
        while not self.stop.wait(max(0.0, due - time.perf_counter())):
            till.post(till.body(SIZE))
            self.sold += SIZE
            due = max(due + pace, time.perf_counter() - 1.0)  # a machine that cannot follow is not asked to catch up


@contextmanager
def _held(system: Running) -> Iterator[None]:
    with ExitStack() as stack:
        for service in SERVICES:
            holder = stack.enter_context(psycopg.connect(system.database_url(service, owner=True), autocommit=True))
            holder.execute("SET idle_in_transaction_session_timeout = 0")
            holder.autocommit, holder.isolation_level = False, IsolationLevel.REPEATABLE_READ
            holder.execute("SELECT count(*) FROM stream")
        yield


def run(system: Running, console: Console, *, minutes: float) -> None:
    """Measure, print figures and verdict."""
    lot = load.stock_the_shop(system.url)
    tills = [load.Till(system.url, client, lot) for client in range(load.CLIENTS)]
    load.post_sales(tills, each=20, size=1)
    half = load.CLIENTS // 2
    trade, looks = _Trade(tills[:half]), []

    def look(when: str) -> None:
        took = events.latencies(system, tills[half:], per_second=PROBES, seconds=WATCHED)
        with psycopg.connect(system.database_url("sales", owner=True), autocommit=True) as connection:
            row = connection.execute(_DEAD).fetchone()
        one = Look(when, took, int(row[0]) if row else 0)
        looks.append(one)
        console.print(f"{when}: p50 {one.percentile(0.5):.0f} ms, p99 {one.percentile(0.99):.0f} ms")

    with trade.going_on():
        began = time.perf_counter()
        time.sleep(5)
        look("calm, before")
        with _held(system):
            time.sleep(minutes * 60)
            look(f"held for {minutes:g} minutes")
        time.sleep(5)
        look("just after")
        rate = trade.sold / (time.perf_counter() - began)
    table = Table(title=f"A held snapshot, {rate:,.0f} events/s (asked: {PER_SECOND})", title_justify="left")
    for name in ("when", "p50", "p99", "dead rows in the outbox"):
        table.add_column(name, justify="left" if name == "when" else "right")
    for one in looks:
        table.add_row(one.when, f"{one.percentile(0.5):.0f} ms", f"{one.percentile(0.99):.0f} ms", f"{one.dead:,}")
    console.print(table)
    before, held, _ = (one.percentile(0.99) for one in looks)
    ratio = held / before
    console.print(f"p99 held: {ratio:.2f} times calm (aim: at most {AIM}): {'reached' if ratio <= AIM else 'MISSED'}.")
