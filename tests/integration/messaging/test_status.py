"""What the figures of the event plane count: what came again, and how far one is behind a head that nobody reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from shared.db import Database
from shared.messaging.apply import apply
from shared.messaging.status import status
from tests.integration.messaging.a_queue import QUEUE, Queue, worker
from tests.integration.messaging.plane import Plane, sale


@pytest.fixture
def queue(database_for: Callable[..., Database], environment: Callable[..., Any], redis_url: str) -> Queue:
    """A queue that is empty."""
    environment("sales", "inventory")
    return Queue(database_for, redis_url)


def test_batches_that_come_again_or_bring_nothing_new_are_counted(queue: Queue) -> None:
    queue.announce()
    with worker():
        queue.becomes((0, 0, 1))  # what is new and comes once counts nothing
    queue.announce()
    (once,) = queue.content()
    queue.hand_back()
    (again,) = queue.content()
    with worker():
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
