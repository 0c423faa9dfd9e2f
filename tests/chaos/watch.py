"""How long events take from commit to effect while everything breaks: a look at every cursor, twenty times a second."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import psycopg

from shared.config import SERVICES
from shared.events.subscribers import sources_of, subscription
from shared.local.running import Running

EVERY = 0.05  # seconds: the resolution of what is measured

_POSITION = """
    SELECT got::text, epoch FROM cursor JOIN source_state USING (source, epoch)
     WHERE source = %s AND types && %s::text[]
"""
_NEW = "SELECT (%s::int8multirange - %s::int8multirange)::text"
_AGES = """
    SELECT extract(epoch FROM clock_timestamp() - time)::float8 FROM event_log
     WHERE type = ANY(%s) AND %s::int8multirange @> seq
"""


@dataclass
class Watch:
    """Samples in seconds. Straight to PostgreSQL, past the proxies; while that is down it waits like everybody else."""

    running: Running
    samples: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._got: dict[tuple[str, str, str], str] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Watch:
        """Begin; what was received before does not count."""
        with self._connected() as connections:
            self._look(connections, count=False)
        self._thread.start()
        return self

    def finish(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def percentile(self, share: float) -> float:
        """Such as 0.99, in seconds, over all events and consumers; 0 when there was none."""
        found = sorted(self.samples)
        return found[min(int(len(found) * share), len(found) - 1)] if found else 0.0

    def _connected(self) -> _Connections:
        return _Connections(self.running)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connected() as connections:
                    while not self._stop.wait(EVERY):
                        self._look(connections, count=True)
            except psycopg.Error:
                self._stop.wait(EVERY)

    def _look(self, connections: _Connections, *, count: bool) -> None:
        for consumer in SERVICES:
            for source in sources_of(consumer):
                types = list(subscription(consumer, source))
                row = connections.by_service[consumer].execute(_POSITION, (source, types)).fetchone()
                if row is None:
                    continue
                at = (consumer, source, str(row[1]))  # of a log that was restored, what was received before is no news
                before = self._got.get(at, row[0] if count else "{}")
                if count and row[0] != before:
                    new = connections.by_service[consumer].execute(_NEW, (row[0], before)).fetchone() or ("{}",)
                    self.samples += [age for (age,) in connections.by_service[source].execute(_AGES, (types, new[0]))]
                self._got[at] = row[0]


class _Connections:
    """One to each service's database."""

    def __init__(self, running: Running) -> None:
        self.running, self.by_service = running, dict[str, psycopg.Connection]()

    def __enter__(self) -> _Connections:
        for service in SERVICES:
            url = self.running.database_url(service, owner=True)
            self.by_service[service] = psycopg.connect(url, autocommit=True, connect_timeout=5)
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self.by_service.values():
            connection.close()
