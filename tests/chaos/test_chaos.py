"""One seed of faults under load. Longer: `lapak chaos --seed N --minutes M`."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from shared.local.running import Running
from tests.chaos.accounting import account
from tests.chaos.rig import Report, run


@pytest.mark.timeout(240)
def test_faults_under_load_lose_nothing_and_double_nothing(start_system: Callable[..., Running]) -> None:
    system = start_system(web_workers=2)
    report = run(system, seed=1, seconds=45)
    assert report.account is not None
    assert report.account.attempted > 100, "hardly any load: this would show nothing"
    assert len(report.done) > 10, "hardly any fault: this would show nothing"
    assert report.account.clean, report.as_dict()
    _what_is_wrong_is_noticed(system, report)


def _what_is_wrong_is_noticed(system: Running, report: Report) -> None:
    """An account that nothing could spoil would show nothing."""
    registers = report.registers
    assert registers is not None
    one, two, three, *_ = sorted(registers.acknowledged)
    registers.ledgers[0].acknowledged.add("a promise that nobody kept")
    for ledger in registers.ledgers:
        ledger.attempted.discard(one)
        ledger.acknowledged.discard(one)
    with psycopg.connect(system.database_url("inventory", owner=True)) as connection:
        connection.execute("DELETE FROM stock_move WHERE document_id = %s", (two,))
        connection.execute(_DOUBLE, (three,))
    spoilt = account(system, registers, set(), 0.0)
    found = (spoilt.lost, spoilt.unexpected, spoilt.moves_missing, spoilt.moves_doubled, spoilt.verify)
    assert found == (1, 1, 1, 1, 1)
    assert not spoilt.clean


_DOUBLE = """
    INSERT INTO stock_move (document_kind, document_id, line_id, lot, leg, source, target, sku, quantity, moved_at)
    SELECT document_kind, document_id, gen_random_uuid(), lot, leg, source, target, sku, quantity, moved_at
      FROM stock_move WHERE document_id = %s LIMIT 1
"""
