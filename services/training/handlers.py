"""The event door: what training does when it hears of something. Any order, any repetition, the same state."""

from __future__ import annotations

from services.training.usecases import practice
from shared.db import Session
from shared.events.inventory import OutputAccepted
from shared.events.sales import SaleReturned, TokenRevoked
from shared.messaging import Consumer, Handlers
from shared.revocation import revoke

handles = Handlers()


@handles(OutputAccepted)
def on_output_accepted(session: Session, event: OutputAccepted) -> None:
    """Its makers have practised."""
    practice.log_output(session, event)


@handles(SaleReturned)
def on_sale_returned(session: Session, event: SaleReturned) -> None:
    """The market answers."""
    practice.log_return(session, event)


@handles(TokenRevoked)
def on_token_revoked(session: Session, event: TokenRevoked) -> None:
    """A token is refused from now on."""
    revoke(session, jti=event.jti, expires_at=event.expires_at)


consumer = Consumer("training", handles)
