"""The shelf of an outlet, as sales know it: changed in key order, with the work items that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec
from sqlalchemy import text

from services.sales.usecases.work_items import reconsider_shelves
from shared.db import Session


@dataclass(frozen=True, slots=True)
class Change:
    """So many more (or fewer) of a lot at an outlet."""

    outlet: str
    sku: str
    lot: str | None
    delta: Decimal


# In key order: two registers of one outlet wait for each other and never dead-lock. (What is sold is taken off by
# `record_sales`, in the same order.)
_CHANGE = text("""
    INSERT INTO outlet_stock (outlet, sku, lot, on_hand)
    SELECT outlet, sku, lot, sum(delta)
      FROM jsonb_to_recordset(CAST(:changes AS jsonb)) AS c(outlet text, sku text, lot text, delta numeric)
     GROUP BY outlet, sku, lot ORDER BY outlet, sku, lot
    ON CONFLICT (outlet, sku, lot) DO UPDATE SET on_hand = outlet_stock.on_hand + excluded.on_hand
""")


def change_shelves(session: Session, changes: Sequence[Change]) -> None:
    """Add to and take from the shelves; open or close no-stock."""
    if not changes:
        return
    session.execute(_CHANGE, {"changes": msgspec.json.encode(changes).decode()})
    reconsider_shelves(session, [{"outlet": c.outlet, "sku": c.sku, "lot": c.lot} for c in changes])
