"""What registers say of themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from services.sales.models import RegisterState
from services.sales.usecases import reference
from shared.clock import now
from shared.db import Session


def report(
    session: Session,
    *,
    register: str,
    outlet: str,
    unsent: int,
    oldest_at: datetime | None,
    sent_at: datetime,
    version: str | None,
) -> RegisterState:
    """Note how many facts a register could not send yet; the last word counts. Raises WrongOutlet."""
    reference.register_outlet(session, register=register, outlet=outlet)
    said = {"outlet": outlet, "unsent": unsent, "oldest_at": oldest_at, "sent_at": sent_at, "version": version}
    said |= {"seen_at": now()}
    noted = insert(RegisterState).values(register=register, **said)
    noted = noted.on_conflict_do_update(index_elements=[RegisterState.register], set_=said)
    return session.scalars(noted.returning(RegisterState), execution_options={"populate_existing": True}).one()
