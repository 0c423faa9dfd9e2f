"""The practice log: what residents made, and what came back from the market."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.training.models import Base, MarketReturn, Practice
from shared.db import Session
from shared.events.inventory import OutputAccepted
from shared.events.sales import SaleReturned


def log_outputs(session: Session, accepted: Iterable[OutputAccepted]) -> None:
    """One row per output and maker, also for a maker who is not registered here (yet)."""
    rows = [
        {
            "output_id": output.output_id,
            "worker_ref": maker.worker_ref,
            "sku": output.sku,
            "workshop": output.workshop,
            "lot": output.lot,
            "made_on": output.made_on,
            "good": output.good,
            "share_bp": maker.share_bp,
        }
        for output in accepted
        for maker in output.makers
    ]
    _post(session, Practice, rows, ("output_id", "worker_ref"))


def log_returns(session: Session, returned: Iterable[SaleReturned]) -> None:
    """What came back, by lot: feedback for those who made it."""
    rows = [
        {
            "return_id": one.return_id,
            "number": number,
            "line_id": line.line_id,
            "sku": line.sku,
            "lot": line.lot,
            "quantity": line.quantity,
            "reason_code": line.reason_code,
        }
        for one in returned
        for number, line in enumerate(one.lines)
    ]
    _post(session, MarketReturn, rows, ("return_id", "number"))


def _post(session: Session, model: type[Base], rows: list[dict[str, Any]], key: tuple[str, ...]) -> None:
    # In key order: two workers that take overlapping batches wait for each other, never in a circle.
    if rows:
        session.execute(
            insert(model).on_conflict_do_nothing(), sorted(rows, key=lambda row: [row[name] for name in key])
        )
