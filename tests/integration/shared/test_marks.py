"""A mark says how far all was compared, and one from before a restore is gone on from where the logs part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.system.verify import marks
from services.system.verify.marks import Mark, Place
from services.system.verify.snapshots import View
from shared.config import SERVICES
from shared.db import Connection, Database
from shared.events.subscribers import consumers_of

EPOCH = text("SELECT epoch FROM stream")
_SEAL = text("""
    INSERT INTO seal (number, lo, hi, events, postings, chain)
    VALUES (7, 0, 10, '', '', decode(repeat('00', 32), 'hex'))
""")
_RECEIVED = text("""
    INSERT INTO cursor (source, epoch, types, got, last_seq, last_id)
    VALUES ('sales', :epoch, '{}', CAST(:got AS int8multirange), 10, gen_random_uuid())
""")
_KNOWN = text("INSERT INTO source_state (source, epoch, head) VALUES ('sales', :epoch, 10)")
_PARKED = text("""
    INSERT INTO parked (source, epoch, seq, event, waiting_for) VALUES ('sales', :epoch, :seq, '{}', 'its cause')
""")
_LEFT = text("INSERT INTO ancestor (epoch, shared, sealed) VALUES (:epoch, 6000, 300)")


@pytest.fixture
def at(database_for: Callable[..., Database]) -> Iterator[dict[str, Connection]]:
    """A connection to each service's database; nothing of it is committed."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(database_for(name).engine.connect()) for name in SERVICES}


def _all_received(at: dict[str, Connection], **lacking: str) -> UUID:
    epoch: UUID = at["sales"].scalar(EPOCH)
    at["sales"].execute(_SEAL)
    for consumer in consumers_of("sales"):
        at[consumer].execute(_KNOWN, {"epoch": epoch})
        at[consumer].execute(_RECEIVED, {"epoch": epoch, "got": lacking.get(consumer, "{[1,11)}")})
    return epoch


def test_it_reaches_as_far_as_everybody_has_received(at: dict[str, Connection]) -> None:
    _all_received(at)
    place = marks.make(View(at, at)).places["sales"]
    assert (place.number, place.sequence) == (7, 10)


def test_what_was_on_its_way_when_it_was_made_is_compared_the_next_time(at: dict[str, Connection]) -> None:
    _all_received(at, inventory="{[1,4),[6,11)}")
    assert marks.make(View(at, at)).places["sales"].sequence == 3


def test_what_was_parked_then_is_compared_the_next_time(at: dict[str, Connection]) -> None:
    epoch = _all_received(at)
    at["inventory"].execute(_PARKED, {"epoch": epoch, "seq": 5})
    assert marks.make(View(at, at)).places["sales"].sequence == 4


def test_after_a_restore_to_before_it_one_goes_on_from_where_the_logs_part(at: dict[str, Connection]) -> None:
    view, left = View(at, at), uuid4()
    at["sales"].execute(_LEFT, {"epoch": left})
    for epoch, start in (
        (at["sales"].scalar(EPOCH), (500, 10_000)), (left, (300, 6000)), (uuid4(), (0, 0))
    ):  # fmt: skip
        mark = Mark("", {"sales": Place(epoch, 500, 10_000, "")})
        assert marks.starts(view, mark) == {"sales": start}
    assert marks.starts(view, None) == {}
