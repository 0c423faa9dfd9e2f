"""One seed of faults under load. Longer: `lapak chaos --seed N --minutes M`."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from shared.local.home import Home
from tests.chaos.accounting import account
from tests.chaos.comparing import state_of
from tests.chaos.rig import Report, run
from tests.chaos.stage import Stage, processes_of


@pytest.mark.timeout(400)
def test_faults_under_load_lose_nothing_and_double_nothing(keys: None, tmp_path: Path) -> None:
    report = Report(seed=1, seconds=45)
    run(tmp_path.resolve(), report, look=_what_is_wrong_is_noticed)
    assert report.account is not None
    assert report.account.attempted > 500, "hardly any load: this would show nothing"
    assert len(report.done) > 15, "hardly any fault: this would show nothing"
    assert report.events > 500, "hardly any event was timed"
    assert report.clean, report.as_dict()
    assert report.account.poison > 0
    assert set(report.hashes) == {"training", "inventory", "sales"}
    assert processes_of(Home(tmp_path.resolve() / "before")) == []


def _what_is_wrong_is_noticed(stage: Stage, report: Report, known: set[str]) -> None:
    """An account that nothing could spoil would show nothing."""
    people = report.people
    assert people is not None
    before = state_of(stage.running, people.actors)
    one, two, three, *_ = sorted(people.acknowledged)
    kept = [(register.attempted.copy(), register.acknowledged.copy()) for register in people.registers]
    people.registers[0].acknowledged.add("a promise that nobody kept")
    for register in people.registers:
        register.attempted.discard(one)
        register.acknowledged.discard(one)
    with psycopg.connect(stage.running.database_url("inventory", owner=True)) as connection:
        connection.execute("DELETE FROM stock_move WHERE document_id = %s", (two,))
        connection.execute(_DOUBLE, (three,))
        connection.execute("DELETE FROM dead_letter")
        connection.execute(_DIED)
    poison = stage.poison
    spoilt = account(stage.running, people, known, poison)
    found = (spoilt.lost, spoilt.unexpected, spoilt.moves_missing, spoilt.moves_doubled, spoilt.dead_strange)
    assert found == (1, 1, 1, 1, 1)
    assert spoilt.verify == 1
    assert not spoilt.clean
    assert state_of(stage.running, people.actors) != before
    for register, (attempted, acknowledged) in zip(people.registers, kept, strict=True):
        register.attempted, register.acknowledged = attempted, acknowledged


_DOUBLE = """
    INSERT INTO stock_move (document_kind, document_id, line_id, lot, leg, source, target, sku, quantity, moved_at)
    SELECT document_kind, document_id, gen_random_uuid(), lot, leg, source, target, sku, quantity, moved_at
      FROM stock_move WHERE document_id = %s LIMIT 1
"""
_DIED = """
    INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint)
    SELECT source, epoch, last_seq, '{"id": "nobody injected this"}', 'E', '0123456789abcdef' FROM cursor LIMIT 1
"""
