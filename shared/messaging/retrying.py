"""Parked events, tried again: all in one transaction, or one by one where a process died on one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.db import Database, Session
from shared.messaging import dead_letters, parked, telling
from shared.messaging.apply import Wire, retry
from shared.messaging.careful import MAX_ATTEMPTS, ProcessDied, begin, forgetting_unless_killed, noted_run
from shared.messaging.consumer import CauseMissing, Consumer
from shared.messaging.failures import is_transient, summary
from shared.messaging.parked import LIMIT
from shared.messaging.watchdog import watched
from shared.telemetry import logger

log = logger(__name__)

_NO_LOG = UUID(int=0)  # parked events are of many logs: their run is noted under the consumer's own name and none
_LOOK = text("""
    SELECT EXISTS (SELECT FROM parked) AS waiting,
           EXISTS (SELECT FROM parked JOIN attempt USING (source, epoch, seq)) AS suspect
""")
# Those that were tried alone before come last: the others need not wait for another death.
_PLACES = text("""
    SELECT p.source, p.epoch, p.seq FROM parked p LEFT JOIN attempt a USING (source, epoch, seq)
     ORDER BY a.seq IS NOT NULL, p.tried_at LIMIT 500
""")


def retry_parked(database: Database, consumer: Consumer) -> None:
    """Try the parked events again, those first that were tried longest ago."""
    with database.transaction() as session:
        look = session.execute(_LOOK).one()
    if not look.waiting:
        return
    with noted_run(database, consumer.service, _NO_LOG) as died:
        if died or look.suspect:
            _one_by_one(database, consumer)
        else:
            with watched(), database.transaction() as session:
                rows = parked.due(session)
                for row in rows:
                    _settle(session, row, lambda event: retry(session, consumer, event), all_of_them=len(rows) < LIMIT)


def _one_by_one(database: Database, consumer: Consumer) -> None:
    with database.transaction() as session:
        places = [dict(row._mapping) for row in session.execute(_PLACES)]
    for place in places:
        count = begin(database, place)
        if count is None:
            continue
        with forgetting_unless_killed(database, place), watched(), database.transaction() as session:
            row = parked.take(session, **place)
            if row is None:
                continue
            if count > MAX_ATTEMPTS:
                dead_letters.keep(
                    session, row.source, row.epoch, row.event, ProcessDied(row.event), attempts=MAX_ATTEMPTS
                )
                parked.done(session, **place)
                with telling.named([row.event]):
                    log.error("parked event killed its process and became a dead letter")
            else:
                _settle(session, row, lambda event: retry(session, consumer, event))


def _settle(session: Session, row: Any, attempt: Callable[[Wire], None], *, all_of_them: bool = False) -> None:
    place = (row.source, row.epoch, row.seq)
    try:
        attempt(row.event)
    except CauseMissing as error:
        parked.still_waiting(session, *place, error.waiting_for, always=not all_of_them)
        return
    except Exception as error:
        if is_transient(error):
            raise
        dead_letters.keep(session, row.source, row.epoch, row.event, error)
        with telling.named([row.event]):
            log.error("parked event became a dead letter", reason=summary(error))
    parked.done(session, *place)
