"""Who waits for whom, so that what is open follows from the facts and not from who came first.

Two transactions that cannot see each other's uncommitted rows could both miss an oddity: a sale of an unknown product,
and the news of that product. Advisory locks, always taken in this order and held to the end of the transaction
(`record_sales` in migration 0008 takes the same ones for sales):

1. news, shared by registers, alone by news of products, lots, prices and goods;
2. the register, so that its shifts and sales follow one another;
3. the sales concerned, in a few buckets: shared by who records them, alone by who judges returns of them.

Whoever holds one of these keeps others waiting: what is done behind a gate is bounded by what it is about, never by all
that was ever sold. So statements behind a gate are planned by index alone, as in `record_sales`: a plan that reads a
table from end to end while that is small is kept when it is no longer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.db import Session

_BUCKETS = 64
_NEWS, _REGISTER, _SALE, _RECONSIDERING_LOCK = 7001, 7002, 7003, 7004

_PLANS = {"plan_cache_mode": "force_generic_plan"} | dict.fromkeys(
    ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_material"), "off"
)
_BY_INDEX = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in _PLANS.items())
# The time is taken after the register's turn has come: a close and what comes late are told apart by it.
_RECORD = text(
    f"SELECT {_BY_INDEX}, pg_advisory_xact_lock_shared(:news, 0), pg_advisory_xact_lock(:register, hashtext(:code))"
)
_NOW = text("SELECT clock_timestamp()")
_NEWS_LOCK = text(f"SELECT {_BY_INDEX}, pg_advisory_xact_lock(:news, 0)")
_RECONSIDERING = text(f"SELECT {_BY_INDEX}, pg_try_advisory_xact_lock(:reconsidering, 0) AS alone")
_RECONSIDER = text("SELECT pg_advisory_xact_lock_shared(:news, 0)")
_RETURN = text("SELECT count(pg_advisory_xact_lock(:sale, b)) FROM unnest(CAST(:buckets AS int[])) AS b")


def buckets(sale_ids: Iterable[UUID]) -> list[int]:
    """The locks of these sales, in order."""
    return sorted({sale_id.int % _BUCKETS for sale_id in sale_ids})


def enter_to_record(session: Session, register: str) -> datetime:
    """Record facts of a register: beside other registers, not beside news. The time at which its turn has come."""
    session.execute(_RECORD, {"news": _NEWS, "register": _REGISTER, "code": register})
    moment: datetime = session.scalars(_NOW).one()
    return moment


def enter_with_news(session: Session) -> None:
    """Change what sales are judged by: alone."""
    session.execute(_NEWS_LOCK, {"news": _NEWS})


def try_to_reconsider(session: Session) -> bool:
    """Be the one that judges recorded sales again; False when somebody else is."""
    return bool(session.execute(_RECONSIDERING, {"reconsidering": _RECONSIDERING_LOCK}).one().alone)


def enter_to_reconsider(session: Session) -> None:
    """Judge lines of recorded sales again: beside registers, not beside news."""
    session.execute(_RECONSIDER, {"news": _NEWS})


def enter_to_judge(session: Session, sale_ids: Iterable[UUID]) -> None:
    """Judge returns of these sales: not beside their recording, nor beside another return of them."""
    session.execute(_RETURN, {"sale": _SALE, "buckets": buckets(sale_ids)})
