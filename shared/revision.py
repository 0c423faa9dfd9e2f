"""The schema that this code needs, and the one that is there. (Alembic itself stays out of the services' processes.)"""

from __future__ import annotations

import re
import time
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database
from shared.sqlstate import code_of
from shared.telemetry import logger

log = logger(__name__)

READY, DOWN = "ready", "down"
PAUSE = 0.5
_SAY_AGAIN = 10.0  # seconds
_SERVICES = Path(__file__).resolve().parent.parent / "services"
_AT = text("SELECT version_num, current_setting('transaction_read_only') = 'on' AS read_only FROM alembic_version")


def head(service: str) -> str:
    """The newest revision, e.g. `0003`, read from the numbered file names (importing Alembic costs 0.1 s at start)."""
    names = (_SERVICES / service / "migrations" / "versions").glob("[0-9]*.py")
    return max(match[0] for name in names if (match := re.match(r"\d{4}", name.name)))


def state(database: Database, needed: str) -> str:
    """`ready`: at the schema that this code needs, or at a newer one (a migration only adds what the release before it
    can do without: docs/operations.md, Upgrade), and changes are taken. Else what is the matter."""
    try:
        with database.transaction() as session:
            at = session.execute(_AT).first()
    except SQLAlchemyError as error:
        missing = (code_of(error) or "").startswith(("42", "3F"))  # no table yet, or no rights on it
        return f"schema at nothing, expected {needed}" if missing else DOWN
    if at is None or at.version_num < needed:
        return f"schema at {at.version_num if at else 'nothing'}, expected {needed}"
    return "read-only" if at.read_only else READY


def wait(database: Database, service: str) -> None:
    """Return once the schema is there. A worker or courier that began on an older one would take events for poison."""
    needed, said, since = head(service), "", float("-inf")
    while (found := state(database, needed)) != READY:
        if found == "read-only":
            return  # the schema is there; what fails then is tried again
        if found != said or time.monotonic() - since > _SAY_AGAIN:
            log.warning("waits for its database", database=found)
            said, since = found, time.monotonic()
        time.sleep(PAUSE)
    if said:
        log.info("its database is ready", schema=needed)
