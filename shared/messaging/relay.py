"""Outward: outbox → log → queues. One leader per service; a second one stands by.

The advisory lock elects the leader; the row lock on `stream` fences a leader that was thought dead. Sequences are given
after commit, by the relay, because commit order is not id order: whoever polls for `id > last` misses events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event as Flag

import redis
from celery import Celery
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared import alive, config, redis_url
from shared.db import BY_INDEX, Connection, Database
from shared.events.subscribers import consumers_of
from shared.messaging import log as event_log
from shared.messaging import telling
from shared.messaging.batch import Batch
from shared.messaging.celery import REDIS_PATIENCE, publisher, send, unacked_key
from shared.telemetry import logger

log = logger(__name__)

LOCK = 72616465  # advisory lock of the relay's leader, per database
MOVE_LIMIT = 1000
BATCH_LIMIT = 500
QUEUE_LIMIT = 50  # batches on a queue beyond which the log absorbs, so that Redis stays small
IDLE_POLL = 0.05
PER_TURN = 8  # events in one turn from which on it pays to wait longer
EMPTY_RANGE_SECONDS = 1.0  # tell a consumer about sequences that are not for it this often at most

#: A leader that hangs in the middle of its work loses its transaction after 5 s.
SESSION_OPTIONS = f"{BY_INDEX} -c statement_timeout=10s -c idle_in_transaction_session_timeout=5s"

_ANY = text("SELECT EXISTS (SELECT FROM outbox)")
# … and one that hangs anywhere loses its session, and with it the lock.
_LEAD = text("SET idle_session_timeout = '5s'")
_FENCE = text("SELECT last_seq FROM stream FOR UPDATE")
_MOVE = text("""
    WITH taken AS (
        DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT :limit) RETURNING *
    ), logged AS (
        INSERT INTO event_log (seq, event_id, type, subject, time, traceparent, data)
        SELECT :last + row_number() OVER (ORDER BY id), event_id, type, subject, time, traceparent, data FROM taken
        RETURNING seq
    )
    UPDATE stream SET last_seq = :last + (SELECT count(*) FROM logged) RETURNING last_seq - :last
""")
_BEGIN_AT_HEAD = text("""
    INSERT INTO delivery (consumer, published_seq) SELECT :consumer, last_seq FROM stream ON CONFLICT DO NOTHING
""")
_PUBLISHED = text("SELECT consumer, published_seq FROM delivery")
_ADVANCE = text("""
    UPDATE delivery SET published_seq = :hi - 1 WHERE consumer = :consumer AND published_seq = :lo - 1
""")
# The one round trip that is made again and again while nothing happens.
_WORK = text("""
    SELECT EXISTS (SELECT FROM outbox)
        OR EXISTS (SELECT FROM delivery d JOIN stream s ON d.published_seq < s.last_seq)
