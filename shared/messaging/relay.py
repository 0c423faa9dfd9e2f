"""Outward: outbox → log → queues. One leader per service; a second one stands by.

The advisory lock elects the leader; the row lock on `stream` fences a leader that was thought dead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Event as Flag

import redis
from celery import Celery
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from shared import alive, config, redis_url
from shared.auth import signing_key
from shared.db import BY_INDEX, Connection, Database
from shared.events.subscribers import consumers_of, subscription
from shared.holders import courier
from shared.messaging import log as event_log
from shared.messaging import signing, telling
from shared.messaging.batch import Batch
from shared.messaging.celery import REDIS_PATIENCE, publisher, send
from shared.messaging.delivered import Delivered
from shared.messaging.moving import ANY, move, outbox_bounds
from shared.redis_acl import unacked_key
from shared.telemetry import logger

log = logger(__name__)

LOCK = 72616465  # advisory lock of the relay's leader, per database
BATCH_LIMIT = 500
QUEUE_LIMIT = 50  # batches on a queue beyond which the log absorbs, so that Redis stays small
IDLE_POLL = 0.05
QUIET = 3.0  # after so long without work it looks seldom: an idle courier costs a third less
QUIET_POLL = 0.2
PER_TURN = 8  # events in one turn from which on it pays to wait longer
EMPTY_RANGE_SECONDS = 1.0  # tell a consumer about sequences that are not for it this often at most

#: A leader that hangs in the middle of its work loses its transaction after 5 s.
SESSION_OPTIONS = f"{BY_INDEX} -c statement_timeout=10s -c idle_in_transaction_session_timeout=5s"

# … and one that hangs anywhere loses its session, and with it the lock.
_LEAD = text("SET idle_session_timeout = '5s'")
# Reading for one consumer keeps the others waiting.
_READ = text("SET LOCAL statement_timeout = '1s'")
READ_PAUSE = 10.0
# The one round trip that is made again and again while nothing happens.
_WORK = text(f"SELECT {ANY} AS outbox, (SELECT last_seq {event_log.ROW}) AS head")


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
        signing_key(courier(service))  # lacking a key is found at the start
        self.redis = redis_url.client(patience=REDIS_PATIENCE)
        self.told = dict.fromkeys(self.consumers, float("-inf"))
        self.unread = dict.fromkeys(self.consumers, float("-inf"))  # not to be read for before
        self.wanted = {consumer: frozenset(subscription(consumer, service)) for consumer in self.consumers}
        self.resting = (0.0, 0.0)  # Redis is away: (until, pause)
        self._know_nothing()

    def _know_nothing(self) -> None:
        self.bounds, self.delivered = outbox_bounds(), Delivered(self.consumers)
        self.served = set[str]()  # the log was read to its end for them, and nothing that they want came since

    def run(self, stop: Flag) -> None:
        """Lead whenever the lock is to be had; survive lost connections."""
        while not stop.is_set():
            alive.beat("relay")
            try:
                with self.database.engine.connect() as connection:
                    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                    try:
                        if connection.execute(text(f"SELECT pg_try_advisory_lock({LOCK})")).scalar():
                            log.info("relay leads")
                            connection.execute(_LEAD)
                            self._lead(stop, connection)
                    finally:
                        connection.invalidate()  # a session that ends frees the lock, whatever happened in it
            except SQLAlchemyError as error:
                log.warning("relay lost its database", error=type(error).__name__)
            stop.wait(0.5)

    def _lead(self, stop: Flag, connection: Connection) -> None:
        self._know_nothing()  # others led meanwhile
        poll = int(config.get("LAPAK_RELAY_POLL_MS")) / 1000
        pause, worked, busy = poll, self.turn(), time.monotonic()
        while not stop.is_set():
            alive.beat("relay")
            # A turn costs as much for one event as for fifty: the more there is to do, the more goes into one.
            busy = time.monotonic() if worked else busy
            longest = IDLE_POLL if time.monotonic() - busy < QUIET else QUIET_POLL
            pause = min(poll * max(1.0, worked / PER_TURN) if worked else pause * 1.5, longest)
            if worked < BATCH_LIMIT:
                stop.wait(pause)
            # Asked over the session that holds the lock: raises when it, and so the lead, is gone.
            work = connection.execute(_WORK, {"floor": self.bounds.floor}).one()
            self.delivered.note(self.database)
            worked = self.turn() if work.outbox or self.delivered.lag(work.head) else 0
        self.delivered.note(self.database, now=True)

    def turn(self) -> int:
        """Move once, then put one batch on each consumer's queue; how many events were moved or sent."""
        ready = self._ready()
        with self.database.transaction() as session:
            self.bounds.look(session)
            if (
                not self.delivered.up_to
            ):  # before the log goes on: whoever is met first now is told what comes from here on
                self.delivered.load(session, event_log.stream(session))
            moved = move(session, self.bounds)
        self.bounds.raised(moved.floor)
        self.served = {consumer for consumer in self.served if not moved.types & self.wanted[consumer]}
        if moved.events:
            log.debug("moved into the log", events=moved.events, last=moved.last)
        self.step("moved")
        sent = self._send(self._next(ready))
        self.delivered.up_to |= {consumer: batch.hi - 1 for consumer, batch in sent.items()}
        if sent and self.delivered.note(self.database):
            self.step("advanced")
        return max(moved.events, *(len(batch.events) for batch in sent.values()), 0)

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

    def _next(self, consumers: Sequence[str]) -> dict[str, Batch]:
        """For each of these consumers the batch that comes next, if it must be told anything now.

        Not in the transaction that moves: whatever it costs to read for one consumer, the outbox of all goes on.
        """
        batches, now = {}, time.monotonic()
        for consumer in consumers:
            due = now - self.told[consumer] >= EMPTY_RANGE_SECONDS
            if now < self.unread[consumer] or (consumer in self.served and not due):
                continue
            try:
                batch, more = self._read(consumer)
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise
                self.unread[consumer] = time.monotonic() + READ_PAUSE
                log.warning("cannot read for a consumer; it pulls", consumer=consumer, error=type(error.orig).__name__)
                continue
            if batch and (batch.events or more or due):
                batches[consumer] = batch
            if batch and (batch.events or more):  # not served before that is sent
                self.served.discard(consumer)
            else:
                self.served.add(consumer)
        return batches

    def _read(self, consumer: str) -> tuple[Batch | None, bool]:
        """What follows upon that which was sent to a consumer, and whether the log goes on behind it."""
        with self.database.transaction() as session:
            at = event_log.stream(session)
            self.delivered.load(session, at)
            after = self.delivered.up_to[consumer]
            if after >= at.last_seq:
                return None, False
            session.execute(_READ)
            batch = event_log.read(session, at, consumer, after=after, limit=BATCH_LIMIT)
        return batch, batch.hi <= at.last_seq

    def _send(self, batches: Mapping[str, Batch]) -> dict[str, Batch]:
        """Put batches on their queues; those that got there."""
        sent = {}
        for consumer, batch in batches.items():
            try:
                with telling.spans("send", batch.events, consumer):
                    send(self.app, consumer, signing.sign(self.service, batch.to_wire()))
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
