"""The practice log: what residents made, and what came back from the market."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from services.training.models import MarketReturn, Practice
from shared.db import Session
from shared.events.inventory import OutputAccepted
from shared.events.sales import SaleReturned


def log_output(session: Session, accepted: OutputAccepted) -> None:
    """One row per maker, also for one who is not registered here (yet)."""
    rows = [
        {
            "output_id": accepted.output_id,
            "worker_ref": maker.worker_ref,
            "sku": accepted.sku,
            "workshop": accepted.workshop,
            "lot": accepted.lot,
            "made_on": accepted.made_on,
            "good": accepted.good,
            "share_bp": maker.share_bp,
        }
        for maker in accepted.makers
    ]
    if rows:
        session.execute(insert(Practice).on_conflict_do_nothing(), rows)


def log_return(session: Session, returned: SaleReturned) -> None:
    """What came back, by lot: feedback for those who made it."""
    rows = [
        {
            "return_id": returned.return_id,
            "line_id": line.line_id,
            "sku": line.sku,
            "lot": line.lot,
            "quantity": line.quantity,
            "reason_code": line.reason_code,
        }
        for line in returned.lines
    ]
    if rows:
        session.execute(insert(MarketReturn).on_conflict_do_nothing(), rows)
