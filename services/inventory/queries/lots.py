"""Lots, with what is to be noticed about them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, Select, cast, exists, literal, or_, select

from services.inventory.models import Lot, LotRecall, OutputDecision, OutputMaker, Product, SkillGrant
from services.inventory.queries.skills import valid_on
from shared.db import Session
from shared.paging import Page, paged


def skill_withdrawn() -> ColumnElement[bool]:
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
        skill_withdrawn().label("skill_withdrawn"),
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
    statement = _only(statement, sku=sku, workshop=workshop, flag=flag)
    page = paged(session, statement, [Lot.code], after=after, limit=limit)
    return Page([shown(row) for row in page.items], page.next)


def _only(statement: Select[Any], *, sku: str | None, workshop: str | None, flag: str | None) -> Select[Any]:
    if sku is not None:
        statement = statement.where(Lot.sku == sku)
    if workshop is not None:
        statement = statement.where(Lot.workshop == workshop)
    if flag is not None:
        statement = statement.where(LotRecall.lot.is_not(None) if flag == "recalled" else skill_withdrawn())
    return statement


def searched(
    session: Session,
    *,
    words: str | None,
    sku: str | None,
    workshop: str | None,
    flag: str | None,
    after: str | None,
    limit: int,
) -> Page:
    """Lots made last first. `words`: the beginning of a lot's code, or a part of a product's name or code."""
    # Keyset paging goes upwards only: count the days backwards.
    newest = cast(literal(date(9999, 1, 1), Date) - Lot.made_on, Integer).label("newest")
    statement = _only(_rows().add_columns(newest), sku=sku, workshop=workshop, flag=flag)
    if words is not None:
        text = words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        named = select(Product.sku).where(
            or_(*(column.ilike(f"%{text}%") for column in (Product.sku, Product.name_id, Product.name_en)))
        )
        statement = statement.where(or_(Lot.code.like(f"{text.upper()}%"), Lot.sku.in_(named)))
    page = paged(session, statement, [newest, Lot.code], after=after, limit=limit)
    return Page([shown(row) for row in page.items], page.next)


def accepted(session: Session, code: str) -> Any:
    """How many of a lot were found good when it was accepted, or None."""
    return session.scalar(
        select(OutputDecision.good).join(Lot, Lot.output_id == OutputDecision.output_id).where(Lot.code == code)
    )


def one(session: Session, code: str) -> dict[str, Any] | None:
    """One lot, or None."""
    row = session.execute(_rows().where(Lot.code == code)).first()
    return shown(row) if row else None
