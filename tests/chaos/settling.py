"""Once the load is over: what was sold has moved, once."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg

from shared.local.running import Running
from tests.benchmarks.load import LINES

_MOVES = "SELECT count(*), count(DISTINCT line_id) FROM stock_move WHERE document_id = ANY(%s::uuid[])"


def each_sale_moved_once(system: Running, sales: Sequence[str], patience: float = 40.0) -> None:
    """Each line of each sale has made one move within `patience` seconds, and the services agree."""
    deadline, lines = time.monotonic() + patience, LINES * len(sales)
    with psycopg.connect(system.database_url("inventory", owner=True), autocommit=True) as connection:
        while (found := connection.execute(_MOVES, (list(sales),)).fetchone()) != (lines, lines):
            assert time.monotonic() < deadline, f"{found} moves and lines moved, of {lines}"
            time.sleep(0.05)
    lagging = 3
    while (verified := system.run("verify")).returncode == lagging:
        assert time.monotonic() < deadline, verified.stdout
    assert verified.returncode == 0, verified.stdout + verified.stderr
