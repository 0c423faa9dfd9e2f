"""Lots, with what is to be noticed about them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select

from services.inventory.models import Lot, LotRecall, OutputMaker, SkillGrant
from services.inventory.queries.skills import valid_on
from shared.db import Page, Session, paged


def _skill_withdrawn() -> ColumnElement[bool]:
    """Whether some maker of the lot, by today's knowledge, did not hold the skill on the day of production."""
    # Both must name the lot as the outer one: a subquery in a subquery would otherwise look at all lots.
    holds = (
        exists()
        .where(
            SkillGrant.worker_ref == OutputMaker.worker_ref,
            SkillGrant.skill == Lot.required_skill,
            valid_on(Lot.made_on),
        )
        .correlate(Lot, OutputMaker)
    )
    return exists().where(OutputMaker.output_id == Lot.output_id, ~holds).correlate(Lot)


def _rows() -> Select[*tuple[Any, ...]]:
    return select(
        Lot.code,
        Lot.sku,
        Lot.workshop,
        Lot.output_id,
        Lot.made_on,
        Lot.expires_on,
        LotRecall.recalled_at,
        LotRecall.reason_code,
        _skill_withdrawn().label("skill_withdrawn"),
    ).outerjoin(LotRecall, LotRecall.lot == Lot.code)


def shown(row: Any) -> dict[str, Any]:
    """A row as the API shows it."""
    flags = ["recalled"] * (row.recalled_at is not None) + ["skill-withdrawn"] * row.skill_withdrawn
    return dict(row._mapping) | {"flags": flags}


def listed(
    session: Session, *, sku: str | None, workshop: str | None, flag: str | None, after: str | None, limit: int
) -> Page:
    """Lots by code, by product, workshop or flag."""
    statement = _rows()
    if sku is not None:
        statement = statement.where(Lot.sku == sku)
    if workshop is not None:
        statement = statement.where(Lot.workshop == workshop)
    if flag is not None:
        statement = statement.where(LotRecall.lot.is_not(None) if flag == "recalled" else _skill_withdrawn())
    page = paged(session, statement, [Lot.code], after=after, limit=limit)
    return Page([shown(row) for row in page.items], page.next)


def one(session: Session, code: str) -> dict[str, Any] | None:
    """One lot, or None."""
    row = session.execute(_rows().where(Lot.code == code)).first()
    return shown(row) if row else None
