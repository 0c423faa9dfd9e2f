"""Whether a device holds another catalogue than there is: each sale's answer says so, and no sale waits for a look.

A process answers by the outline that it saw last, and looks again beside its requests. What it misses the device finds
within a minute: it also asks by itself.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from services.sales.queries.catalogue import catalogue, outline, outline_of
from shared.clock import now
from shared.db import Database
from shared.telemetry import logger

#: So old an outline may be before a sale has it looked at again.
_FRESH_SECONDS = 3.0
#: So old it may be to be told at all: the device has asked since, and may know better.
_TOLD_SECONDS = 60.0

log = logger(__name__)


@dataclass(slots=True)
class _Seen:
    """An outlet's outline, and when the reading of it began; whether somebody is looking."""

    outline: str | None = None
    since: float = float("-inf")
    looking: bool = False


_seen: WeakKeyDictionary[Database, dict[str, _Seen]] = WeakKeyDictionary()
# One for all outlets: looking takes turns with what registers wait for, and never takes more than one thread from it.
_lookers = ThreadPoolExecutor(1, thread_name_prefix="outlines")


def changed(database: Database, outlet: str, held: str | None) -> bool:
    """Whether the device that was given the ETag `held` should ask again, as far as is known here. Never waits."""
    one, moment = _of(database, outlet), time.monotonic()
    if moment - one.since > _FRESH_SECONDS and not one.looking:
        one.looking = True
        with suppress(RuntimeError):  # the process ends
            _lookers.submit(_look, database, outlet)
    mine = outline_of(held)
    if not mine:
        return True
    return one.outline is not None and moment - one.since <= _TOLD_SECONDS and one.outline != mine


def saw(database: Database, outlet: str, found: str, *, since: float) -> None:
    """Somebody has read the catalogue, from the moment `since` on (`time.monotonic`)."""
    one = _of(database, outlet)
    if since >= one.since:
        one.outline, one.since = found, since


def _of(database: Database, outlet: str) -> _Seen:
    return _seen.setdefault(database, {}).setdefault(outlet, _Seen())


def _look(database: Database, outlet: str) -> None:
    since = time.monotonic()
    try:
        with database.transaction() as session:
            items = catalogue(session, outlet=outlet, moment=now())
        saw(database, outlet, outline(items), since=since)
    except Exception as error:  # nobody waits for it: the next sale has it looked at again
        log.warning("the catalogue could not be looked at", outlet=outlet, error=type(error).__name__)
    finally:
        _of(database, outlet).looking = False
