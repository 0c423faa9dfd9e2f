"""Inward: what the queue lost is found by comparing heads and pulled from the feed."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from shared import jsontext
from shared.auth import issue
from shared.db import Session
from shared.events.sales import SaleRecorded
from shared.messaging import cursor
from shared.messaging import reconciler as reconciling
from shared.messaging.apply import apply
from shared.messaging.reconciler import Reconciler, received_all
from shared.messaging.relay import Relay
from tests.integration.messaging.plane import Plane, sale, wait_for
from tests.waiting import until


def _token(role: str, **scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue(role=role, lifetime=timedelta(minutes=5), **scope)}"}


def test_an_empty_consumer_catches_up_from_the_feed(plane: Plane, reconciler: Reconciler) -> None:
    sent = plane.announce(*(sale(n) for n in range(1, 2501)))
    plane.log_all()
    reconciler.reconcile("sales")
    assert plane.effects() == sent
    (state,) = plane.rows("source_state")
    assert (state["head"], state["behind_since"]) == (2500, None)


def test_a_new_consumer_of_a_long_log_takes_it_from_the_feed_while_the_queue_brings_only_news(
    plane: Plane, reconciler: Reconciler
) -> None:
    sent = plane.announce(*(sale(n) for n in range(1, 2501)))
    plane.log_all()
    relay = Relay("sales", plane.producer)
    relay.turn()  # meets its consumers, and begins with what comes from now on
    sent += plane.announce(sale(2501))
    relay.turn()
    relay.turn()
    assert relay.redis.llen("inventory") == 1
    news = plane.batch(after=2500)
    with pytest.raises(cursor.UnknownEpoch):  # a worker that was quicker than the first look at the feed
        apply(plane.consumer_database, plane.consumer, news, first=False)
    reconciler.reconcile("sales")
    assert plane.effects() == sent
    assert not apply(plane.consumer_database, plane.consumer, news, first=False).new


def test_the_last_event_lost_before_a_silence_is_found(plane: Plane, reconciler: Reconciler) -> None:
    plane.announce(*(sale(n) for n in range(1, 4)))
    plane.log_all()
    reconciler.reconcile("sales")
    last = plane.announce(sale(4))
    plane.log_all()  # and the message never reached the queue
    reconciler.reconcile("sales")
    assert plane.effects()[-1:] == last
    assert plane.rows("source_state")[0]["repairs"] == 2


def _lacks_a_table(session: Session, _one: SaleRecorded) -> None:
    """What a handler meets that is newer than its schema: nobody's data is at fault, so it is tried again and again."""
    session.execute(text("SELECT FROM not_there_yet"))


def test_a_source_whose_events_cannot_be_applied_keeps_nothing_else_waiting(
    plane: Plane, reconciler: Reconciler
) -> None:
    """Sales come first by name. What is parked is tried after all sources, and so would never be tried again."""
    cause = uuid4()
    plane.misbehaviour |= {1: wait_for(cause), 2: _lacks_a_table}
    (waiting,) = plane.announce(sale(1))
    plane.log_all()
    reconciler.reconcile("sales")
    assert len(plane.rows("parked")) == 1
    plane.announce(sale(2))
    plane.log_all()
    with plane.consumer_database.transaction() as session:
        session.execute(text("INSERT INTO effect (sale_id) VALUES (:id)"), {"id": cause})
    stop = threading.Event()
    leader = threading.Thread(target=reconciler.run, args=(stop,))
    leader.start()
    try:
        until("what was parked takes effect", lambda: plane.effects()[-1:] == [waiting])
    finally:
        stop.set()
        leader.join()
    assert plane.rows("parked") == plane.rows("dead_letter") == []


def test_a_hole_that_is_being_filled_by_the_queue_is_left_alone(
    plane: Plane, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "PATIENCE", 60.0)
    plane.announce(sale())
    plane.log_all()
    reconciler.reconcile("sales")
    assert plane.effects() == []
    assert plane.rows("source_state")[0]["behind_since"] is not None


def test_who_still_pulls_a_history_is_behind_since_it_began(
    plane: Plane, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "PAGE", 2)
    plane.announce(*(sale(n) for n in range(1, 6)))
    plane.log_all()
    hole = reconciler._look("sales")
    assert hole is not None
    hole.began -= 60
    assert reconciler._pull("sales", hole)
    reconciler._look("sales")
    (state,) = plane.rows("source_state")
    assert (state["seen_at"] - state["behind_since"]).total_seconds() >= 60
    reconciler.reconcile("sales")
    assert plane.rows("source_state")[0]["behind_since"] is None


