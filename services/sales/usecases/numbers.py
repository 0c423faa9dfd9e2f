"""Receipt numbers that will not come: the city says why, and nobody waits for them any more."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text

from services.sales.models import ClosedNumber, Register
from services.sales.usecases import gates
from shared.clock import now
from shared.db import Session, changed
from shared.errors import Conflict, NotFound

_CLOSE = text("""
    WITH gap AS (
        SELECT lower(g) AS lo, upper(g) - 1 AS hi
          FROM register_numbers n, unnest(
               int8multirange(int8range(:lo, :hi + 1)) * int8multirange(int8range(1, upper(n.seen))) - n.seen - n.closed
          ) AS g
         WHERE n.register = :register
    ), noted AS (
        INSERT INTO closed_number (register, lo, hi, note, closed_by, closed_at)
        SELECT :register, lo, hi, :note, :closed_by, :closed_at FROM gap
    )
    UPDATE register_numbers SET closed = closed + (SELECT range_agg(int8range(lo, hi + 1)) FROM gap)
     WHERE register = :register AND EXISTS (SELECT FROM gap)
""")


class NotMissing(Conflict):
    code = "not-missing"
    title = "None of these numbers is missing"


class ClosedOtherwise(Conflict):
    code = "closed-otherwise"
    title = "These numbers were closed with another note"


def close(session: Session, *, register: str, lo: int, hi: int, note: str, closed_by: str) -> list[ClosedNumber]:
    """Close what is missing from `lo` to `hi`; the spans that are closed there. Saying the same again changes nothing.

    A sale that comes all the same is recorded, and the note stays. Raises NotFound, NotMissing, ClosedOtherwise.
    """
    gates.enter_to_record(session, register)
    if session.get(Register, register) is None:
        raise NotFound("No such register.")
    values: dict[str, Any] = {"register": register, "lo": lo, "hi": hi, "note": note}
    new = changed(session, _CLOSE, values | {"closed_by": closed_by, "closed_at": now()})
    within = select(ClosedNumber).where(ClosedNumber.register == register, ClosedNumber.lo <= hi, ClosedNumber.hi >= lo)
    closed = list(session.scalars(within.order_by(ClosedNumber.lo)))
    if not closed:
        raise NotMissing("They have arrived, or the register has not come so far.")
    if not new and all(one.note != note for one in closed):
        raise ClosedOtherwise(f"The note is: {closed[0].note}")
    return closed
