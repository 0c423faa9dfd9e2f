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
    """The facts of a lot's page; None when there is no such lot. Week and skill only where five could be the maker."""
    # The next lot stands in for one that is not there, so that as much is read and counted: how long the answer takes
    # tells nothing about which codes exist.
    row = session.execute(
        select(Lot, Product, Workshop, LotRecall)
        .join(Product, Product.sku == Lot.sku)
        .join(Workshop, Workshop.code == Lot.workshop)
        .outerjoin(LotRecall, LotRecall.lot == Lot.code)
        .where(Lot.code >= code)
        .order_by(Lot.code)
        .limit(1)
    ).first()
    skill, day = (row.Lot.required_skill, row.Lot.made_on) if row else ("", business_day(now()))
    possible = count_possible_makers(session, skill=skill, day=day)
    if row is None or row.Lot.code != code:
        return None
    year, week, _ = row.Lot.made_on.isocalendar()
    many = possible >= _FIVE
    return {
        "lot": row.Lot.code,
        "name": row.Product.name,
        "craft": row.Product.category,
        "workshop": row.Workshop.name,
        "materials": row.Product.materials,
        "care": row.Product.care,
        "week": {"year": year, "number": week} if many else None,
        "skill": skill if many else None,
        "expires_on": row.Lot.expires_on,
        "recalled": row.LotRecall is not None,
    }