def test_a_producer_restored_from_an_older_backup_is_noticed_and_stops_the_consumer(
    plane: Plane, reconciler: Reconciler
) -> None:
    plane.announce(*(sale(n) for n in range(1, 6)))
    plane.log_all()
    reconciler.reconcile("sales")
    plane.restore(3)  # the same log, two events shorter
    reconciler.reconcile("sales")
    plane.announce(*(sale(n) for n in range(6, 10)))
    plane.log_all()
    reconciler.reconcile("sales")
    assert [row["halted"] is not None for row in plane.rows("source_state")] == [True]
    assert len(plane.effects()) == 5


# -- the feed ------------------------------------------------------------------------------------------------


def _feed(plane: Plane, query: str = "", **scope: str) -> tuple[int, Any]:
    client: FlaskClient = plane.app("sales").test_client()
    answer = client.get(f"/sales/events{query}", headers=_token("service", **(scope or {"service": "inventory"})))
    return answer.status_code, jsontext.loads(answer.data)


def test_the_feed_covers_a_range_and_carries_what_the_caller_subscribes_to(plane: Plane) -> None:
    plane.announce(*(sale(n) for n in range(1, 6)))
    plane.log_all()
    status, page = _feed(plane, "?after=1&limit=2")
    assert status == 200
    assert (page["source"], page["lo"], page["hi"], page["head"], page["min_seq"]) == ("/sales", 2, 4, 5, 1)
    assert [event["sequence"] for event in page["events"]] == [2, 3]
    status, page = _feed(plane, service="training")
    assert (page["lo"], page["hi"], page["events"]) == (1, 6, [])
    assert page["types"] == ["lapak.sales.SaleReturned.v1", "lapak.sales.TokenRevoked.v1"]


def test_a_page_beyond_the_head_is_empty(plane: Plane) -> None:
    plane.announce(sale())
    plane.log_all()
    status, page = _feed(plane, "?after=99")
    assert (status, page["lo"], page["hi"], page["events"]) == (200, 2, 2, [])


@pytest.mark.parametrize("query", ["?after=-1", "?after=x", "?limit=0", "?limit=1001", "?limit=5&nonsense=1"])
def test_the_feed_refuses_nonsense(plane: Plane, query: str) -> None:
    status, body = _feed(plane, query)
    assert (status, body["code"]) == (422, "invalid")
    assert body["errors"]


def test_a_consumer_that_has_seen_more_than_the_log_holds_is_told(plane: Plane) -> None:
    plane.announce(sale())
    plane.log_all()
    status, body = _feed(plane, f"?after=1&seen=1&seen_id={uuid4()}")
    assert (status, body["code"]) == (409, "forked")


# -- by hand -------------------------------------------------------------------------------------------------


def _hand_in(plane: Plane, batch: object, role: str = "operator") -> tuple[int, Any]:
    client = plane.app("inventory").test_client()
    headers = _token(role) | {"Content-Type": "application/json"}
    answer = client.post("/inventory/events", data=jsontext.dumps(batch), headers=headers)
    return answer.status_code, jsontext.loads(answer.data)


def test_a_batch_handed_in_takes_effect_once_and_is_audited(plane: Plane, reconciler: Reconciler) -> None:
    sent = plane.announce(*(sale(n) for n in range(1, 4)))
    plane.log_all()
    reconciler._look("sales")  # the head is known; nothing was pulled yet
    _, page = _feed(plane)
    page["events"] = [page["events"][0], page["events"][2]]  # the file lost the second
    assert _hand_in(plane, page) == (200, {"new": True, "handled": 2, "parked": 0, "dead": 0})
    assert _hand_in(plane, page) == (200, {"new": False, "handled": 0, "parked": 0, "dead": 0})
    assert plane.effects() == [sent[0], sent[2]]
    assert [row["sequences"] for row in plane.rows("manual_batch")] == [[1, 3], []]
    assert not received_all(plane.consumer_database, plane.batch())  # the second is still missing, and is pulled:
    reconciler.reconcile("sales")
    assert sorted(plane.effects()) == sorted(sent)


def test_only_an_operator_hands_in_batches_and_only_sound_ones(plane: Plane) -> None:
    plane.announce(sale())
    plane.log_all()
    _, page = _feed(plane)
    assert _hand_in(plane, page, role="auditor")[0] == 403
    broken: Any
    for broken in (
        {**page, "hi": 0},
        {**page, "source": "/nowhere"},
        {**page, "events": page["events"] * 2},
        {**page, "types": []},
        {**page, "lo": "1"},
        [],
    ):
        status, body = _hand_in(plane, broken)
        assert (status, body["code"]) == (422, "invalid"), body
    assert plane.effects() == []


def test_a_batch_of_another_log_is_refused(plane: Plane, reconciler: Reconciler) -> None:
    plane.announce(sale())
    plane.log_all()
    reconciler.reconcile("sales")
    _, page = _feed(plane)
    status, body = _hand_in(plane, {**page, "epoch": str(uuid4())})
    assert (status, body["code"]) == (409, "unknown-epoch")
