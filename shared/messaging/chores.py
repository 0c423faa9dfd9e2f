"""Work of a service that its courier does bit by bit, behind everything else.

A chore is a function of the database that does a small piece in a transaction of its own, and tells whether there was
one. What is to be done stands in a table, so that nothing is lost when a courier dies; and no two couriers do the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event as Flag

from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database
from shared.telemetry import logger

log = logger(__name__)

Chore = Callable[[Database], bool]

IDLE = 0.25
#: After a database error: it may be away for a while.
REST = 1.0


def keep_at(chore: Chore, database: Database, stop: Flag) -> None:
    """Do it until the flag is set: half of the time while there is something to do, so that others get their turn."""
    while not stop.is_set():
        began = time.monotonic()
        try:
            did_something = chore(database)
            pause = time.monotonic() - began if did_something else IDLE
        except SQLAlchemyError as error:
            log.warning("chore is tried again", chore=chore.__name__, error=type(error).__name__)
            pause = REST
        stop.wait(pause)
