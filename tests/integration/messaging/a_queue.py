"""Sales' relay, inventory's queue and its worker, as they are run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

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
from tests.integration.messaging.plane import sale
from tests.waiting import PATIENCE, until

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

        def reached() -> bool:
            held = self.content() or self.redis.hlen("lapak.inventory.unacked")
            return self.figures() == expected and not held

        until("these figures", reached, told=lambda: (self.figures(), self.content()))


@contextmanager
def worker() -> Iterator[None]:
    """Inventory's worker, as it is run."""
    command = [sys.executable, "-m", "shared.messaging.worker", "services.inventory.worker:celery"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)
