"""P11: any order, any repetition of events gives the same state."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations

import pytest
from sqlalchemy import create_engine, text

from services.training.handlers import consumer
from services.training.state import state_hash
from shared.db import Database
from shared.events import Event
from shared.events.sales import TokenRevoked
from shared.local.cluster import DatabaseUrls
from shared.messaging.apply import apply
from tests.integration.training.people import People, accepted, returned

HISTORY: tuple[Event, ...] = (
    accepted({"wmaker001": 10_000}),
    accepted({"wmaker001": 5_000, "wmaker002": 5_000}, lot="LOTLOTLOT2", good=Decimal("7.5")),
    returned(("LOTLOTLOT1", "1", "stale"), (None, "1", "broken")),
    returned(("LOTLOTLOT2", "2", "stale")),
    TokenRevoked(jti="5b0d4a1c", expires_at=datetime(2999, 1, 1, tzinfo=UTC)),
    accepted({"wmaker002": 10_000}, lot="LOTLOTLOT3"),
)
TOUCHED = ("practice", "market_return", "revoked_token", "cursor", "parked", "dead_letter")


@pytest.fixture
def forget(urls_for: Callable[..., DatabaseUrls]) -> Iterator[Callable[[], None]]:
    """Empty what events touch, as the owner."""
    engine = create_engine(urls_for("training").owner.replace("postgresql://", "postgresql+psycopg://", 1))

    def forget() -> None:
        with engine.begin() as connection:
            connection.execute(text("; ".join(f"DELETE FROM {table}" for table in TOUCHED)))

    yield forget
    engine.dispose()


def _live(people: People, order: Sequence[Event], pool: ThreadPoolExecutor) -> str:
    """Hear of everything in this order over two connections at once; the first two things are brought twice."""
    people.heads = {"sales": 0, "inventory": 0}
    batches = [people.batch(event) for event in order]
    hands = [batches[0::2] + batches[:1], batches[1::2] + batches[1:2]]
    list(pool.map(lambda hand: [apply(people.database, consumer, batch) for batch in hand], hands))
    with people.database.transaction() as session:
        assert session.scalar(text("SELECT (SELECT count(*) FROM dead_letter) + (SELECT count(*) FROM parked)")) == 0
        return state_hash(session)


@pytest.mark.slow
def test_every_order_with_repetitions_over_two_connections_gives_the_same_state(
    people: People, forget: Callable[[], None]
) -> None:
    hashes, dice = set(), random.Random(11)
    with ThreadPoolExecutor(2) as pool:
        for order in permutations(HISTORY):
            forget()
            # The same fact again under other sequences: only the handler itself can see that it knows it.
            hashes.add(_live(people, [*order, *dice.choices(HISTORY, k=2)], pool))
    assert len(hashes) == 1


def test_shuffled_and_repeated_histories_give_the_same_state(people: People, forget: Callable[[], None]) -> None:
    hashes, dice = set(), random.Random(20260302)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(40):
            order = [*HISTORY, *dice.choices(HISTORY, k=6)]
            dice.shuffle(order)
            forget()
            hashes.add(_live(people, order, pool))
    assert len(hashes) == 1


def test_one_batch_or_many_gives_the_same_state(people: People, forget: Callable[[], None]) -> None:
    with ThreadPoolExecutor(2) as pool:
        expected = _live(people, HISTORY, pool)
    forget()
    people.heads = {"sales": 0, "inventory": 0}
    for source in ("sales", "inventory"):
        people.hear(*[event for event in reversed(HISTORY) if event.SOURCE == source])
    with people.database.transaction() as session:
        assert state_hash(session) == expected


def test_the_state_hash_sees_each_event_and_each_fact(database_for: Callable[..., Database]) -> None:
    people = People(database_for("training"))
    seen = set()

    def look() -> None:
        with people.database.transaction() as session:
            seen.add(state_hash(session))

    look()
    for event in HISTORY:
        people.hear(event)
        look()
    worker_ref = people.resident()
    look()
    row_id = people.certify(worker_ref)
    look()
    people.instructor.post(f"/certificates/{row_id}/withdrawal", {"effective": "2026-03-01", "reason": "x"})
    look()
    people.attest(worker_ref)
    look()
    people.instructor.put("/skills/bakery-dasar", {"name": {"id": "Roti", "en": "Bread"}})
    look()
    assert len(seen) == 1 + len(HISTORY) + 5
