"""Residents, what they may do and what they did."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Date, Select, String, cast, func, literal, null, select, union_all

from services.training.models import (
    Attestation,
    Certificate,
    MarketReturn,
    Practice,
    Resident,
    Withdrawal,
)
from shared.db import Session
from shared.paging import Page, paged


def residents(session: Session, *, after: str | None, limit: int) -> Page:
    """Residents by reference."""
    return paged(session, select(Resident), [Resident.worker_ref], after=after, limit=limit)


def skills_of(session: Session, worker_ref: str, *, on: date) -> list[dict[str, Any]]:
    """Each certificate and attestation of a resident, and whether it grants its skill on a day."""
    rows = session.execute(
        union_all(
            _references(Certificate, literal("certificate"), Certificate.kind).where(
                Certificate.worker_ref == worker_ref
            ),
            _references(Attestation, literal("attestation"), cast(null(), String)).where(
                Attestation.worker_ref == worker_ref
            ),
        ).order_by("skill", "reference")
    )
    return [dict(row._mapping) | {"valid": holds_on(row, on)} for row in rows]


def _references(model: Any, basis: Any, kind: Any) -> Select[*tuple[Any, ...]]:
    return select(
        model.id.label("reference"),
        basis.label("basis"),
        kind.label("kind"),
        model.skill.label("skill"),
        model.valid_from.label("valid_from"),
        model.valid_until.label("valid_until"),
        cast(Withdrawal.effective, Date).label("withdrawn_from"),
    ).outerjoin(Withdrawal, Withdrawal.reference == model.id)


def holds_on(row: Any, on: date) -> bool:
    """Whether a reference grants its skill on a day: from its first to its last, unless withdrawn by then."""
    until_then = row.valid_until is None or on <= row.valid_until
    return row.valid_from <= on and until_then and (row.withdrawn_from is None or on < row.withdrawn_from)


def practice_of(session: Session, worker_ref: str, *, after: str | None, limit: int) -> dict[str, Any]:
    """What a resident made, with what came back of each lot, and the totals by product."""
    returned = (
        select(func.coalesce(func.sum(MarketReturn.quantity), 0))
        .where(MarketReturn.lot == Practice.lot)
        .scalar_subquery()
    )
    statement = select(
        Practice.output_id,
        Practice.sku,
        Practice.workshop,
        Practice.lot,
        Practice.made_on,
        Practice.good,
        Practice.share_bp,
        returned.label("returned"),
    ).where(Practice.worker_ref == worker_ref)
    page = paged(session, statement, [Practice.output_id], after=after, limit=limit)
    returns = _returns_of(session, {row.lot for row in page.items})
    return {"items": page.items, "next": page.next, "totals": _totals_of(session, worker_ref), "returns": returns}


def _totals_of(session: Session, worker_ref: str) -> list[Any]:
    statement = (
        select(Practice.sku, func.count().label("outputs"), func.sum(Practice.good).label("good"))
        .where(Practice.worker_ref == worker_ref)
        .group_by(Practice.sku)
        .order_by(Practice.sku)
    )
    return list(session.execute(statement))


def _returns_of(session: Session, lots: set[str]) -> list[Any]:
    key = (MarketReturn.lot, MarketReturn.sku, MarketReturn.reason_code)
    statement = select(*key, func.sum(MarketReturn.quantity).label("quantity")).where(MarketReturn.lot.in_(lots))
    return list(session.execute(statement.group_by(*key).order_by(*key)))
