"""Once the load is over: what was sold has moved, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from shared.local.running import Running
from tests.benchmarks.load import LINES
from tests.waiting import until

_MOVES = "SELECT count(*), count(DISTINCT line_id) FROM stock_move WHERE document_id = ANY(%s::uuid[])"


def each_sale_moved_once(system: Running, sales: Sequence[str]) -> None:
    """Each line of each sale has made one move, and the services agree."""
    lines, lagging = LINES * len(sales), 3
    with psycopg.connect(system.database_url("inventory", owner=True), autocommit=True) as connection:

        def moved() -> Any:
            return connection.execute(_MOVES, (list(sales),)).fetchone()

        until(f"{lines} lines have moved", lambda: moved() == (lines, lines), told=moved)
    verified = system.run("verify")

    def settled() -> bool:
        nonlocal verified
        verified = system.run("verify")
        return verified.returncode != lagging

    until("nobody lags", settled, told=lambda: verified.stdout)
    assert verified.returncode == 0, verified.stdout + verified.stderr
