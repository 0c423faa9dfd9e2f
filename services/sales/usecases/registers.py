"""What registers say of themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.sales.models import RegisterState
from services.sales.queries import catalogue_outlines
from services.sales.queries.registers import sync
from services.sales.usecases import reference
from services.sales.usecases.recording import Till
from shared.clock import now
from shared.db import Database, Session


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
    stands = reference.register_outlet(session, register=register, outlet=outlet)
    said = {"outlet": stands, "unsent": unsent, "oldest_at": oldest_at, "sent_at": sent_at, "version": version}
    said |= {"seen_at": now()}
    noted = insert(RegisterState).values(register=register, **said)
    noted = noted.on_conflict_do_update(index_elements=[RegisterState.register], set_=said)
    return session.scalars(noted.returning(RegisterState), execution_options={"populate_existing": True}).one()


def news(database: Database, *, at: Till, told: dict[str, Any]) -> dict[str, Any]:
    """Note what a register says of itself beside its facts; what it would else have to ask for. Raises WrongOutlet."""
    held = told["catalogue"]
    said = {key: told[key] for key in ("unsent", "oldest_at", "sent_at", "version")}
    with database.transaction() as session:
        report(session, register=at.register, outlet=at.outlet, **said)
        answer = sync(session, at.register)
    return answer | {"catalogue_changed": catalogue_outlines.changed(database, at.outlet, held)}
