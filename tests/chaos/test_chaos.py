"""One seed of faults under load. Longer: `lapak chaos --seed N --minutes M`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from shared.local.home import Home
from tests.chaos.accounting import account, settle
from tests.chaos.comparing import state_of
from tests.chaos.load import People
from tests.chaos.rig import EVERY_FAULT, Report, run
from tests.chaos.stage import Stage, processes_of


@pytest.mark.timeout(900)
def test_faults_under_load_lose_nothing_and_double_nothing(keys: None, tmp_path: Path) -> None:
    report = Report(seed=1, seconds=45)
    run(tmp_path.resolve(), report, look=_what_is_wrong_is_noticed)
    assert report.account is not None
    assert report.account.attempted > 500, "hardly any load: this would show nothing"
    assert len(report.done) > 15, "hardly any fault: this would show nothing"
    assert report.events > 500, "hardly any event was timed"
    assert report.clean, report.as_dict()
    assert len(EVERY_FAULT) >= 24
    assert set(report.hashes) == {"training", "inventory", "sales"}
    assert processes_of(Home(tmp_path.resolve() / "before")) == []


def _what_is_wrong_is_noticed(stage: Stage, report: Report, known: set[str]) -> None:
    """An account that nothing could spoil would show nothing."""
    people = report.people
    assert people is not None
    before = state_of(stage.running, people.actors)
    with _otherwise(people):
        _people_know_otherwise(stage, people)
        one, two, three, *_ = sorted(people.acknowledged)
        people.registers[0].acknowledged.add("a promise that nobody kept")
        for register in people.registers:
            register.attempted.discard(one)
            register.acknowledged.discard(one)
        with psycopg.connect(stage.running.database_url("inventory", owner=True)) as connection:
            connection.execute("DELETE FROM stock_move WHERE document_id = %s", (two,))
            connection.execute(_DOUBLE, (three,))
            connection.execute("DELETE FROM dead_letter")
            connection.execute(_DIED)
        spoilt = account(stage, people, known)
    found = (spoilt.lost, spoilt.unexpected, spoilt.moves_missing, spoilt.moves_doubled, spoilt.dead_strange)
    assert found == (1, 1, 1, 1, 1)
    assert spoilt.verify == 1
    assert not spoilt.clean
    wrong = {"receipts_unlisted", "receipts_strange", "misdated", "misplaced", "moves_lost"}
    assert wrong <= {name for name, count in spoilt.truths.as_dict().items() if count}
    assert not spoilt.truths.clean
    assert state_of(stage.running, people.actors) != before


@contextmanager
def _otherwise(people: People) -> Iterator[None]:
    """They may believe what they like meanwhile."""
    names = ("said", "attempted", "acknowledged", "sold", "lost_receipts")
    kept = [{name: getattr(register, name).copy() for name in names} for register in people.registers]
    yield
    for register, values in zip(people.registers, kept, strict=True):
        for name, value in values.items():
            setattr(register, name, value)


def _people_know_otherwise(stage: Stage, people: People) -> None:
    """A receipt that is not missing, one that is and that nobody printed, sales of another day, a register moved."""
    first, second, *_ = people.registers
    first.sold |= {sale: moment - timedelta(days=400) for sale, moment in first.sold.items()}
    first.lost_receipts.add(1)  # it was sold
    first.till.number += 1  # one that nobody printed
    first.sell(first.make(1))
    settle(stage.running)
    with psycopg.connect(stage.running.database_url("sales", owner=True)) as connection:
        connection.execute(_ELSEWHERE, (second.code,))


#: It stood in another shop for all that it sold, and nobody knows of a move.
_ELSEWHERE = "INSERT INTO register_placement (register, since, outlet) VALUES (%s, '2020-01-01Z', 'NOWHERE')"
_DOUBLE = """
    INSERT INTO stock_move (document_kind, document_id, line_id, lot, leg, source, target, sku, quantity, moved_at)
    SELECT document_kind, document_id, gen_random_uuid(), lot, leg, source, target, sku, quantity, moved_at
      FROM stock_move WHERE document_id = %s LIMIT 1
"""
_DIED = """
    INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint)
    SELECT source, epoch, last_seq, '{"id": "nobody injected this"}', 'E', '0123456789abcdef' FROM cursor LIMIT 1
"""
