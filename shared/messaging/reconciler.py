"""Inward, the guarantee: compare what was received with the source's head every second, and pull what is missing.

This one loop covers lost messages, a flushed Redis, the last event lost before a silence, crashes between two steps,
and a new consumer with an empty database. The queue is only faster.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from threading import Event as Flag
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import config, jsontext
from shared.auth import issue
from shared.db import Connection, Database
from shared.messaging import cursor, dead_letters, parked
from shared.messaging.apply import apply, enter_epoch, retry
from shared.messaging.batch import Batch, from_wire
from shared.messaging.careful import apply_carefully
from shared.messaging.consumer import CauseMissing, Consumer
from shared.messaging.failures import is_transient
from shared.telemetry import logger

log = logger(__name__)

LOCK = 72616466  # advisory lock of the reconciler's leader, per database
PERIOD = 1.0
PATIENCE = 2.0  # a hole that has not moved for this long is pulled
PAGE = 1000
TOKEN_LIFETIME = timedelta(hours=1)

_SEEN = text("""
    INSERT INTO source_state (source, epoch, head, seen_at, behind_since)
    VALUES (:source, :epoch, :head, now(), now() - make_interval(secs => :behind))
    ON CONFLICT (source) DO UPDATE SET epoch = excluded.epoch, head = excluded.head, seen_at = now(),
        behind_since = excluded.behind_since
""")
_REPAIRED = text("UPDATE source_state SET repairs = repairs + 1 WHERE source = :source")


@dataclass
class Hole:
    """The lowest hole of a source: since when it has not moved, how often it was pulled, whether more lies behind."""

    at: int
    since: float
    pulls: int = 0
    more: bool = False


class Reconciler:
    """The reconciler of one service. `run` until the flag is set."""

    def __init__(self, consumer: Consumer, database: Database, *, client: httpx.Client | None = None) -> None:
        self.consumer = consumer
        self.database = database
        self.client = client or httpx.Client(timeout=httpx.Timeout(10.0, connect=2.0), trust_env=False)
        self.holes: dict[str, Hole] = {}
        self.token, self.token_until = "", 0.0

    def run(self, stop: Flag) -> None:
        """Lead whenever the lock is to be had; survive lost connections and sources that are away."""
        while not stop.is_set():
            try:
                with self.database.engine.connect() as connection:
                    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                    if connection.execute(text(f"SELECT pg_try_advisory_lock({LOCK})")).scalar():
                        log.info("reconciler leads")
                        self._lead(stop, connection)
                    connection.invalidate()
            except SQLAlchemyError as error:
                log.warning("reconciler lost its database", error=type(error).__name__)
            stop.wait(PERIOD)

    def _lead(self, stop: Flag, connection: Connection) -> None:
        while not stop.is_set():
            connection.execute(text("SELECT 1"))  # raises when the session, and so the lead, is gone
            for source in self.consumer.sources:
                try:
                    self.reconcile(source, stop)
                except (httpx.HTTPError, ValueError) as error:
                    log.info("source not reachable", source=source, error=type(error).__name__)
            self.retry_parked()
            stop.wait(PERIOD)

    def reconcile(self, source: str, stop: Flag | None = None) -> None:
        """Look at one source's head; pull its lowest hole if that has not moved for 2 s, page after page."""
        while True:
            hole = self._look(source)
            if hole is None or time.monotonic() - hole.since < PATIENCE:
                return
            more = self._pull(source, hole)
            if not more or (stop and stop.is_set()):
                self._look(source)  # so that the gauges tell the state after the repair
                return

    def _look(self, source: str) -> Hole | None:
        with self.database.transaction() as session:
            last = cursor.last_received(session, source)
        page = self._fetch(source, after=last[1] if last else 0, limit=1, last=last)
        if page is None:
            return None
        batch, head = from_wire(page), page["head"]
        with self.database.transaction() as session:
            try:
                enter_epoch(session, self.consumer, batch)
            except cursor.UnknownEpoch as error:
                cursor.halt(session, source, str(error))
                log.error("source forked: stopped listening", source=source, reason=str(error))
                return None
            hole = self._remember(source, cursor.lowest_hole(session, source, batch.epoch, head))
            behind = time.monotonic() - hole.since if hole else None
            session.execute(_SEEN, {"source": source, "epoch": batch.epoch, "head": head, "behind": behind})
        return hole

    def _remember(self, source: str, low: int | None) -> Hole | None:
        known = self.holes.get(source)
        if low is None:
            self.holes.pop(source, None)
            return None
        if known is None or known.at != low:
            # While a long history is being pulled each page ends at a new hole: no need to wait again.
            pulling = known is not None and known.more
            self.holes[source] = known = Hole(low, time.monotonic() - (PATIENCE if pulling else 0.0))
        return known

    def _pull(self, source: str, hole: Hole) -> bool:
        page = self._fetch(source, after=hole.at - 1, limit=PAGE)
        if page is None:
            return False
        batch = from_wire(page)
        hole.pulls, hole.more, hole.since = hole.pulls + 1, batch.hi <= page["head"], time.monotonic()
        careful = hole.pulls > 1  # filled once and still there: something in it may be killing us
        outcome = (apply_carefully if careful else apply)(self.database, self.consumer, batch)
        with self.database.transaction() as session:
            session.execute(_REPAIRED, {"source": source})
        log.info("hole filled from the feed", source=source, at=hole.at, events=len(batch.events), careful=careful)
        return outcome.new and hole.more

    def _fetch(self, source: str, *, after: int, limit: int, last: Any = None) -> dict[str, Any] | None:
        query: dict[str, Any] = {"after": after, "limit": limit}
        if last and last[1] and last[2]:
            query |= {"seen": last[1], "seen_id": str(last[2])}
        url = f"{config.get('LAPAK_{SERVICE}_URL', source)}/events"
        answer = self.client.get(url, params=query, headers={"Authorization": f"Bearer {self._token()}"})
        if answer.status_code == 409:
            with self.database.transaction() as session:
                cursor.halt(session, source, answer.json()["detail"])
            log.error("source forked: stopped listening", source=source)
            return None
        answer.raise_for_status()
        page: dict[str, Any] = jsontext.loads(answer.content)
        return page

    def _token(self) -> str:
        if time.monotonic() > self.token_until:
            service = self.consumer.service
            self.token = issue(role="service", service=service, subject=f"{service}-courier", lifetime=TOKEN_LIFETIME)
            self.token_until = time.monotonic() + TOKEN_LIFETIME.total_seconds() / 2
        return self.token

    def retry_parked(self) -> None:
        """Try the parked events again, those first that were tried longest ago."""
        with self.database.transaction() as session:
            for row in parked.due(session):
                place = (row.source, row.epoch, row.seq)
                try:
                    retry(session, self.consumer, row.event)
                except CauseMissing as error:
                    parked.still_waiting(session, *place, error.waiting_for)
                    continue
                except Exception as error:
                    if is_transient(error):
                        raise
                    dead_letters.keep(session, row.source, row.epoch, row.event, error)
                parked.done(session, *place)


def received_all(database: Database, batch: Batch) -> bool:
    """Whether every cursor row has the whole range of a batch (for tests and `verify`)."""
    with database.transaction() as session:
        return not cursor.positions(session, batch)
