"""What kills its process is found out, one event at a time; the processes die in real life in tests/chaos."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from shared.db import Session
from shared.events.sales import SaleRecorded
from shared.messaging.apply import apply
from shared.messaging.careful import MAX_ATTEMPTS, apply_carefully, apply_from_feed
from shared.messaging.reconciler import received_all
from shared.messaging.retrying import retry_parked
from tests.integration.messaging.plane import Killed, Plane, die, poison, sale, wait_for


def test_an_event_that_kills_its_process_three_times_becomes_a_dead_letter(plane: Plane) -> None:
    sent = plane.announce(*(sale(n) for n in range(1, 4)))
    plane.log_all()
    plane.misbehaviour[2] = die
    for death in range(1, MAX_ATTEMPTS + 1):
        with pytest.raises(Killed):
            apply_carefully(plane.consumer_database, plane.consumer, plane.batch())
        assert [row["count"] for row in plane.rows("attempt")] == [death]
        _let_time_pass(plane)
    assert apply_carefully(plane.consumer_database, plane.consumer, plane.batch()).dead == 1
    assert plane.effects() == [sent[0], sent[2]]
    assert [row["attempts"] for row in plane.rows("dead_letter")] == [MAX_ATTEMPTS]
    assert plane.rows("attempt") == []
    assert received_all(plane.consumer_database, plane.batch())


def test_the_next_attempt_waits_while_the_events_around_pass(plane: Plane) -> None:
    sent = plane.announce(*(sale(n) for n in range(1, 4)))
    plane.log_all()
    plane.misbehaviour[2] = die
    with pytest.raises(Killed):
        apply_carefully(plane.consumer_database, plane.consumer, plane.batch())
    apply_carefully(plane.consumer_database, plane.consumer, plane.batch())  # at once: too early for number 2
    assert plane.effects() == [sent[0], sent[2]]
    assert not received_all(plane.consumer_database, plane.batch())


def test_whoever_follows_a_process_that_died_goes_carefully_and_leaves_the_suspect_for_last(plane: Plane) -> None:
    sent = plane.announce(*(sale(n) for n in range(1, 6)))
    plane.log_all()
    plane.misbehaviour[2] = die

    def pull() -> None:
        with pytest.raises(Killed):
            apply_from_feed(plane.consumer_database, plane.consumer, plane.batch(), again=False)

    pull()
    assert plane.effects() == []  # the whole batch went with it
    pull()
    assert plane.effects() == sent[:1]
    _let_time_pass(plane)
    pull()
    assert plane.effects() == [sent[0], *sent[2:]]  # before the next death
    _let_time_pass(plane)
    pull()
    _let_time_pass(plane)
    assert apply_from_feed(plane.consumer_database, plane.consumer, plane.batch(), again=False).dead == 1
    (letter,) = plane.rows("dead_letter")
    assert (letter["seq"], letter["attempts"]) == (2, MAX_ATTEMPTS)
    assert letter["error"].startswith("ProcessDied (lapak.sales.SaleRecorded.v1)\n")
    assert plane.rows("attempt") == []
    assert plane.effects() == [sent[0], *sent[2:]]


def test_a_suspect_is_never_pulled_together_with_others(plane: Plane) -> None:
    plane.announce(*(sale(n) for n in range(1, 4)))
    plane.log_all()
    plane.misbehaviour[2] = die
    for receive in (apply_carefully, apply_from_feed):  # the second comes too early for the next attempt
        options = {"again": False} if receive is apply_from_feed else {}
        try:
            receive(plane.consumer_database, plane.consumer, plane.batch(), **options)
        except Killed:
            assert receive is apply_carefully
    assert len(plane.effects()) == 2
    assert [row["count"] for row in plane.rows("attempt")] == [1]


def test_a_run_that_failed_otherwise_is_not_taken_for_a_death(plane: Plane) -> None:
    plane.announce(sale(1), sale(2))
    plane.log_all()
    together: list[int] = []

    def lose_the_connection(session: Session, one: SaleRecorded) -> None:
        together.append(one.register_no)
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    plane.misbehaviour[2] = lose_the_connection
    with pytest.raises(Exception, match="terminat"):
        apply_from_feed(plane.consumer_database, plane.consumer, plane.batch(), again=False)
    assert plane.rows("attempt") == []
    assert plane.effects() == []


def test_a_parked_event_that_kills_its_process_is_found_out_while_the_others_pass(plane: Plane) -> None:
    cause, *sales = (sale(n) for n in range(1, 6))
    plane.misbehaviour.update({n: wait_for(cause.sale_id) for n in range(2, 6)})
    plane.announce(*sales)
    plane.log_all()
    assert apply(plane.consumer_database, plane.consumer, plane.batch()).parked == 4
    with plane.consumer_database.transaction() as session:
        session.execute(text("UPDATE parked SET tried_at = now() - interval '61 s'"))
    for _ in range(2):  # each second, and noted each minute
        retry_parked(plane.consumer_database, plane.consumer)
        assert [row["tries"] for row in plane.rows("parked")] == [2] * 4
    plane.announce(cause)
    plane.log_all()
    apply(plane.consumer_database, plane.consumer, plane.batch(after=4))
    plane.misbehaviour.update({3: die, 5: poison})
    for _ in range(MAX_ATTEMPTS + 1):
        with pytest.raises(Killed):
            retry_parked(plane.consumer_database, plane.consumer)
        _let_time_pass(plane)
    retry_parked(plane.consumer_database, plane.consumer)
    assert plane.rows("parked") == []
    assert plane.rows("attempt") == []
    letters = {row["event"]["data"]["register_no"]: row for row in plane.rows("dead_letter")}
    assert {number: row["attempts"] for number, row in letters.items()} == {3: MAX_ATTEMPTS, 5: 1}
    assert letters[3]["error"].startswith("ProcessDied (")
    assert sorted(plane.effects()) == sorted([cause.sale_id, sales[0].sale_id, sales[2].sale_id])


def test_parked_events_wait_for_the_next_attempt_at_a_suspect_without_it(plane: Plane) -> None:
    cause, *sales = (sale(n) for n in range(1, 4))
    plane.misbehaviour.update({n: wait_for(cause.sale_id) for n in (2, 3)})
    plane.announce(*sales)
    plane.log_all()
    apply(plane.consumer_database, plane.consumer, plane.batch())
    plane.announce(cause)
    plane.log_all()
    apply(plane.consumer_database, plane.consumer, plane.batch(after=2))
    plane.misbehaviour[2] = die
    for _ in range(2):  # of all, then of this one alone
        with pytest.raises(Killed):
            retry_parked(plane.consumer_database, plane.consumer)
    retry_parked(plane.consumer_database, plane.consumer)  # at once: too early for number 2
    assert plane.effects() == [cause.sale_id, sales[1].sale_id]
    assert [row["event"]["data"]["register_no"] for row in plane.rows("parked")] == [2]


def _let_time_pass(plane: Plane) -> None:
    with plane.consumer_database.transaction() as session:
        session.execute(text("UPDATE attempt SET started_at = started_at - interval '11 seconds'"))
