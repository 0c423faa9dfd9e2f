"""Who waits for whom, so that what is open follows from the facts and not from who came first.

Two transactions that cannot see each other's uncommitted rows could both miss an oddity: a sale of an unknown product,
and the news of that product. Advisory locks, always taken in this order and held to the end of the transaction:
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from shared.db import Session

_BUCKETS = 16
_NEWS, _REGISTER, _SALE = 7001, 7002, 7003

_RECORD = text("""
    SELECT pg_advisory_xact_lock_shared(:news, 0), pg_advisory_xact_lock(:register, hashtext(:code)),
           (SELECT count(pg_advisory_xact_lock_shared(:sale, b)) FROM unnest(CAST(:buckets AS int[])) AS b)
""")
_NEWS_LOCK = text("SELECT pg_advisory_xact_lock(:news, 0)")
_RETURN = text("SELECT count(pg_advisory_xact_lock(:sale, b)) FROM unnest(CAST(:buckets AS int[])) AS b")


def _buckets(sale_ids: Iterable[UUID]) -> list[int]:
    return sorted({sale_id.int % _BUCKETS for sale_id in sale_ids})


def enter_to_record(session: Session, register: str, sale_ids: Iterable[UUID]) -> None:
    """Record facts of a register: beside other registers, not beside news of products, lots or prices."""
    values = {"news": _NEWS, "register": _REGISTER, "code": register, "sale": _SALE, "buckets": _buckets(sale_ids)}
    session.execute(_RECORD, values)


def enter_with_news(session: Session) -> None:
    """Change what sales are judged by: alone."""
    session.execute(_NEWS_LOCK, {"news": _NEWS})


def enter_to_judge(session: Session, sale_ids: Iterable[UUID]) -> None:
    """Judge returns of these sales: not beside their recording, nor beside another return of them."""
    session.execute(_RETURN, {"sale": _SALE, "buckets": _buckets(sale_ids)})
