"""Shifts with what is expected in the drawer, and what came after the count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, text, tuple_

from services.sales.models import SaleReturn, Shift, ShiftClose
from shared.db import Session
from shared.paging import Page, paged

# Whose drawer a refund left: the shift that it names, if that is its register's; without a name, the register's last
# that had begun by then (the view `drawer` says the same, from the refund's side).
_SHIFTS = """
    (SELECT shift.id, shift.register, shift.effective_at, shift.opening_float,
            coalesce(following.effective_at, 'infinity') AS until,
            coalesce(following.received_at, following.effective_at, 'infinity') AS until_known
       FROM shift LEFT JOIN LATERAL (
                SELECT n.effective_at, n.received_at FROM shift n
                 WHERE n.register = shift.register AND (n.effective_at, n.id) > (shift.effective_at, shift.id)
                 ORDER BY n.effective_at, n.id LIMIT 1) following ON true
      WHERE shift.id = ANY(:shifts)) h
"""
_IN_DRAWER = """
    (r.register = h.register AND r.shift_id = h.id
     OR r.register = h.register AND r.shift_id IS NULL
        AND r.effective_at >= h.effective_at AND r.effective_at < h.until)
"""
# Float + cash payments − cash refunds, also those that exceeded their sale: the money left the drawer. The drawer is
# its register's alone: what another one posts under this shift is taken off again (the sum comes from an index alone).
_EXPECTED = text(f"""
    SELECT h.id, h.opening_float + coalesce(paid.amount, 0) - coalesce(foreigners.amount, 0)
                 - coalesce(refunded.amount, 0) AS cash
      FROM {_SHIFTS}
      LEFT JOIN LATERAL (
          SELECT sum(p.amount) AS amount FROM payment p WHERE p.shift_id = h.id AND p.kind = 'cash'
      ) paid ON true
      LEFT JOIN LATERAL (
          SELECT sum(p.amount) AS amount FROM sale s JOIN payment p ON p.sale_id = s.id AND p.kind = 'cash'
           WHERE s.shift_id = h.id AND s.register <> h.register
      ) foreigners ON true
      LEFT JOIN LATERAL (
          SELECT sum(r.refund_amount) AS amount FROM sale_return r WHERE r.refund_kind = 'cash' AND {_IN_DRAWER}
      ) refunded ON true
""")
# A refund without a name was in this drawer until a shift came to be known that had begun between the two: that takes
# it away again. Nothing happens after it is received, so refunds later than that need no look.
_AMENDMENTS = text(f"""
    SELECT h.id AS shift_id, late.kind, late.id, late.received_at, late.at, late.cash
      FROM {_SHIFTS} JOIN shift_close c ON c.shift_id = h.id
      CROSS JOIN LATERAL (
          SELECT 'sale' AS kind, s.id, s.received_at, s.sold_at AS at, paid.cash
            FROM sale s
            CROSS JOIN LATERAL (
                SELECT coalesce(sum(p.amount), 0) AS cash FROM payment p WHERE p.sale_id = s.id AND p.kind = 'cash'
            ) paid
           WHERE s.shift_id = h.id AND s.register = h.register AND s.received_at > c.posted_at
          UNION ALL
          SELECT 'return', r.id, r.received_at, r.returned_at, -r.refund_amount
            FROM sale_return r
           WHERE r.register = h.register AND r.shift_id = h.id AND r.received_at > c.posted_at
             AND r.refund_kind = 'cash'
          UNION ALL
          SELECT what.kind, r.id, what.known_at, r.returned_at, what.cash
            FROM sale_return r
            CROSS JOIN LATERAL (
                SELECT min(coalesce(n.received_at, n.effective_at)) AS at FROM shift n
                 WHERE n.register = h.register AND (n.effective_at, n.id) > (h.effective_at, h.id)
                   AND n.effective_at <= r.effective_at
            ) taken
            CROSS JOIN LATERAL (VALUES
                ('return', r.received_at, -r.refund_amount),
                ('return-moved', taken.at, r.refund_amount)
            ) AS what (kind, known_at, cash)
           WHERE r.register = h.register AND r.shift_id IS NULL AND r.refund_kind = 'cash'
             AND r.effective_at >= h.effective_at AND r.effective_at < greatest(h.until, h.until_known)
             AND (taken.at > r.received_at) IS NOT FALSE AND what.known_at > c.posted_at
           ORDER BY received_at, id LIMIT 1000
      ) late
     ORDER BY h.id, late.received_at, late.id
""")


def in_drawer(session: Session, shift: Shift) -> ColumnElement[bool]:
    """The condition that a return's refund left this shift's drawer."""
    key, this = tuple_(Shift.effective_at, Shift.id), (shift.effective_at, shift.id)
    later = select(Shift.effective_at).where(Shift.register == shift.register, key > this)
    until = session.scalar(later.order_by(Shift.effective_at, Shift.id).limit(1))
    unnamed = and_(SaleReturn.shift_id.is_(None), SaleReturn.effective_at >= shift.effective_at)
    if until is not None:
        unnamed = and_(unnamed, SaleReturn.effective_at < until)
    return and_(SaleReturn.register == shift.register, or_(SaleReturn.shift_id == shift.id, unnamed))


def expected_cash(session: Session, shift: Shift) -> int:
    """What should be in the drawer now, in rupiah."""
    return _expected(session, [shift.id])[shift.id]


def _expected(session: Session, shifts: Sequence[UUID]) -> dict[UUID, int]:
    return {row.id: int(row.cash) for row in session.execute(_EXPECTED, {"shifts": list(shifts)})}


def shown(session: Session, shift: Shift, *, blind: bool = False) -> dict[str, Any]:
    """A shift as the API shows it: the count as it was, and what has come since.

    `blind`: who will count the drawer is not told what to find there.
    """
    return _shown(session, [shift], blind=blind)[0]


def _shown(session: Session, shifts: Sequence[Shift], *, blind: bool) -> list[dict[str, Any]]:
    ids = [shift.id for shift in shifts]
    expected, amendments = _expected(session, ids), dict[UUID, list[Any]]()
    for row in session.execute(_AMENDMENTS, {"shifts": ids}):
        amendments.setdefault(row.shift_id, []).append(row)
    closes = {
        close.shift_id: close for close in session.scalars(select(ShiftClose).where(ShiftClose.shift_id.in_(ids)))
    }
    return [
        {
            "id": shift.id,
            "register": shift.register,
            "outlet": shift.outlet,
            "opened_at": shift.opened_at,
            "effective_at": shift.effective_at,
            "opening_float": shift.opening_float,
            "cashier": shift.cashier,
            "status": "closed" if shift.id in closes else "open",
            "expected_now": None if blind and shift.id not in closes else expected[shift.id],
            "close": closes.get(shift.id),
            "amendments": amendments.get(shift.id, []),
        }
        for shift in shifts
    ]


def listed(
    session: Session, *, register: str | None, outlet: str | None, after: str | None, limit: int, blind: bool = False
) -> Page:
    """Shifts by id."""
    wanted = {key: value for key, value in (("register", register), ("outlet", outlet)) if value is not None}
    page = paged(session, select(Shift).filter_by(**wanted), [Shift.id], after=after, limit=limit)
    return Page(_shown(session, page.items, blind=blind), page.next)
