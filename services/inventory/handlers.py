"""The event door: what inventory does when it hears of something. Any order, any repetition, the same state."""

from __future__ import annotations

from collections.abc import Sequence

from services.inventory.usecases import reference, skills, sold_goods
from shared.db import Session
from shared.events import sales, training
from shared.events.sales import OutletOpened, SaleLotAssigned, SaleRecorded, SaleReturned
from shared.events.training import SkillGranted, SkillWithdrawn
from shared.messaging import Consumer, Handlers, revoking

handles = Handlers()


@handles(SkillGranted)
def on_skill_granted(session: Session, event: SkillGranted) -> None:
    """A maker may make more."""
    skills.grant(session, event)


@handles(SkillWithdrawn)
def on_skill_withdrawn(session: Session, event: SkillWithdrawn) -> None:
    """A maker may make less; lots of that time are flagged, not rewritten."""
    skills.withdraw(session, event)


@handles(OutletOpened)
def on_outlet_opened(session: Session, event: OutletOpened) -> None:
    """An outlet has a name now."""
    reference.hear_of_outlet(session, event)


@handles.many(SaleRecorded)
def on_sales_recorded(session: Session, events: Sequence[SaleRecorded]) -> None:
    """Sold goods leave the outlets' shelves."""
    sold_goods.move_sold_goods(session, events)


@handles(SaleReturned)
def on_sale_returned(session: Session, event: SaleReturned) -> None:
    """Returned goods come back, or are scrapped."""
    sold_goods.move_returned_goods(session, event)


@handles(SaleLotAssigned)
def on_sale_lot_assigned(session: Session, event: SaleLotAssigned) -> None:
    """A sold line finds its lot."""
    sold_goods.assign_lot(session, event)


revoking.hear(handles, sales.TokenRevoked, training.TokenRevoked)

consumer = Consumer("inventory", handles)
