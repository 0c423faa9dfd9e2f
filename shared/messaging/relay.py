"""Outward: outbox → log → queues. One leader per service; a second one stands by.

The advisory lock elects the leader; the row lock on `stream` fences a leader that was thought dead. Sequences are given
after commit, by the relay, because commit order is not id order: whoever polls for `id > last` misses events.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event as Flag

import redis
from celery import Celery
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared import config
from shared.db import Connection, Database
from shared.events.subscribers import consumers_of
from shared.messaging import log as event_log
from shared.messaging.celery import publisher, send, unacked_key
from shared.telemetry import logger

log = logger(__name__)

LOCK = 72616465  # advisory lock of the relay's leader, per database
MOVE_LIMIT = 1000
BATCH_LIMIT = 500
QUEUE_LIMIT = 50  # batches on a queue beyond which the log absorbs, so that Redis stays small
IDLE_POLL = 0.05
EMPTY_RANGE_SECONDS = 1.0  # tell a consumer about sequences that are not for it this often at most

#: A leader that hangs loses its session, and with it the lock, after 5 s.
SESSION_OPTIONS = "-c idle_session_timeout=5s -c statement_timeout=10s -c idle_in_transaction_session_timeout=5s"

_ANY = text("SELECT EXISTS (SELECT FROM outbox)")
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
_PUBLISHED = text("SELECT published_seq FROM delivery WHERE consumer = :consumer")
_ADVANCE = text("""
    UPDATE delivery SET published_seq = :hi - 1 WHERE consumer = :consumer AND published_seq = :lo - 1
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
        self.redis = redis.Redis.from_url(config.get("LAPAK_REDIS_URL"), socket_timeout=5, socket_connect_timeout=3)
        self.told = dict.fromkeys(self.consumers, float("-inf"))
        self.resting = dict.fromkeys(self.consumers, (0.0, 0.0))  # consumer → (until, pause)

    def run(self, stop: Flag) -> None:
        """Lead whenever the lock is to be had; survive lost connections."""
        while not stop.is_set():
            try:
                with self.database.engine.connect() as connection:
                    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                    if connection.execute(text(f"SELECT pg_try_advisory_lock({LOCK})")).scalar():
                        log.info("relay leads")
                        self._lead(stop, connection)
                    connection.invalidate()  # a session that ends frees the lock, whatever happened in it
            except SQLAlchemyError as error:
                log.warning("relay lost its database", error=type(error).__name__)
            stop.wait(0.5)

    def _lead(self, stop: Flag, connection: Connection) -> None:
        busy_poll = int(config.get("LAPAK_RELAY_POLL_MS")) / 1000
        pause, last_beat = busy_poll, time.monotonic()
        while not stop.is_set():
            if time.monotonic() - last_beat > 1:
                connection.execute(text("SELECT 1"))  # raises when the session, and so the lead, is gone
                last_beat = time.monotonic()
            worked = self.turn()
            pause = busy_poll if worked else min(pause * 1.5, IDLE_POLL)
            if worked < MOVE_LIMIT:
                stop.wait(pause)

    def turn(self) -> int:
        """Move once, then deliver once to each consumer; how many events were moved or sent."""
        with self.database.transaction() as session:
            worked = move(session)
        self.step("moved")
        for consumer in self.consumers:
            worked = max(worked, self._deliver_safely(consumer))
        return worked

    def _deliver_safely(self, consumer: str) -> int:
        until, pause = self.resting[consumer]
        if time.monotonic() < until:
            return 0
        try:
            sent = self.deliver(consumer)
        except (BrokerError, redis.RedisError, OSError) as error:
            pause = min(max(pause * 2, 0.25), 5.0)
            log.warning("queue not reachable; the log absorbs", consumer=consumer, error=type(error).__name__)
            self.resting[consumer] = (time.monotonic() + pause, pause)
            return 0
        self.resting[consumer] = (0.0, 0.0)
        return sent

    def deliver(self, consumer: str) -> int:
        """Put the next batch for a consumer on its queue; how many events it carried."""
        with self.database.transaction() as session:
            at = event_log.stream(session)
            published = session.execute(_PUBLISHED, {"consumer": consumer}).scalar()
            if published is None:
                session.execute(_BEGIN_AT_HEAD, {"consumer": consumer})
                return 0
            if published >= at.last_seq:
                return 0
            batch = event_log.read(session, at, consumer, after=published, limit=BATCH_LIMIT)
        if not batch.events and time.monotonic() - self.told[consumer] < EMPTY_RANGE_SECONDS:
            return 0
        if self._queued(consumer) > QUEUE_LIMIT:
            return 0
        send(self.app, consumer, batch.to_wire())
        self.step("sent")
        with self.database.transaction() as session:
            session.execute(_ADVANCE, {"consumer": consumer, "lo": batch.lo, "hi": batch.hi})
        self.told[consumer] = time.monotonic()
        self.step("advanced")
        return len(batch.events)

    def _queued(self, consumer: str) -> int:
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.llen(consumer)
        pipeline.hlen(unacked_key(consumer))
        return sum(int(size) for size in pipeline.execute())
