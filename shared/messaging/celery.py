"""Celery, the fast path: one queue per service, named after it. Each unusual setting has its reason beside it."""

from __future__ import annotations

from functools import cache
from typing import Any

from celery import Celery
from celery.signals import setup_logging as celery_asks_for_logging
from celery.signals import worker_init
from kombu import Queue
from kombu.serialization import register
from sqlalchemy import text

from shared import config, jsontext, redis_url, revision
from shared.config import SERVICES
from shared.db import BY_INDEX, Database
from shared.messaging import cursor, signing
from shared.messaging.apply import apply
from shared.messaging.careful import apply_carefully
from shared.messaging.consumer import Consumer
from shared.messaging.presence import connection_name, stay_seen
from shared.redis_acl import unacked_key
from shared.telemetry import logger, setup

log = logger(__name__)

TASK = "lapak.apply"
REDIS_PATIENCE = 1.0  # seconds that the relay waits for an answer of Redis

#: Only where it happens, in a transaction of its own: a batch that is new and comes once pays nothing.
_COUNT = {
    name: text(f"UPDATE source_state SET {name} = {name} + 1 WHERE source = :source")
    for name in ("redelivered", "duplicates")
}

_REFUSED = text("""
    UPDATE source_state SET refused = refused + 1, refused_at = now(), refused_because = :reason
     WHERE source = coalesce((SELECT source FROM source_state WHERE source = :source),
                             (SELECT min(source) FROM source_state))
""")

# Plain JSON, but numbers with a fraction are read as Decimal: no float touches a quantity.
register("lapak-json", jsontext.quick_dumps, jsontext.loads, "application/vnd.lapak+json", "utf-8")


def settings(service: str) -> dict[str, Any]:
    """Celery's configuration for the workers of one service (and for whoever publishes to it)."""
    return (broker := redis_url.configured().broker()) | {
        "task_serializer": "lapak-json",
        "accept_content": ["lapak-json"],
        "task_compression": "zlib",  # kombu stores each message a second time in `unacked`: small pays twice
        "task_queues": [Queue(service)],
        "task_default_queue": service,
        "task_create_missing_queues": True,
        # One batch at a time; prefork's parent would be the ceiling, and its children hold up a stop for 30 s.
        "worker_pool": "solo",
        "worker_concurrency": 1,
        "task_acks_late": True,  # a message is gone only after its effect was committed
        "task_reject_on_worker_lost": False,  # a batch that kills its worker would loop for ever; the cursor repairs
        "worker_prefetch_multiplier": 1,  # a message in a dead worker's memory waits for the visibility timeout
        "task_ignore_result": True,  # the effect is in the database
        "worker_enable_remote_control": False,  # pub/sub chatter, and its bindings do not survive FLUSHALL
        "worker_send_task_events": bool(config.get("LAPAK_CELERY_EVENTS")),  # for Flower, which may lose some
        "worker_hijack_root_logger": False,
        "broker_connection_max_retries": None,  # the default gives up after 100
        "broker_connection_retry_on_startup": True,  # workers may start before Redis
        "task_publish_retry": False,  # the relay owns the retry
        "broker_transport_options": broker["broker_transport_options"]
        | {
            "visibility_timeout": 60,  # a batch takes well under a second
            "unacked_restore_interval": 5,  # look for messages of dead workers every 5 s …
            "unacked_restore_throttle": 1,  # … each time, not each tenth time
            # Per service: another service's sweeper would restore our messages to nowhere (celery #4091).
            "unacked_key": unacked_key(service),
            "unacked_index_key": f"lapak.{service}.unacked_index",
            "unacked_mutex_key": f"lapak.{service}.unacked_mutex",
            "unacked_mutex_expire": 10,  # a sweeper killed with the default 300 s mutex blocks the others for as long
            "polling_interval": 0.2,  # BRPOP's patience: a worker learns only in between that it shall end
            "socket_timeout": 5,  # else a half-open connection blocks for ever (must exceed BRPOP's patience)
            "socket_connect_timeout": 3,
            "socket_keepalive": True,
            "health_check_interval": 10,
            "priority_steps": [0],  # one list per queue, not four
        },
    }


def publisher() -> Celery:
    """A Celery app that only sends; it never declares or consumes a queue."""
    app = Celery("lapak-relay", set_as_current=False)
    app.conf.update(settings("relay"))
    # The log waits for the relay: a Redis that says nothing holds it up for a second, not for five, nor again and again
    # as kombu would have it, which connects anew for four seconds.
    impatient = {"socket_timeout": REDIS_PATIENCE, "socket_connect_timeout": REDIS_PATIENCE, "max_retries": 0}
    app.conf.broker_transport_options |= impatient
    return app


def send(app: Celery, consumer: str, batch: dict[str, Any]) -> None:
    """Put a batch on a consumer's queue, by the anonymous exchange: one LPUSH, no bindings that could vanish.

    Raises kombu.exceptions.OperationalError when Redis is away.
    """
    app.send_task(
        TASK,
        kwargs={"batch": batch},
        queue=consumer,  # a queue's own name needs no exchange
        declare=[],
        argsrepr="",  # else a second copy of the batch travels as text
        kwargsrepr="",
        retry=False,
        ignore_result=True,
    )


def _count(database: Database, what: str, source: str) -> None:
    with database.transaction() as session:
        session.execute(_COUNT[what], {"source": source})


def refuse(database: Database, batch: Any, reason: str) -> None:
    """Say and count that a batch was not believed: nothing of it is applied. What its source has to say is pulled."""
    claimed = signing.source_of(batch)
    source = claimed if claimed in SERVICES else ""  # anything may stand there, also what no database can hold
    log.error("batch refused", source=source or "none of ours", reason=reason)
    with database.transaction() as session:
        session.execute(_REFUSED, {"source": source, "reason": reason})


def create_worker(consumer: Consumer) -> Celery:
    """The Celery app of a service's worker: it applies the batches on the service's queue."""
    app = Celery(consumer.service, set_as_current=False)
    app.conf.update(settings(consumer.service))

    @cache
    def database() -> Database:
        url = config.get("LAPAK_{SERVICE}_DATABASE_URL", consumer.service)
        return Database(
            url, pool_size=1, application_name=connection_name(consumer.service, "worker"), options=BY_INDEX
        )

    @worker_init.connect(weak=False)
    def begin(**_: object) -> None:
        setup(consumer.service, "worker")  # before the first connection, whose statements may have to be spans
        revision.wait(database(), consumer.service)
        stay_seen(database())

    @celery_asks_for_logging.connect(weak=False)
    def logging_is_ours(**_: object) -> None:
        """Because somebody listens, Celery sets up none of its own."""

    @app.task(name=TASK, bind=True)
    def apply_batch(task: Any, batch: dict[str, Any]) -> None:
        try:
            carried, again = signing.check(batch), bool(task.request.delivery_info.get("redelivered"))
        except signing.Refused as refused:
            refuse(database(), batch, str(refused))
            return
        if again:
            _count(database(), "redelivered", carried.source)  # before it can kill this process too
        try:
            outcome = (apply_carefully if again else apply)(database(), consumer, carried, first=False)
            if not outcome.new:
                _count(database(), "duplicates", carried.source)
        except (cursor.UnknownEpoch, cursor.Halted) as stopped:
            place = {"source": carried.source, "lo": carried.lo, "hi": carried.hi}
            log.error("batch not applied", reason=str(stopped), **place)  # the reconciler sees to it

    return app
