"""What the queue says is believed only as its source has signed it; what was refused comes by the feed."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.inventory.handlers import consumer
from shared import jsontext
from shared.db import Database
from shared.messaging import log, signing
from shared.messaging.apply import apply
from shared.messaging.celery import publisher, send
from shared.messaging.status import status
from tests.integration.messaging.a_queue import Queue, worker
from tests.integration.messaging.plane import Plane, sale
from tests.waiting import until

_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.decimals(-(10**9), 10**9, places=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _wire(data: Any = None) -> dict[str, Any]:
    event = {"id": str(uuid4()), "type": "t", "source": "/sales", "sequence": 5, "data": data or {"a": 1}}
    return {
        "source": "/sales",
        "epoch": str(uuid4()),
        "lo": 3,
        "hi": 9,
        "types": ["t"],
        "events": [event],
        "last_id": None,
        "ancestors": [{"epoch": str(uuid4()), "sequence": 2}],
        "to come": {"later": 1},
    }


def _travelled(wire: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = jsontext.loads(jsontext.quick_dumps(wire))
    return read


@given(st.dictionaries(st.text(), _DATA, max_size=4))
def test_what_was_signed_is_believed_however_it_reads(data: dict[str, Any]) -> None:
    batch = signing.check(_travelled(signing.sign("sales", _wire(data))))
    assert (batch.source, batch.lo, batch.hi, len(batch.events)) == ("sales", 3, 9, 1)


_CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another range": lambda wire: wire.update(lo=2),
    "a longer range": lambda wire: wire.update(hi=10),
    "another epoch": lambda wire: wire.update(epoch=str(uuid4())),
    "another type": lambda wire: wire.update(types=["u"]),
    "other data": lambda wire: wire["events"][0]["data"].update(a=2),
    "an event less": lambda wire: wire["events"].clear(),
    "other ancestors": lambda wire: wire["ancestors"].clear(),
    "another end": lambda wire: wire.update(last_id=str(uuid4())),
    "a field of later": lambda wire: wire["to come"].update(later=2),
    "a field more": lambda wire: wire.update(more=1),
    "a field less": lambda wire: wire.pop("to come"),
    "another source": lambda wire: wire.update(source="/training"),
    "no source": lambda wire: wire.pop("source"),
    "no signature": lambda wire: wire.pop("signature"),
    "an unknown key": lambda wire: wire["signature"].update(key="x"),
    "half a signature": lambda wire: wire["signature"].update(value="AAAA"),
    "no signature in it": lambda wire: wire.update(signature=7),
}


@pytest.mark.parametrize("what", _CHANGES)
def test_whatever_was_changed_is_refused(what: str) -> None:
    wire = _travelled(signing.sign("sales", _wire()))
    changed = deepcopy(wire)
    _CHANGES[what](changed)
    signing.check(wire)
    with pytest.raises(signing.Refused):
        signing.check(changed)


@pytest.mark.parametrize("nothing", [None, [], "x", 7, {}])
def test_what_is_no_batch_is_refused(nothing: Any) -> None:
    with pytest.raises(signing.Refused):
        signing.check(nothing)


def test_a_courier_speaks_for_its_own_service_alone() -> None:
    forged = signing.sign("inventory", _wire())
    with pytest.raises(signing.Refused, match="signed by inventory-courier, which does not speak for sales"):
        signing.check(forged)


def test_a_web_process_speaks_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as taken_over:
        taken_over.setattr("shared.holders.courier", lambda service: f"{service}-web")
        forged = signing.sign("sales", _wire())
    with pytest.raises(signing.Refused, match="sales-web"):
        signing.check(forged)


@pytest.fixture
def queue(database_for: Callable[..., Database], environment: Callable[..., Any], redis_url: str) -> Queue:
    """A queue that is empty."""
    environment("sales", "inventory")
    return Queue(database_for, redis_url)


def test_forged_batches_are_refused_and_counted_and_the_genuine_one_takes_effect(queue: Queue) -> None:
    queue.announce()
    with queue.sales.transaction() as session:
        genuine = log.read(session, log.stream(session), "inventory", after=0, limit=10).to_wire()
    queue.redis.delete("inventory")
    forged = deepcopy(genuine)
    forged["events"][0]["data"]["sale_id"] = str(uuid4())
    kept = signing.sign("sales", genuine)
    app = publisher()
    for wrong in (genuine, signing.sign("inventory", forged), {**kept, "events": forged["events"]}, {**kept, "hi": 99}):
        send(app, "inventory", wrong)
    with worker():
        until("all four to be refused", lambda: _refused(queue)["refused"] == 4, told=lambda: _refused(queue))
        assert queue.figures() == (0, 0, 0), "nothing of them took effect"
        found = _refused(queue)
        assert found["refused_because"] == "it is not what was signed"
        assert found["refused_seconds"] < 600
        send(app, "inventory", kept)
        queue.becomes((0, 0, 1))


def _refused(queue: Queue) -> dict[str, Any]:
    with queue.inventory.transaction() as session:
        return next(one for one in status(session, consumer)["sources"] if one["source"] == "sales")


def test_what_was_refused_is_still_to_come_by_the_feed(plane: Plane) -> None:
    """Refusing moves no cursor: the range stays a hole, and the feed fills it."""
    sent = plane.announce(sale(1))
    plane.log_all()
    with pytest.raises(signing.Refused):
        signing.check(plane.batch().to_wire())
    apply(plane.consumer_database, plane.consumer, plane.batch())
    assert plane.effects() == sent
    with plane.consumer_database.transaction() as session:
        assert session.execute(text("SELECT refused FROM source_state")).scalar() == 0
