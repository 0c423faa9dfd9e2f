"""A consumer far behind in a log with hardly anything for it: each look is bounded, and it gets there by itself."""

from __future__ import annotations

import httpx
import pytest
import redis
from sqlalchemy import text

from shared.db import BY_INDEX, Database
from shared.messaging import cursor, log
from shared.messaging import relay as relaying
from shared.messaging.reconciler import Reconciler
from shared.messaging.relay import SESSION_OPTIONS, Relay
from tests.integration.messaging.plane import Plane, sale

FOREIGN = 30_000


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with millions of events."""
    monkeypatch.setattr(log, "WINDOW", 1000)
    monkeypatch.setattr(log, "WINDOWS", 3)


def _foreign(plane: Plane, count: int = FOREIGN) -> int:
    """Log events that nobody here subscribes to; the head."""
    with plane.producer.transaction() as session:
        session.execute(
            text("""INSERT INTO event_log (seq, event_id, type, subject, time, traceparent, data)
            SELECT last_seq + n, gen_random_uuid(), 'lapak.sales.Other.v1', 'x', now(), '', '{}'
              FROM stream, generate_series(1, :count) AS n"""),
            {"count": count},
        )
        session.execute(text("UPDATE stream SET last_seq = last_seq + :count"), {"count": count})
        session.execute(text("ANALYZE event_log"))
        return log.stream(session).last_seq


def test_a_page_looks_at_a_bounded_part_of_the_log_and_says_how_far(plane: Plane) -> None:
    head = _foreign(plane)
    page = plane.batch()
    assert (page.lo, page.hi, page.events) == (1, 3001, ())
    plane.announce(sale(1))
    plane.log_all()
    page = plane.batch(after=head - 500)
    assert (page.lo, page.hi, len(page.events)) == (head - 499, head + 2, 1)
    assert plane.batch(after=head + 1).hi == head + 2


def test_what_is_not_for_the_consumer_is_not_read(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    head = _foreign(plane)
    database = Database(plane.producer.url, pool_size=1)
    values = {"after": 0, "upto": head, "types": list(plane.consumer.types_from("sales")), "limit": 250}
    with database.transaction() as session:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {log._EVENTS.text}"
        plan = session.execute(text(explain), values).scalar_one()[0]["Plan"]
    database.dispose()
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 50


def test_the_reconciler_gets_over_what_is_not_for_it_in_one_look(plane: Plane, reconciler: Reconciler) -> None:
    _foreign(plane)
    sent = plane.announce(sale(1))
    plane.log_all()
    _foreign(plane)
    later = plane.announce(sale(2))
    head = plane.log_all()
    reconciler.reconcile("sales")
    assert plane.effects() == [*sent, *later]
    with plane.consumer_database.transaction() as session:
        assert cursor.lowest_hole(session, "sales", plane.batch().epoch, head) is None
        assert session.execute(text("SELECT repairs FROM source_state")).scalar() == 2, "not one for each page"


def test_what_was_got_over_is_kept_when_the_source_goes_away(
    plane: Plane, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    _foreign(plane)
    monkeypatch.setattr("shared.messaging.reconciler.PULL_SECONDS", 0.0)  # so a page at a time
    asked = 0
    client = reconciler.client

    def until_it_is_gone(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        if asked > 6:
            raise httpx.ConnectError("gone")
        return client.get(request.url, headers=request.headers)

    with (
        httpx.Client(transport=httpx.MockTransport(until_it_is_gone)) as reconciler.client,
        pytest.raises(httpx.ConnectError),
    ):
        reconciler.reconcile("sales")
    with plane.consumer_database.transaction() as session:
        hole = cursor.lowest_hole(session, "sales", plane.batch().epoch, FOREIGN)
    assert (hole or 0) > 3000


@pytest.fixture
def queues(redis_url: str) -> redis.Redis:
    """The test's Redis, emptied."""
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    return client


def test_a_read_that_takes_too_long_does_not_keep_the_outbox(
    plane: Plane, queues: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = Relay("sales", Database(plane.producer.url, pool_size=2, options=SESSION_OPTIONS))
    relay.turn()
    head = _foreign(plane)
    with plane.producer.transaction() as session:  # as if there were no bounds
        session.execute(text("DROP INDEX ix_event_log_type_seq"))
    monkeypatch.setattr(log, "WINDOW", head)
    monkeypatch.setattr(relaying, "_READ", text("SET LOCAL statement_timeout = '1ms'"))
    plane.announce(sale(1))
    assert relay.turn() == 1
    assert plane.log_all() == head + 1
    assert queues.llen("inventory") == 0, "what cannot be read is pulled"
    assert set(relay.unread) == {"inventory", "training"}
    assert min(relay.unread.values()) > 0, "and not asked for again at once"


def test_the_relay_tells_of_empty_ranges_without_waiting(plane: Plane, queues: redis.Redis) -> None:
    relay = Relay("sales", Database(plane.producer.url, pool_size=2, options=f"{SESSION_OPTIONS} {BY_INDEX}"))
    relay.turn()
    head = _foreign(plane)
    turns = head // 3000 - 1  # the last range ends at the head: that is told once a second
    for _ in range(turns):
        relay.turn()
    assert relay.delivered.up_to == {"inventory": turns * 3000, "training": turns * 3000}
    assert queues.llen("inventory") == turns
