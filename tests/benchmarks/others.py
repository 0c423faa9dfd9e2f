"""The others: tills that sell all the while, and how long they wait for a gate, by PostgreSQL's own account."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import ClassVar

import psycopg

from shared.local.running import Running
from tests.benchmarks.growth_steps import PRODUCTS, City, HistoricTill

TILLS, PER_SECOND = 4, 5

_WAITING = """
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0) * 1000
      FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE NOT l.granted AND l.locktype = 'advisory' AND a.datname = current_database()
       AND a.application_name LIKE 'lapak sales web%' AND l.mode = 'ShareLock'
"""


class Others:
    """A context in which some tills sell at a steady pace."""

    NAMES: ClassVar[dict[str, str]] = {
        "calm": "p99 of a post, before",
        "p99": "p99 of a post, meanwhile",
        "most": "the longest post, meanwhile",
        "gate": "the longest wait for a gate (aim: ≤ 100)",
    }

    def __init__(self, system: Running, city: City, products: tuple[int, int] = PRODUCTS) -> None:
        self.tills = [
            HistoricTill(system.url, number, city.next_number(number), products) for number in range(1, TILLS + 1)
        ]
        self.url = system.database_url("sales", owner=True)
        self.took: list[float] = []
        self.gate = 0.0
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self._sell, args=(till,)) for till in self.tills]
        self.threads.append(threading.Thread(target=self._watch))

    def __enter__(self) -> Others:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def measure(self, seconds: float) -> dict[str, float]:
        """The p99 of the next seconds; then all begins anew."""
        self.took.clear()
        time.sleep(seconds)
        found = {"calm": self._p99()}
        self.took.clear()
        self.gate = 0.0
        return found

    def told(self) -> dict[str, float]:
        """What was measured since."""
        return {"p99": self._p99(), "most": max(self.took), "gate": self.gate}

    def _p99(self) -> float:
        took = sorted(self.took)
        return took[int(len(took) * 0.99)]

    def _sell(self, till: HistoricTill) -> None:
        while not self.stop.wait(1 / PER_SECOND):
            began = time.perf_counter()
            till.post(1)
            self.took.append((time.perf_counter() - began) * 1000)

    def _watch(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            while not self.stop.wait(0.01):
                row = connection.execute(_WAITING).fetchone()
                self.gate = max(self.gate, float(row[0]) if row else 0.0)
