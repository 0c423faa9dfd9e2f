"""The event door: what training does when it hears of something. Any order, any repetition, the same state."""

from __future__ import annotations

from collections.abc import Sequence

from services.training.usecases import practice
from shared.db import Session
from shared.events.inventory import OutputAccepted
from shared.events.sales import SaleReturned, TokenRevoked
from shared.messaging import Consumer, Handlers
from shared.revocation import revoke

handles = Handlers()


@handles.many(OutputAccepted)
def on_outputs_accepted(session: Session, events: Sequence[OutputAccepted]) -> None:
    """Their makers have practised."""
    practice.log_outputs(session, events)


@handles.many(SaleReturned)
def on_sales_returned(session: Session, events: Sequence[SaleReturned]) -> None:
    """The market answers."""
    practice.log_returns(session, events)


@handles(TokenRevoked)
def on_token_revoked(session: Session, event: TokenRevoked) -> None:
    """A token is refused from now on."""
    revoke(session, jti=event.jti, expires_at=event.expires_at)


consumer = Consumer("training", handles)
