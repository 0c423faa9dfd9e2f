"""What the figures of the event plane count: what came again, and how far one is behind a head that nobody reads."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import redis
from celery import Celery
from sqlalchemy import text

from services.inventory.handlers import consumer
from shared.db import Database
from shared.local.home import ROOT
from shared.messaging import log, publish
from shared.messaging.apply import apply
from shared.messaging.celery import settings
from shared.messaging.relay import Relay
from shared.messaging.status import status
from tests.integration.messaging.plane import Plane, sale

QUEUE = "inventory"


class Queue:
    """Sales' relay, inventory's queue, and a real worker that works as the application role."""

    def __init__(self, database_for: Callable[..., Database], redis_url: str) -> None:
        self.sales, self.inventory = database_for("sales"), database_for("inventory")
        self.redis = redis.Redis.from_url(redis_url)
        self.relay = Relay("sales", self.sales)
        self.relay.turn()  # meets its consumers
        with self.sales.transaction() as session:
            batch = log.read(session, log.stream(session), QUEUE, after=0, limit=1)
        apply(self.inventory, consumer, batch)  # inventory follows this log from now on

    def announce(self) -> UUID:
        """One sale of one line, on the queue; its id."""
        sold = sale()
        with self.sales.transaction() as session:
            publish(session, sold)
        for _ in range(2):
            self.relay.turn()
        return sold.sale_id

    def hand_back(self) -> None:
        """Take the message and end without having done it: kombu puts it back, as it does for a dead worker."""
        app = Celery(set_as_current=False)
        app.conf.update(settings(QUEUE))
        with app.connection_for_read() as connection:
            channel: Any = connection.channel()
            assert channel.basic_get(QUEUE, no_ack=False) is not None
            channel.close()

    def content(self) -> list[Any]:
        """The messages that wait."""
        return list(self.redis.lrange(QUEUE, 0, -1))

    def figures(self) -> tuple[int, int, int]:
        """(redelivered, duplicates, moves)."""
        with self.inventory.transaction() as session:
            (one,) = (one for one in status(session, consumer)["sources"] if one["source"] == "sales")
            moves = session.scalar(text("SELECT count(*) FROM stock_move"))
        return one["redelivered"], one["duplicates"], moves or 0

    def becomes(self, expected: tuple[int, int, int]) -> None:
        """Wait for these figures and an empty queue; more than expected fails too."""
        deadline = time.monotonic() + 30
        while self.figures() != expected or self.content() or self.redis.hlen("lapak.inventory.unacked"):
            assert time.monotonic() < deadline, (self.figures(), self.content())
            time.sleep(0.02)


@pytest.fixture
def queue(database_for: Callable[..., Database], environment: Callable[..., Any], redis_url: str) -> Queue:
    """A queue that is empty."""
    environment("sales", "inventory")
    return Queue(database_for, redis_url)


@contextmanager
def _worker() -> Iterator[None]:
    """Inventory's worker, as it is run."""
    command = [sys.executable, "-m", "shared.messaging.worker", "services.inventory.worker:celery"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_batches_that_come_again_or_bring_nothing_new_are_counted(queue: Queue) -> None:
    queue.announce()
    with _worker():
        queue.becomes((0, 0, 1))  # what is new and comes once counts nothing
    queue.announce()
    (once,) = queue.content()
    queue.hand_back()
    (again,) = queue.content()
    with _worker():
        queue.becomes((1, 0, 2))  # it came again, but its effect is new
        queue.redis.lpush(QUEUE, once)
        queue.becomes((1, 1, 2))
        queue.redis.lpush(QUEUE, again)
        queue.becomes((2, 2, 2))


def test_what_the_queue_brought_is_news_of_the_head(plane: Plane) -> None:
    """The courier looked when there were two; the worker has received 1, 2 and 5 since."""
    plane.announce(*(sale(n) for n in range(1, 7)))
    plane.log_all()
    apply(plane.consumer_database, plane.consumer, plane.batch(after=0, limit=2))
    apply(plane.consumer_database, plane.consumer, plane.batch(after=4, limit=1))
    with plane.consumer_database.transaction() as session:
        session.execute(text("UPDATE source_state SET head = 2, seen_at = now()"))
    assert _stand(plane) == {"head": 5, "position": 2, "lag_events": 3, "holes": 1}
    apply(plane.consumer_database, plane.consumer, plane.batch(after=2, limit=2))
    assert _stand(plane) == {"head": 5, "position": 5, "lag_events": 0, "holes": 0}


def _stand(plane: Plane) -> dict[str, int]:
    with plane.consumer_database.transaction() as session:
        (one,) = (one for one in status(session, plane.consumer)["sources"] if one["source"] == "sales")
    return {name: one[name] for name in ("head", "position", "lag_events", "holes")}
