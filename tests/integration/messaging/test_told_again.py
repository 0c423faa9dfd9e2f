"""After a restore the same facts come under other numbers: each service knows them by their own identity."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared import jsontext
from shared.clock import now
from shared.db import Database
from shared.events import Event, inventory, sales, training
from shared.messaging import Consumer
from shared.messaging.apply import apply
from shared.messaging.batch import Batch, cloud_event
from tests.integration.inventory.test_promise_any_order import HISTORY as TO_INVENTORY
from tests.integration.sales.shop import Shop
from tests.integration.sales.test_any_order import HISTORY as TO_SALES
from tests.integration.sales.test_any_order import SALES
from tests.integration.training.test_promise_any_order import HISTORY as TO_TRAINING

REVOKED = {
    source: event(jti=f"a-lost-tablet-of-{source}", expires_at=datetime(2999, 1, 1, tzinfo=UTC))
    for source, event in {
        "training": training.TokenRevoked,
        "inventory": inventory.TokenRevoked,
        "sales": sales.TokenRevoked,
    }.items()
}
HISTORIES: dict[str, Sequence[Event]] = {
    "training": (*TO_TRAINING, REVOKED["inventory"]),
    "inventory": (*TO_INVENTORY, REVOKED["sales"], REVOKED["training"]),
    "sales": (*TO_SALES, REVOKED["inventory"], REVOKED["training"]),
}


class Listener:
    """A service that hears of a history, source by source, in one epoch after another."""

    def __init__(self, service: str, database: Database) -> None:
        self.database = database
        self.consumer: Consumer = import_module(f"services.{service}.handlers").consumer
        self.state_hash: Callable[[Any], str] = import_module(f"services.{service}.state").state_hash
        self.logs: dict[str, tuple[UUID, list[Event]]] = {}
        for event in HISTORIES[service]:
            self.logs.setdefault(event.SOURCE, (uuid4(), []))[1].append(event)

    def hear(self, source: str, ancestors: dict[UUID, int], *, at_once: bool) -> int:
        """Receive the whole log of a source, in one batch or one by one; how many events were handled."""
        epoch, log = self.logs[source]
        events = tuple(_wire(source, seq, event) for seq, event in enumerate(log, 1))
        types = self.consumer.types_from(source)
        whole = Batch(source, epoch, 1, len(log) + 1, types, events, UUID(events[-1]["id"]), ancestors)
        batches = [whole] if at_once else [whole.only(event) for event in events]
        outcomes = [apply(self.database, self.consumer, batch) for batch in batches]
        assert not any(one.dead or one.parked for one in outcomes)
        return sum(one.handled for one in outcomes)

    def restore(self, dice: random.Random) -> None:
        """Each source begins a new epoch: from a branch on, everything is recorded again, in another order."""
        for source, (epoch, log) in self.logs.items():
            branch = dice.randint(0, len(log) - 1)
            tail = dice.sample(log[branch:], len(log) - branch)
            self.logs[source] = (uuid4(), log[:branch] + tail)
            assert self.hear(source, {epoch: branch}, at_once=dice.random() < 0.5) == len(tail)

    def hash(self) -> str:
        """The state hash."""
        with self.database.transaction() as session:
            return self.state_hash(session)


def _wire(source: str, seq: int, event: Event) -> dict[str, Any]:
    return cloud_event(
        source=source,
        seq=seq,
        event_id=uuid4(),
        type=event.type_name(),
        subject=event.subject,
        time=now(),
        traceparent="",
        data=jsontext.loads(jsontext.dumps(event.to_data())),
    )


@pytest.mark.parametrize("service", HISTORIES)
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_what_is_told_again_in_a_new_epoch_changes_nothing(
    database_for: Callable[..., Database], service: str, seed: int
) -> None:
    listener = Listener(service, database_for(service))
    if service == "sales":
        Shop(listener.database).post(*SALES)
    with listener.database.transaction() as session:  # what an example before this one followed
        session.execute(text("DELETE FROM source_state"))
    for source, (_, log) in listener.logs.items():
        assert listener.hear(source, {}, at_once=False) == len(log)
    expected, dice = listener.hash(), random.Random(seed)
    for _ in range(3):
        listener.restore(dice)
        assert listener.hash() == expected


def test_the_histories_hold_every_event_that_a_service_listens_to() -> None:
    for service, history in HISTORIES.items():
        consumer: Consumer = import_module(f"services.{service}.handlers").consumer
        assert {event.type_name() for event in history} == set(consumer.handlers.by_type), service
