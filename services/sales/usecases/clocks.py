"""When a fact of a register happened: what its device's clocks say, weighed by the database (`timed_fact`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from shared.db import Session

_TIMED = text("""
    SELECT effective_at, drift, timed_by, time_sure, outlet
      FROM timed_fact(:register, :outlet, :received_at, CAST(:fact AS jsonb), (
               SELECT max(known.at) FROM (
                   SELECT effective_at AS at FROM shift
                    WHERE id = :shift_id AND register = :register AND time_sure IS NOT FALSE
                   UNION ALL SELECT effective_at FROM sale WHERE id = :sale_id AND time_sure IS NOT FALSE) AS known
           ), NULL)
""")
_NOTE = text("SELECT note_run(:register, CAST(:sending AS jsonb))")


@dataclass(frozen=True, slots=True)
class Sending:
    """What a device's clocks said when it sent, and when that arrived."""

    arrived_at: datetime
    sent_at: datetime | None = None
    sent_clock: Mapping[str, Any] | None = None

    def told(self, clock: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The clocks of a fact and of its sending, as the database takes them."""
        sent = self.sent_clock or {"run": None, "ms": None}
        told = {"arrived_at": self.arrived_at, "sent_at": self.sent_at, "sent_run": sent["run"], "sent_ms": sent["ms"]}
        return told | run_of(clock)


def run_of(clock: Mapping[str, Any] | None) -> dict[str, Any]:
    """A monotonic stamp as columns."""
    return {"run": clock["run"], "run_ms": clock["ms"]} if clock else {"run": None, "run_ms": None}


def timed(
    session: Session,
    *,
    register: str,
    outlet: str,
    received_at: datetime,
    told: datetime,
    clock: Mapping[str, Any] | None,
    sending: Sending,
    shift_id: UUID | None = None,
    sale_id: UUID | None = None,
) -> dict[str, Any]:
    """`effective_at`, `drift`, `timed_by`, `time_sure` of a fact, its stamp, and the outlet where it happened.

    It cannot have been before the opening of its shift, nor before the sale that it is about.
    """
    fact = msgspec.json.encode(sending.told(clock) | {"told": told}).decode()
    values = {"register": register, "outlet": outlet, "received_at": received_at, "fact": fact}
    row = session.execute(_TIMED, values | {"shift_id": shift_id, "sale_id": sale_id}).one()
    session.execute(_NOTE, {"register": register, "sending": fact})
    return dict(row._mapping) | run_of(clock)
