"""Each event takes effect exactly once, whatever is repeated, cut differently, or at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared.messaging import cursor
from shared.messaging.apply import apply
from shared.messaging.batch import Batch
from shared.messaging.reconciler import received_all
from tests.integration.messaging.plane import Plane, sale
from tests.waiting import until


def _part(whole: Batch, lo: int, hi: int) -> Batch:
    return replace(whole, lo=lo, hi=hi, events=tuple(e for e in whole.events if lo <= e["sequence"] < hi))


def test_a_batch_that_comes_twice_takes_effect_once(plane: Plane) -> None:
    sent = plane.announce(*(sale(n) for n in range(1, 6)))
    plane.log_all()
    first, second = (apply(plane.consumer_database, plane.consumer, plane.batch()) for _ in range(2))
    assert (first.new, first.handled, second.new) == (True, 5, False)
    assert plane.effects() == sent


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.tuples(st.integers(1, 21), st.integers(1, 21)), min_size=1, max_size=12))
def test_ranges_that_overlap_in_any_way_take_effect_once(plane: Plane, cuts: list[tuple[int, int]]) -> None:
    with plane.consumer_database.transaction() as session:
        session.execute(text("DELETE FROM effect"))
        session.execute(text("DELETE FROM cursor"))
    if plane.log_all() == 0:
        plane.announce(*(sale(n) for n in range(1, 21)))
        plane.log_all()
    whole = plane.batch()
    for lo, hi in ((min(cut), max(cut)) for cut in cuts):
        apply(plane.consumer_database, plane.consumer, _part(whole, lo, hi))
    covered = {n for lo, hi in cuts for n in range(min(lo, hi), max(lo, hi))}
    assert sorted(plane.effects(), key=str) == sorted(
        (id for id in (_sale_of(e) for e in whole.events if e["sequence"] in covered)), key=str
    )


def _sale_of(event: object) -> object:
    from uuid import UUID

    assert isinstance(event, dict)
    return UUID(event["data"]["sale_id"])


def test_eight_workers_with_the_same_batches_at_once_take_effect_once(plane: Plane) -> None:
    sent = plane.announce(*(sale(n) for n in range(1, 201)))
    plane.log_all()
    whole = plane.batch()
    parts = [_part(whole, lo, lo + 40) for lo in range(1, 201, 20)] * 4
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda part: apply(plane.consumer_database, plane.consumer, part), parts))
    assert sorted(plane.effects()) == sorted(sent)
    assert received_all(plane.consumer_database, whole)


def test_a_type_subscribed_to_later_gets_its_whole_history(plane: Plane) -> None:
    plane.announce(*(sale(n) for n in range(1, 4)))
    plane.log_all()
    whole = plane.batch()
    kept = tuple(name for name in whole.types if "SaleRecorded" not in name)
    with plane.consumer_database.transaction() as session:
        # As an older version of the consumer left it: everything received, without the new type.
        session.execute(
            text("INSERT INTO cursor (source, epoch, types, got) VALUES ('sales', :epoch, :types, '{[1,4)}')"),
            {"epoch": whole.epoch, "types": list(kept)},
        )
    apply(plane.consumer_database, plane.consumer, replace(whole, types=kept, events=()))
    assert plane.effects() == []
    with plane.consumer_database.transaction() as session:
        assert cursor.lowest_hole(session, "sales", whole.epoch, head=3) == 1
    apply(plane.consumer_database, plane.consumer, whole)
    assert len(plane.effects()) == 3


_WAITS = text("""
    SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
                    WHERE locktype = 'advisory' AND NOT granted AND d.datname = current_database())
""")


def test_two_that_begin_the_same_row_of_cursor_wait_for_each_other(plane: Plane) -> None:
    plane.announce(sale())
    plane.log_all()
    whole = plane.batch()
    with plane.consumer_database.transaction() as session:  # it was followed before, or the first waits for this row
        followed = text("INSERT INTO source_state (source, epoch) VALUES ('sales', :epoch)")
        session.execute(followed, {"epoch": whole.epoch})
    with ThreadPoolExecutor(1) as pool:
        with plane.consumer_database.transaction() as session:
            cursor.prepare(session, plane.consumer, "sales", whole.epoch, first=False)
            other = pool.submit(apply, plane.consumer_database, plane.consumer, whole)
            until("it waits, or does not", lambda: other.done() or bool(session.scalar(_WAITS)))
        other.result()
    assert len(plane.rows("cursor")) == 1, "the table has no key"
    assert len(plane.effects()) == 1


def test_a_batch_filtered_by_other_types_does_not_count_as_received(plane: Plane) -> None:
    plane.announce(sale())
    plane.log_all()
    whole = plane.batch()
    outcome = apply(plane.consumer_database, plane.consumer, replace(whole, types=whole.types[:1], events=()))
    assert not outcome.new
    assert not received_all(plane.consumer_database, whole)


def test_another_log_is_not_followed_unless_it_descends_from_the_known_one(plane: Plane) -> None:
    plane.announce(*(sale(n) for n in range(1, 4)))
    plane.log_all()
    whole = plane.batch()
    apply(plane.consumer_database, plane.consumer, whole)
    stranger = replace(whole, epoch=uuid4())
    with pytest.raises(cursor.UnknownEpoch):
        apply(plane.consumer_database, plane.consumer, stranger)
    # Restored to an older state: 3 is another event now.
    heir = replace(whole, epoch=uuid4(), ancestors={whole.epoch: 2})
    assert apply(plane.consumer_database, plane.consumer, heir).handled == 1
    assert len(plane.effects()) == 4


def test_a_message_from_the_queue_never_decides_which_log_is_followed(plane: Plane) -> None:
    plane.announce(sale())
    plane.log_all()
    with pytest.raises(cursor.UnknownEpoch):
        apply(plane.consumer_database, plane.consumer, plane.batch(), first=False)
    assert plane.effects() == []
