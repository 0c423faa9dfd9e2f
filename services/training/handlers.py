"""The event door: what training does when it hears of something. Any order, any repetition, the same state."""

from __future__ import annotations

from collections.abc import Sequence

from services.training.usecases import practice
from shared.db import Session
from shared.events import inventory, sales
from shared.events.inventory import OutputAccepted
from shared.events.sales import SaleReturned
from shared.messaging import Consumer, Handlers, revoking

handles = Handlers()


@handles.many(OutputAccepted)
def on_outputs_accepted(session: Session, events: Sequence[OutputAccepted]) -> None:
    """Their makers have practised."""
    practice.log_outputs(session, events)


@handles.many(SaleReturned)
def on_sales_returned(session: Session, events: Sequence[SaleReturned]) -> None:
    """The market answers."""
    practice.log_returns(session, events)


revoking.hear(handles, inventory.TokenRevoked, sales.TokenRevoked)

consumer = Consumer("training", handles)
