"""A bad event harms nothing but itself."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from shared.db import BY_INDEX, Database, Session
from shared.events.sales import SaleRecorded
from shared.messaging.apply import apply
from shared.messaging.careful import apply_carefully
from shared.messaging.reconciler import Reconciler, received_all
from shared.messaging.relay import SESSION_OPTIONS
from tests.integration.messaging.plane import Plane, poison, sale, wait_for


def test_the_batch_around_a_poison_event_passes(plane: Plane) -> None:
    sent = plane.announce(*(sale(n) for n in range(1, 8)))
    plane.log_all()
    plane.misbehaviour[4] = poison
    outcome = apply(plane.consumer_database, plane.consumer, plane.batch())
    assert (outcome.handled, outcome.dead) == (6, 1)
    assert plane.effects() == [*sent[:3], *sent[4:]]
    (dead,) = plane.rows("dead_letter")
    assert dead["seq"] == 4
    assert "cannot take number 4" in dead["error"]
    assert len(dead["fingerprint"]) == 16
    assert dead["event"]["data"]["register_no"] == 4
    assert received_all(plane.consumer_database, plane.batch())


def test_equal_failures_share_a_fingerprint(plane: Plane) -> None:
    plane.announce(*(sale(n) for n in range(1, 4)))
    plane.log_all()
    plane.misbehaviour.update({2: poison, 3: poison})
    apply(plane.consumer_database, plane.consumer, plane.batch())
    assert len({row["fingerprint"] for row in plane.rows("dead_letter")}) == 1


def test_a_payload_that_does_not_fit_its_contract_becomes_a_dead_letter(plane: Plane) -> None:
    plane.announce(sale(), sale())
    plane.log_all()
    whole = plane.batch()
    broken = dict(whole.events[0], data=dict(whole.events[0]["data"], register_no="seven"))
    batch = type(whole)(whole.source, whole.epoch, whole.lo, whole.hi, whole.types, (broken, whole.events[1]))
    assert apply(plane.consumer_database, plane.consumer, batch).dead == 1
    assert "register_no" in plane.rows("dead_letter")[0]["error"]
    assert len(plane.effects()) == 1


def test_an_event_without_its_cause_waits_and_is_applied_when_the_cause_comes(plane: Plane) -> None:
    cause, effect = sale(1), sale(2)
    plane.misbehaviour[2] = wait_for(cause.sale_id)
    plane.announce(effect)
    plane.log_all()
    assert apply(plane.consumer_database, plane.consumer, plane.batch()).parked == 1
    reconciler = Reconciler(plane.consumer, plane.consumer_database)
    reconciler.retry_parked()
    (waiting,) = plane.rows("parked")
    assert waiting["waiting_for"] == f"sale {cause.sale_id}"
    assert waiting["tries"] == 1, "that it was tried in vain is noted once a minute"
    assert plane.effects() == []
    plane.announce(cause)
    plane.log_all()
    apply(plane.consumer_database, plane.consumer, plane.batch(after=1))
    reconciler.retry_parked()
    assert plane.effects() == [cause.sale_id, effect.sale_id]
    assert plane.rows("parked") == []


def test_an_outage_makes_no_dead_letters(plane: Plane) -> None:
    plane.announce(sale(1))
    plane.log_all()

    def lose_the_connection(session: Session, _one: SaleRecorded) -> None:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    plane.misbehaviour[1] = lose_the_connection
    for receive in (apply, apply_carefully):
        with pytest.raises(OperationalError):
            receive(plane.consumer_database, plane.consumer, plane.batch())
    assert plane.rows("dead_letter") == []
    assert plane.rows("attempt") == []
    plane.misbehaviour.clear()
    assert apply(plane.consumer_database, plane.consumer, plane.batch()).handled == 1
    assert len(plane.effects()) == 1


def test_a_handler_that_hangs_is_cut_off_and_its_event_becomes_a_dead_letter(plane: Plane) -> None:
    plane.announce(sale(1), sale(2))
    plane.log_all()

    def hang(session: Session, _one: SaleRecorded) -> None:
        session.execute(text("SET LOCAL statement_timeout = '200ms'"))
        session.execute(text("SELECT pg_sleep(30)"))

    plane.misbehaviour[1] = hang
    outcome = apply(plane.consumer_database, plane.consumer, plane.batch())
    assert (outcome.handled, outcome.dead) == (1, 1)


def test_a_batch_that_is_too_slow_for_one_statement_makes_no_dead_letters(plane: Plane) -> None:
    sent = plane.announce(*(sale(n) for n in range(1, 501)))
    plane.log_all()
    calls: list[int] = []

    def slow_as_a_batch(session: Session, one: SaleRecorded) -> None:
        calls.append(one.register_no)
        if len(calls) == 1:  # all of them at once; each alone is quick
            session.execute(text("SET LOCAL statement_timeout = '200ms'"))
            session.execute(text("SELECT pg_sleep(30)"))

    plane.misbehaviour[500] = slow_as_a_batch
    outcome = apply(plane.consumer_database, plane.consumer, plane.batch())
    assert (outcome.handled, outcome.dead, len(calls)) == (500, 0, 2)
    assert plane.effects() == sent


@pytest.mark.parametrize("options", ["", BY_INDEX, SESSION_OPTIONS])
def test_no_session_waits_for_ever(plane: Plane, options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPAK_STATEMENT_SECONDS", "30")
    database = Database(plane.consumer_database.url, options=options)
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with database.transaction() as session:
        found = [session.scalar(text(f"SHOW {name}")) for name in names]
    database.dispose()
    # The relay has its own; a lock that is not to be had is an outage, so it must be given up first.
    assert found == (["10s", "20s", "5s"] if options == SESSION_OPTIONS else ["30s", "20s", "90s"])


def test_an_event_that_the_schema_cannot_take_yet_waits_for_it(plane: Plane) -> None:
    """As a worker with newer code on an older schema: it is not the event's fault."""

    def needs_a_column(session: Session, _one: SaleRecorded) -> None:
        session.execute(text("UPDATE effect SET noted = true"))

    plane.announce(sale(1))
    plane.log_all()
    plane.misbehaviour[1] = needs_a_column
    for receive in (apply, apply_carefully):
        with pytest.raises(ProgrammingError, match="noted"):
            receive(plane.consumer_database, plane.consumer, plane.batch())
    assert plane.rows("dead_letter") == plane.rows("attempt") == []
    with plane.consumer_database.transaction() as session:
        session.execute(text("ALTER TABLE effect ADD COLUMN noted boolean"))
    assert apply(plane.consumer_database, plane.consumer, plane.batch()).handled == 1
