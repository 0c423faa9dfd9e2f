"""A log that was put back to an older state: noticed, stopped, and continued in a new epoch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.clock import now
from shared.db import Database
from shared.errors import Conflict
from shared.messaging import cursor, epoch, log
from shared.messaging.apply import apply
from shared.messaging.batch import Batch
from shared.messaging.by_hand import apply_by_hand
from shared.messaging.reconciler import Reconciler
from shared.messaging.relay import LOCK
from shared.messaging.status import status
from tests.integration.messaging.plane import Plane, sale, wait_for


def _log(plane: Plane, count: int) -> list[UUID]:
    """So many sales more in the log; their ids."""
    ids = plane.announce(*(sale(n) for n in range(1, count + 1)))
    plane.log_all()
    return ids


def _begin(plane: Plane, as_of: datetime | None = None) -> epoch.Branch:
    with plane.producer.transaction() as session:
        return epoch.begin(session, as_of=as_of)


def _source(plane: Plane) -> dict[str, Any]:
    """How the consumer stands with sales."""
    with plane.consumer_database.transaction() as session:
        found = status(session, plane.consumer)
    return dict(next(one for one in found["sources"] if one["source"] == "sales"))


def _restored_to_3_of_5(plane: Plane, reconciler: Reconciler) -> tuple[list[UUID], datetime]:
    """Received 5; restored to 3, the moment of the backup."""
    before = _log(plane, 3)
    backup = now()
    before += _log(plane, 2)
    reconciler.reconcile("sales")
    plane.restore(3)
    return before, backup


def test_a_restored_producer_stops_the_consumer_until_its_log_begins_a_new_epoch(
    plane: Plane, reconciler: Reconciler
) -> None:
    before, backup = _restored_to_3_of_5(plane, reconciler)
    after = _log(plane, 4)  # it ran on: 4 and 5 are others now
    reconciler.reconcile("sales")
    stopped = _source(plane)
    assert (stopped["halted"], stopped["position"]) == (True, 5)
    assert stopped["halted_because"] == "At sequence 5 there is another event, or none."
    with pytest.raises(cursor.Halted):
        apply(plane.consumer_database, plane.consumer, plane.batch(after=5))
    assert plane.effects() == before

    branch = _begin(plane, backup)
    assert (branch.at, branch.head) == (3, 7)
    reconciler.reconcile("sales")
    assert plane.effects() == before + after  # each once: none of those that it shares came again
    going = _source(plane)
    assert (going["halted"], going["halted_because"], going["lag_events"]) == (False, None, 0)


def test_events_that_are_not_for_the_consumer_prove_the_log_too(plane: Plane) -> None:
    _log(plane, 5)
    with plane.producer.transaction() as session:
        page = log.read(session, log.stream(session), "training", after=0, limit=10)
        assert page.events == ()
        fifth = session.scalar(text("SELECT event_id FROM event_log WHERE seq = 5"))
    assert page.last_id == fifth
    plane.restore(3)
    _log(plane, 4)
    with plane.producer.transaction() as session, pytest.raises(log.Forked):
        log.check_descent(session, log.stream(session), epoch=page.epoch, seen=page.hi - 1, seen_id=page.last_id)


def test_a_fork_is_noticed_though_the_queue_was_quicker(plane: Plane, reconciler: Reconciler) -> None:
    before, backup = _restored_to_3_of_5(plane, reconciler)
    after = _log(plane, 4)
    # What the restored relay sends looks like 4 to 7; the consumer has had another 4 and 5.
    apply(plane.consumer_database, plane.consumer, plane.batch(after=3), first=False)
    assert plane.effects() == before + after[2:]
    reconciler.reconcile("sales")
    assert _source(plane)["halted"]
    _begin(plane, backup)
    reconciler.reconcile("sales")
    assert set(plane.effects()) == {*before, *after}


def test_the_right_log_put_back_is_listened_to_again(plane: Plane, reconciler: Reconciler) -> None:
    _log(plane, 5)
    reconciler.reconcile("sales")
    with plane.producer.transaction() as session:
        session.execute(text("UPDATE stream SET last_seq = 3"))
    reconciler.reconcile("sales")
    assert _source(plane)["halted"]
    with plane.producer.transaction() as session:
        session.execute(text("UPDATE stream SET last_seq = 5"))
    reconciler.reconcile("sales")
    assert not _source(plane)["halted"]
    _log(plane, 1)
    reconciler.reconcile("sales")
    assert len(plane.effects()) == 6


def test_a_log_that_has_nothing_to_do_with_the_one_followed_stops_the_consumer(
    plane: Plane, reconciler: Reconciler
) -> None:
    _log(plane, 2)
    reconciler.reconcile("sales")
    with plane.producer.transaction() as session:  # a database begun anew, without a backup
        session.execute(text("UPDATE stream SET epoch = gen_random_uuid()"))
    reconciler.reconcile("sales")
    assert "nor one before it" in _source(plane)["halted_because"]


@pytest.mark.parametrize(("second", "expected"), [(2, 2), (6, 3)])
def test_a_consumer_that_was_away_for_two_restores_goes_on_from_what_is_shared(
    plane: Plane, reconciler: Reconciler, second: int, expected: int
) -> None:
    before, _ = _restored_to_3_of_5(plane, reconciler)
    _begin(plane)
    _log(plane, 4)
    plane.restore(second)
    _begin(plane)
    last = _log(plane, 1)
    with plane.producer.transaction() as session:
        assert min(log.stream(session).ancestors.values()) == expected
    reconciler.reconcile("sales")
    received = plane.effects()
    assert received[:5] == before
    assert received[-1:] == last
    assert len(received) == 5 + (second + 1 - expected)  # once each, from where the first epoch and the third part


def test_the_same_backup_restored_twice_leads_back_to_what_was_received_of_it(
    plane: Plane, reconciler: Reconciler
) -> None:
    before, _ = _restored_to_3_of_5(plane, reconciler)
    with plane.producer.transaction() as session:
        first = log.stream(session).epoch
    _begin(plane)
    lost = _log(plane, 4)
    reconciler.reconcile("sales")
    stale = plane.batch()
    plane.restore(3)
    with plane.producer.transaction() as session:  # the backup knows nothing of the epoch that it began
        session.execute(text("DELETE FROM ancestor"))
        session.execute(text("UPDATE stream SET epoch = :epoch"), {"epoch": first})
    _begin(plane)
    last = _log(plane, 1)
    reconciler.reconcile("sales")
    assert plane.effects() == before + lost + last
    assert not _source(plane)["halted"]
    _refused(plane, stale)  # what was left is never followed again
    reconciler.reconcile("sales")
    assert not _source(plane)["halted"]


def _refused(plane: Plane, batch: Batch) -> None:
    known = plane.effects()
    for first in (True, False):
        with pytest.raises(cursor.UnknownEpoch):
            apply(plane.consumer_database, plane.consumer, batch, first=first)
    with pytest.raises(Conflict, match="does not follow"):
        apply_by_hand(plane.consumer_database, plane.consumer, batch, applied_by="x")
    assert plane.effects() == known


def test_what_still_lies_on_the_queue_from_the_old_epoch_leads_nowhere(plane: Plane, reconciler: Reconciler) -> None:
    _, backup = _restored_to_3_of_5(plane, reconciler)
    _log(plane, 4)
    late = plane.batch(), plane.batch(after=5)
    _begin(plane, backup)
    reconciler.reconcile("sales")
    for batch in late:
        _refused(plane, batch)


def test_a_branch_above_what_is_really_shared_is_noticed_and_a_lower_one_mends_it(
    plane: Plane, reconciler: Reconciler
) -> None:
    before, backup = _restored_to_3_of_5(plane, reconciler)
    after = _log(plane, 4)
    _begin(plane)  # somebody forgot that it had run: 4 and 5 are not shared
    reconciler.reconcile("sales")
    assert _source(plane)["halted"]
    _begin(plane, backup)
    reconciler.reconcile("sales")
    assert plane.effects() == before + after


def test_the_queue_too_brings_the_new_epoch_and_ends_the_halt(plane: Plane, reconciler: Reconciler) -> None:
    before, backup = _restored_to_3_of_5(plane, reconciler)
    reconciler.reconcile("sales")
    assert _source(plane)["halted"]
    _begin(plane, backup)
    after = _log(plane, 2)
    apply(plane.consumer_database, plane.consumer, plane.batch(after=3), first=False)
    assert plane.effects() == before + after
    assert not _source(plane)["halted"]


def test_what_waited_in_the_lost_part_is_forgotten_and_the_rest_waits_on(plane: Plane, reconciler: Reconciler) -> None:
    cause = sale(9)
    plane.misbehaviour.update({2: wait_for(cause.sale_id), 5: wait_for(cause.sale_id)})
    plane.announce(*(sale(n) for n in range(1, 6)))
    plane.log_all()
    reconciler.reconcile("sales")
    assert [row["seq"] for row in plane.rows("parked")] == [2, 5]
    plane.restore(3)
    _begin(plane)
    plane.announce(cause)
    plane.log_all()
    reconciler.reconcile("sales")
    assert [row["seq"] for row in plane.rows("parked")] == [2]
    reconciler.retry_parked()
    assert plane.rows("parked") == []
    assert len(plane.effects()) == 5  # 1, 3, 4 of the lost part, the cause, and 2 after it


# -- a type subscribed to later ------------------------------------------------------------------------------


def test_a_type_that_an_older_release_did_not_listen_to_comes_with_its_whole_history(
    plane: Plane, reconciler: Reconciler
) -> None:
    sent = _log(plane, 2300)
    whole = plane.batch()
    with plane.consumer_database.transaction() as session:
        types = [name for name in whole.types if "SaleRecorded" not in name]
        values = {"epoch": whole.epoch, "types": types}
        session.execute(text("INSERT INTO source_state (source, epoch) VALUES ('sales', :epoch)"), values)
        row = "INSERT INTO cursor (source, epoch, types, got) VALUES ('sales', :epoch, :types, '{[1,2301)}')"
        session.execute(text(row), values)
    reconciler.reconcile("sales")
    assert plane.effects() == sent


# -- beginning an epoch --------------------------------------------------------------------------------------


def test_an_epoch_begins_as_the_application_and_twice_does_no_harm(database_for: Callable[..., Database]) -> None:
    database = database_for("sales")
    with database.transaction() as session:
        session.execute(text("INSERT INTO delivery VALUES ('inventory', 0), ('training', 0)"))
        first, second = epoch.begin(session), epoch.begin(session)
        assert (first.now, first.at, first.head) == (second.before, 0, 0)
        assert log.stream(session).ancestors == {first.before: 0, second.before: 0}


def test_the_branch_lies_at_the_moment_of_the_backup_and_is_announced_again_from_there(plane: Plane) -> None:
    start = now() - timedelta(seconds=1)
    _log(plane, 3)
    middle = now()
    _log(plane, 3)
    with plane.producer.transaction() as session:
        session.execute(text("INSERT INTO delivery VALUES ('inventory', 6), ('training', 2)"))
    assert [_begin(plane, moment).at for moment in (now(), middle, middle, start)] == [6, 3, 3, 0]
    with plane.producer.transaction() as session:
        assert set(log.stream(session).ancestors.values()) == {0}
        assert set(session.scalars(text("SELECT published_seq FROM delivery"))) == {0}


def test_an_epoch_does_not_begin_where_it_cannot(plane: Plane) -> None:
    with pytest.raises(epoch.NotThere, match="still to come"):
        _begin(plane, now() + timedelta(minutes=1))
    with plane.producer.engine.connect() as relay:
        relay.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
        with pytest.raises(epoch.NotThere, match="its courier runs"):
            _begin(plane)
        assert _begin(plane, now()).at == 0
