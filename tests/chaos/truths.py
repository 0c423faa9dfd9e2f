"""What only people know, against what sales believe: which receipts were printed, when and where each sale was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import psycopg

from shared.clock import business_day
from shared.local.running import Running
from tests.chaos.register import Register

Place = tuple[datetime, str]  # since when, where
Places = dict[str, list[Place]]  # by register

_SALES = """
    SELECT s.id::text AS id, s.register, s.outlet, s.business_day, EXISTS (
        SELECT FROM work_item w WHERE w.sale_id = s.id AND w.code = 'clock-drift' AND w.closed_at IS NULL) AS asked
      FROM sale s WHERE s.id = ANY(%s::uuid[])
"""
_PLACES = "SELECT register, since, outlet FROM register_placement ORDER BY register, since"


@dataclass
class Truths:
    """`receipts_lost`: of wiped tablets. `unlisted`: of these, not among the missing numbers; `strange`: missing, and
    nobody printed it. `misdated`: on another business day than the true one, and nobody is asked about its clock.
    `misplaced`: not at the outlet in which its register stood then. `moves`: of registers; `moves_lost`: forgotten."""

    receipts_lost: int
    receipts_unlisted: int
    receipts_strange: int
    misdated: int
    misplaced: int
    moves: int
    moves_lost: int

    @property
    def clean(self) -> bool:
        """Whether everything that was printed is on the server or listed, on its day and in its place, or asked for."""
        return not self.wrong

    @property
    def wrong(self) -> int:
        """How many are not."""
        lost = abs(self.moves_lost)
        return self.receipts_unlisted + self.receipts_strange + self.misdated + self.misplaced + lost

    def as_dict(self) -> dict[str, Any]:
        """For the report."""
        return asdict(self)


def truths(running: Running, registers: Sequence[Register]) -> Truths:
    """Compare; the system is calm."""
    lost = {(one.code, number) for one in registers for number in one.lost_receipts}
    missing = {(one.code, number) for one in registers for number in _missing(one)}
    sold = {sale: moment for one in registers for sale, moment in one.sold.items() if sale in one.attempted}
    places, misdated, misplaced = placements(running), 0, 0
    for sale, register, outlet, day, asked in _rows(running, _SALES, list(sold)):
        misdated += day != business_day(sold[sale]) and not asked
        misplaced += outlet != _stood(places.get(register, []), sold[sale])
    moves = sum(one.moves for one in registers)
    return Truths(
        receipts_lost=len(lost),
        receipts_unlisted=len(lost - missing),
        receipts_strange=len(missing - lost),
        misdated=misdated,
        misplaced=misplaced,
        moves=moves,
        moves_lost=moves - sum(len(moves_of(places.get(one.code, []))) for one in registers),
    )


def placements(running: Running) -> Places:
    """Since when each register has stood where, as the server saw it."""
    found: Places = {}
    for register, since, outlet in _rows(running, _PLACES):
        found.setdefault(register, []).append((since, outlet))
    return found


def moves_of(places: list[Place]) -> list[Place]:
    """Where it was moved to, and when."""
    return [later for earlier, later in pairwise(places) if later[1] != earlier[1]]


def _stood(places: list[Place], moment: datetime) -> str:
    return next((outlet for since, outlet in reversed(places) if since <= moment), "")


def _missing(register: Register) -> list[int]:
    found: list[int] = register.ask(f"/sales/v1/registers/{register.code}/sync", "register")["missing"]
    return found


def _rows(running: Running, query: str, *values: Any) -> list[Any]:
    with psycopg.connect(running.database_url("sales", owner=True), connect_timeout=5) as connection:
        connection.execute("SET timezone = 'UTC'")
        return connection.execute(query.encode(), values).fetchall()
