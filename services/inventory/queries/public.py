"""What a buyer may know of a lot. Nothing here names a person, or narrows down who it could be."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.inventory.models import Lot, LotRecall, Product, Workshop
from services.inventory.queries.skills import count_possible_makers
from shared.clock import business_day, now
from shared.db import Session

_FIVE = 5  # below so many people nothing outward may hint at who it was


def page(session: Session, code: str) -> dict[str, Any] | None:
    """The facts of a lot's page; None when there is no such lot. The week only where five could be the maker."""
    row = session.execute(
        select(Lot, Product, Workshop, LotRecall)
        .join(Product, Product.sku == Lot.sku)
        .join(Workshop, Workshop.code == Lot.workshop)
        .outerjoin(LotRecall, LotRecall.lot == Lot.code)
        .where(Lot.code == code)
    ).first()
    # Counted for an unknown lot too: how long the answer takes tells nothing about which codes exist.
    skill, day = (row.Lot.required_skill, row.Lot.made_on) if row else ("", business_day(now()))
    possible = count_possible_makers(session, skill=skill, day=day)
    if row is None:
        return None
    year, week, _ = row.Lot.made_on.isocalendar()
    return {
        "lot": row.Lot.code,
        "name": row.Product.name,
        "craft": row.Product.category,
        "workshop": row.Workshop.name,
        "week": {"year": year, "number": week} if possible >= _FIVE else None,
        "expires_on": row.Lot.expires_on,
        "recalled": row.LotRecall is not None,
    }
