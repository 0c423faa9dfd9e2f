"""Who waits for whom, so that what is open follows from the facts and not from who came first.

Two transactions that cannot see each other's uncommitted rows could both miss an oddity: a sale of an unknown product,
and the news of that product. Advisory locks, always taken in this order and held to the end of the transaction
(`record_sales` in migration 0002 takes the same ones for sales):

1. news, shared by registers, alone by news of products, lots, prices and goods;
2. the register, so that its shifts and sales follow one another;
3. the sales concerned, in a few buckets: shared by who records them, alone by who judges returns of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.db import Session

_BUCKETS = 64
_NEWS, _REGISTER, _SALE = 7001, 7002, 7003

# The time is taken after the register's turn has come: a close and what comes late are told apart by it.
_RECORD = text("SELECT pg_advisory_xact_lock_shared(:news, 0), pg_advisory_xact_lock(:register, hashtext(:code))")
_NOW = text("SELECT clock_timestamp()")
_NEWS_LOCK = text("SELECT pg_advisory_xact_lock(:news, 0)")
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


def enter_to_judge(session: Session, sale_ids: Iterable[UUID]) -> None:
    """Judge returns of these sales: not beside their recording, nor beside another return of them."""
    session.execute(_RETURN, {"sale": _SALE, "buckets": buckets(sale_ids)})
