"""What screens ask for again and again reads what is open, or the day's, or a page: however much there ever was.

Counted in blocks and not in seconds: PostgreSQL tells how many a transaction has asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import text

from services.inventory.queries import attention, consignments, handover, lots, outputs, write_offs
from shared import jsontext
from shared.clock import now
from shared.db import Session
from shared.local.cluster import DatabaseUrls
from tests.integration.inventory import history
from tests.integration.inventory.goods import MAKER, OUTLET, SKILL, SKU, WORKSHOP, Goods, output

_ASKED_FOR = text("""
    SELECT sum(pg_stat_get_xact_blocks_fetched(oid)) FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
""")
#: A tree of ten thousands is two levels higher than one of hundreds: that much, for each row of a page.
DEEPER = 1.6
#: Twenty of each are open; reading all of the past asks for at least ten times as many.
NOTHING = 60

_TODAY = now() - timedelta(hours=20)
_NONE: dict[str, Any] = {"after": None, "limit": 50}
_SHOWN: dict[str, Callable[[Session], object]] = {
    "the terminal's day": lambda session: outputs.listed(
        session, workshop=WORKSHOP, status=None, proposed_by="terminal-1", recorded_from=_TODAY, after=None, limit=1000
    ),
    "outputs that are proposed": lambda session: outputs.listed(
        session, workshop=WORKSHOP, status="proposed", proposed_by=None, recorded_from=None, **_NONE
    ),
    "outputs that wait": lambda session: outputs.waiting(session, workshop=None, **_NONE),
    "outputs decided lately": lambda session: outputs.decided(session, workshop=None, limit=15),
    "how many outputs wait": attention.undecided_outputs,
    "what an outlet waits for": lambda session: consignments.listed(
        session, place=OUTLET, outlet=OUTLET, status="dispatched", after=None, limit=1000
    ),
    "what is drafted": lambda session: consignments.listed(
        session, place=None, outlet=None, status="draft", after=None, limit=1000
    ),
    "what is under way": lambda session: attention.underway(session, outlet=None, limit=50),
    "what is under way to an outlet": lambda session: attention.underway(session, outlet=OUTLET, limit=50),
    **{
        f"consignments, {state or 'all'}": partial(handover.newest, state=state, **_NONE)
        for state in (None, "draft", "dispatched", "received", "open")
    },
    "write-offs": lambda session: write_offs.newest(session, **_NONE),
    "lots": lambda session: lots.searched(session, words=None, sku=None, workshop=None, flag=None, **_NONE),
}


def _begin(goods: Goods) -> None:
    """Twenty of each are open, as of today."""
    lot = goods.lot(1000)
    moment = jsontext.instant(now())
    for _ in range(20):
        goods.terminal.post("/outputs", {"outputs": [output(made_at=moment, recorded_at=moment)]})
        goods.draft(lot, 1)
        goods.dispatch(goods.draft(lot, 1))
    for _ in range(3):
        note = goods.draft(lot, 2)
        goods.dispatch(note)
        goods.receive(note, lot, 1)


def _grow(goods: Goods, owner: str, by: int) -> dict[str, int]:
    """So many more outputs, and half as many of all else; what each look asks for then."""
    names = {"workshop": WORKSHOP, "outlet": OUTLET, "sku": SKU, "skill": SKILL, "maker": MAKER}
    with goods.database.transaction() as session:
        history.write(session, outputs=by, consignments=by // 2, write_offs=by // 2, **names)
    with psycopg.connect(owner, autocommit=True) as hand:
        hand.execute("VACUUM (ANALYZE)")
    return {what: _blocks(goods, look) for what, look in _SHOWN.items()}


def _blocks(goods: Goods, look: Callable[[Session], object]) -> int:
    with goods.database.transaction() as session:
        before = session.scalar(_ASKED_FOR)
        look(session)
        return int(session.scalar(_ASKED_FOR) - before)


def test_what_is_asked_all_day_reads_no_more_with_the_years(
    goods: Goods, urls_for: Callable[..., DatabaseUrls]
) -> None:
    _begin(goods)
    owner = urls_for("inventory").owner
    young, old = _grow(goods, owner, 2_000), _grow(goods, owner, 18_000)
    grown = {what: (young[what], old[what]) for what in _SHOWN if old[what] > DEEPER * young[what] + NOTHING}
    assert grown == {}
