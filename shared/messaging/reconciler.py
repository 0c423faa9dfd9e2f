"""Inward, the guarantee: compare what was received with the source's head every second, and pull what is missing.

This one loop covers lost messages, a flushed Redis, the last event lost before a silence, crashes between two steps,
and a new consumer with an empty database. The queue is only faster.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Event as Flag
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import alive, config, holders, jsontext
from shared.auth import issue
from shared.db import Connection, Database
from shared.messaging import cursor, following
from shared.messaging.apply import enter_epoch
from shared.messaging.batch import Batch, from_wire
from shared.messaging.careful import apply_from_feed
from shared.messaging.consumer import Consumer
from shared.messaging.retrying import retry_parked
from shared.proof import witnesses
from shared.sqlstate import code_of
from shared.telemetry import about, continuing, current_trace, logger, span, unsampled

log = logger(__name__)

LOCK = 72616466  # advisory lock of the reconciler's leader, per database
PERIOD = 1.0
PATIENCE = 2.0  # a hole that has not moved for this long is pulled
PULL_SECONDS = 2.0  # pages without events are taken together for so long
PAGE = 250  # a page is written in one go by a web process that has sales to record too
TOKEN_LIFETIME = timedelta(hours=1)

# The mark moves only here, after the source has shown that it still holds the one before: what comes by the queue may
# be of a log that was restored a moment ago.
_SEEN = text(f"""
    WITH {cursor.NEWEST}
    UPDATE source_state
       SET head = :head, seen_at = now(), behind_since = now() - make_interval(secs => :behind),
           (mark_seq, mark_id) = (SELECT last_seq, last_id FROM newest ORDER BY last_seq DESC LIMIT 1)
     WHERE source = :source AND epoch = :epoch