""")


def move(session: Session) -> int:
    """Move committed outbox rows into the log, with contiguous sequences; how many."""
    if not session.execute(_ANY).scalar():
        return 0
    last = session.execute(_FENCE).scalar_one()
    return int(session.execute(_MOVE, {"limit": MOVE_LIMIT, "last": last}).scalar_one())


class Relay:
    """The relay of one service. `run` until the flag is set.

    `step` (for tests) is called with a name at each boundary: moved, sent, advanced.
    """

    def __init__(self, service: str, database: Database, *, step: Callable[[str], None] = lambda _: None) -> None:
        self.service = service
        self.database = database
        self.consumers = consumers_of(service)
        self.step = step
        self.app: Celery = publisher()
        self.redis = redis_url.client(patience=REDIS_PATIENCE)
        self.told = dict.fromkeys(self.consumers, float("-inf"))
        self.resting = (0.0, 0.0)  # Redis is away: (until, pause)

    def run(self, stop: Flag) -> None:
        """Lead whenever the lock is to be had; survive lost connections."""
        while not stop.is_set():
            alive.beat("relay")
            try:
                with self.database.engine.connect() as connection:
                    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                    if connection.execute(text(f"SELECT pg_try_advisory_lock({LOCK})")).scalar():
                        log.info("relay leads")
                        connection.execute(_LEAD)
                        self._lead(stop, connection)
                    connection.invalidate()  # a session that ends frees the lock, whatever happened in it
            except SQLAlchemyError as error:
                log.warning("relay lost its database", error=type(error).__name__)
            stop.wait(0.5)

    def _lead(self, stop: Flag, connection: Connection) -> None:
        poll = int(config.get("LAPAK_RELAY_POLL_MS")) / 1000
        pause, worked = poll, self.turn()
        while not stop.is_set():
            alive.beat("relay")
            # A turn costs as much for one event as for fifty: the more there is to do, the more goes into one.
            pause = min(poll * max(1.0, worked / PER_TURN) if worked else pause * 1.5, IDLE_POLL)
            if worked < BATCH_LIMIT:
                stop.wait(pause)
            # Asked over the session that holds the lock: raises when it, and so the lead, is gone.
            worked = self.turn() if connection.execute(_WORK).scalar() else 0

    def turn(self) -> int:
        """Move once, then put one batch on each consumer's queue; how many events were moved or sent."""
        ready = self._ready()
        with self.database.transaction() as session:
            worked = move(session)
            at = event_log.stream(session)
            batches = self._next(session, at, ready)
        if worked:
            log.debug("moved into the log", events=worked, last=at.last_seq)
        self.step("moved")
        sent = self._send(batches)
        if sent:
            with self.database.transaction() as session:
                for consumer, batch in sent.items():
                    session.execute(_ADVANCE, {"consumer": consumer, "lo": batch.lo, "hi": batch.hi})
            self.step("advanced")
        return max(worked, *(len(batch.events) for batch in sent.values()), 0)

    def _ready(self) -> list[str]:
        """The consumers whose queue has room; none while Redis rests."""
        if time.monotonic() < self.resting[0]:
            return []
        pipeline = self.redis.pipeline(transaction=False)
        for consumer in self.consumers:
            pipeline.llen(consumer)
            pipeline.hlen(unacked_key(consumer))
        try:
            sizes = [int(size) for size in pipeline.execute()]
        except (redis.RedisError, OSError) as error:
            self._rest(error)
            return []
        queued = zip(self.consumers, sizes[::2], sizes[1::2], strict=True)
        return [consumer for consumer, waiting, held in queued if waiting + held <= QUEUE_LIMIT]

    def _next(self, session: Session, at: event_log.Stream, consumers: Sequence[str]) -> dict[str, Batch]:
        """For each of these consumers the batch that comes next, if it must be told anything now."""
        published = {row.consumer: row.published_seq for row in session.execute(_PUBLISHED)}
        batches = {}
        for consumer in self.consumers:
            if consumer not in published:
                session.execute(_BEGIN_AT_HEAD, {"consumer": consumer})
            elif consumer in consumers and published[consumer] < at.last_seq:
                batch = event_log.read(session, at, consumer, after=published[consumer], limit=BATCH_LIMIT)
                if batch.events or time.monotonic() - self.told[consumer] >= EMPTY_RANGE_SECONDS:
                    batches[consumer] = batch
        return batches

    def _send(self, batches: Mapping[str, Batch]) -> dict[str, Batch]:
        """Put batches on their queues; those that got there."""
        sent = {}
        for consumer, batch in batches.items():
            try:
                with telling.spans("send", batch.events, consumer):
                    send(self.app, consumer, batch.to_wire())
            except (BrokerError, redis.RedisError, OSError) as error:
                self._rest(error)
                break
            log.debug("batch sent", consumer=consumer, lo=batch.lo, hi=batch.hi, events=len(batch.events))
            telling.each("event sent", batch.events, consumer=consumer)
            self.step("sent")
            sent[consumer], self.told[consumer] = batch, time.monotonic()
            self.resting = (0.0, 0.0)
        return sent

    def _rest(self, error: Exception) -> None:
        pause = min(max(self.resting[1] * 2, 0.25), 5.0)
        log.warning("queues not reachable; the log absorbs", error=type(error).__name__)
        self.resting = (time.monotonic() + pause, pause)