""")
_REPAIRED = text("UPDATE source_state SET repairs = repairs + 1 WHERE source = :source")


def _answer_seconds() -> float:
    """A source that answers at all does so when its statement was cut off, at the latest."""
    return float(config.get("LAPAK_STATEMENT_SECONDS")) + 1.0


@dataclass
class Hole:
    """The lowest hole of a source: since when it has not moved, how often it was pulled, whether more lies behind.

    `began`: since when there are holes, as far as they were pulled one after the other.
    """

    at: int
    since: float
    began: float
    pulls: int = 0
    more: bool = False


class Reconciler:
    """The reconciler of one service. `run` until the flag is set."""

    def __init__(self, consumer: Consumer, database: Database, *, client: httpx.Client | None = None) -> None:
        self.consumer = consumer
        self.database = database
        self.client = client or httpx.Client(timeout=httpx.Timeout(_answer_seconds(), connect=2.0), trust_env=False)
        self.holes: dict[str, Hole] = {}
        self.token, self.token_until = "", 0.0

    def run(self, stop: Flag) -> None:
        """Lead whenever the lock is to be had; survive lost connections and sources that are away."""
        while not stop.is_set():
            alive.beat("reconciler")
            try:
                with self.database.engine.connect() as connection:
                    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                    try:
                        if connection.execute(text(f"SELECT pg_try_advisory_lock({LOCK})")).scalar():
                            log.info("reconciler leads")
                            self._lead(stop, connection)
                    finally:
                        connection.invalidate()  # a session that ends frees the lock, whatever happened in it
            except SQLAlchemyError as error:
                log.warning("reconciler lost its database", error=type(error).__name__)
            stop.wait(PERIOD)

    def _lead(self, stop: Flag, connection: Connection) -> None:
        while not stop.is_set():
            connection.execute(text("SELECT 1"))  # raises when the session, and so the lead, is gone
            for source in self.consumer.sources:
                if stop.is_set():
                    return
                try:
                    self.reconcile(source, stop)
                except (httpx.HTTPError, ValueError) as error:
                    log.info("source not reachable", source=source, error=type(error).__name__)
                except SQLAlchemyError as error:  # what one source's events meet must not keep the others waiting
                    log.warning("source not caught up with", source=source, sqlstate=code_of(error), exc_info=error)
            try:
                self.retry_parked()
            except SQLAlchemyError as error:
                log.warning("parked events not tried", sqlstate=code_of(error), exc_info=error)
            stop.wait(PERIOD)

    def reconcile(self, source: str, stop: Flag | None = None) -> None:
        """Look at one source's head; pull its lowest hole if that has not moved for 2 s, page after page."""
        while True:
            alive.beat("reconciler")
            hole = self._look(source)
            if hole is None or time.monotonic() - hole.since < PATIENCE:
                return
            more = self._pull(source, hole)
            if not more or (stop and stop.is_set()):
                self._look(source)  # so that the gauges tell the state after the repair
                return

    def _look(self, source: str) -> Hole | None:
        with self.database.transaction() as session:
            mark = cursor.mark(session, source)
        with continuing(unsampled()):
            page = self._fetch(source, after=mark.sequence if mark else 0, limit=1, mark=mark)
        if page is None:
            return None
        batch, head = from_wire(page), page["head"]
        with self.database.transaction() as session:
            try:
                enter_epoch(session, self.consumer, batch, sideways=True)
            except cursor.UnknownEpoch as error:
                if mark:
                    following.halt(session, source, mark.epoch, str(error))
                return None
            following.resume(session, source)
            witnesses.keep(session, source, batch.epoch, page.get("seal"))
            hole = self._remember(source, cursor.lowest_hole(session, source, batch.epoch, head))
            behind = time.monotonic() - hole.began if hole else None
            session.execute(_SEEN, {"source": source, "epoch": batch.epoch, "head": head, "behind": behind})
        return hole

    def _remember(self, source: str, low: int | None) -> Hole | None:
        known = self.holes.get(source)
        if low is None:
            self.holes.pop(source, None)
            return None
        if known is None or known.at != low:
            # While a long history is being pulled each page ends at a new hole: no need to wait again.
            moment = time.monotonic()
            pulling = known is not None and known.more
            began = known.began if known is not None and pulling else moment
            self.holes[source] = known = Hole(low, moment - (PATIENCE if pulling else 0.0), began)
        return known

    def _pull(self, source: str, hole: Hole) -> bool:
        told = {"messaging.system": "lapak", "messaging.operation.name": "pull", "messaging.operation.type": "receive"}
        told |= {"messaging.consumer.group.name": self.consumer.service, "lapak.source": source}
        with span("client", f"pull {source}", told, parent=None), about(source=source):
            return self._fill(source, hole)

    def _fill(self, source: str, hole: Hole) -> bool:
        found = self._next_events(source, hole.at)
        if found is None:
            return False
        batch, head = found
        hole.pulls, hole.more, hole.since = hole.pulls + 1, batch.hi <= head, time.monotonic()
        again = hole.pulls > 1  # filled once and still there: something in it may be killing the workers
        outcome = apply_from_feed(self.database, self.consumer, batch, again=again)
        with self.database.transaction() as session:
            session.execute(_REPAIRED, {"source": source})
        log.info("hole filled from the feed", at=hole.at, events=len(batch.events), again=again)
        return outcome.new and hole.more

    def _next_events(self, source: str, at: int) -> tuple[Batch, int] | None:
        """What the log holds from `at` on, up to a page with events for us; and its head.

        A consumer of rare events is told of none again and again: such pages are counted as received together.
        """
        found, deadline = None, time.monotonic() + PULL_SECONDS
        while True:
            page = self._fetch(source, after=at - 1, limit=PAGE)
            if page is None:
                return found
            batch, head = from_wire(page), page["head"]
            if found and batch.epoch != found[0].epoch:
                return found
            found = (replace(batch, lo=found[0].lo) if found else batch), head
            if batch.events or batch.hi > head or time.monotonic() > deadline:
                return found
            alive.beat("reconciler")
            at = batch.hi

    def _fetch(self, source: str, *, after: int, limit: int, mark: cursor.Mark | None = None) -> dict[str, Any] | None:
        query: dict[str, Any] = {"after": after, "limit": limit}
        if mark and mark.id:
            query |= {"seen": mark.sequence, "seen_id": str(mark.id), "seen_epoch": str(mark.epoch)}
        url = f"{config.get('LAPAK_{SERVICE}_URL', source)}/events"
        headers = {"Authorization": f"Bearer {self._token()}", "traceparent": current_trace()}
        answer = self.client.get(url, params=query, headers=headers)
        if answer.status_code == 409 and mark:
            with self.database.transaction() as session:
                following.halt(session, source, mark.epoch, answer.json()["detail"])
            return None
        answer.raise_for_status()
        page: dict[str, Any] = jsontext.loads(answer.content)
        return page

    def _token(self) -> str:
        if time.monotonic() > self.token_until:
            service = self.consumer.service
            own = {"service": service, "subject": f"{service}-courier", "by": holders.courier(service)}
            self.token = issue(role="service", lifetime=TOKEN_LIFETIME, **own)
            self.token_until = time.monotonic() + TOKEN_LIFETIME.total_seconds() / 2
        return self.token

    def retry_parked(self) -> None:
        """Try the parked events again, those first that were tried longest ago."""
        retry_parked(self.database, self.consumer)


def received_all(database: Database, batch: Batch) -> bool:
    """Whether every cursor row has the whole range of a batch (for tests and `verify`)."""
    with database.transaction() as session:
        return not cursor.positions(session, batch)
