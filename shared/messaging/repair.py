"""What an operator does about dead letters, after the fix: replay them, or discard them with a note."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.db import Database, Session
from shared.errors import Conflict, NotFound
from shared.fields import invalid
from shared.messaging import dead_letters, parked, telling
from shared.messaging.apply import persistently, retry
from shared.messaging.consumer import CauseMissing, Consumer
from shared.messaging.failures import describe, fingerprint, is_transient
from shared.telemetry import logger

log = logger(__name__)

_PAGE_SECONDS = 15.0  # with one more letter that is cut off twice, still less than the command line waits

_PLACE = "source = :source AND epoch = :epoch AND seq = :seq"
_RESOLVE = text(f"""
    UPDATE dead_letter SET resolution = :resolution, resolved_by = :by, resolved_at = now(), error = :before || error
     WHERE {_PLACE}
""")
_FAILED_AGAIN = text(f"""
    UPDATE dead_letter SET error = :error, fingerprint = :fingerprint, attempts = attempts + 1 WHERE {_PLACE}
""")
_AUDIT = text("""
    INSERT INTO manual_batch (source, epoch, sequences, applied_by) VALUES (:source, :epoch, ARRAY[:seq], :by)
""")
_KNOWN = text("SELECT count(*) FILTER (WHERE resolution IS NULL), count(*) FROM dead_letter WHERE fingerprint = :one")
# Those tried least come first: letters that fail again and again keep nobody from their turn.
_OPEN = text("""
    SELECT event ->> 'id' FROM dead_letter WHERE fingerprint = :one AND resolution IS NULL
     ORDER BY attempts, died_at, source, epoch, seq LIMIT :limit
""")
_DISCARD = text("""
    UPDATE dead_letter SET resolution = 'discarded', resolved_by = :by, resolved_at = now(), error = :before || error
     WHERE (source, epoch, seq) IN (
           SELECT source, epoch, seq FROM dead_letter WHERE fingerprint = :one AND resolution IS NULL
            ORDER BY attempts, died_at, source, epoch, seq LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING source, seq
""")


class Resolved(Conflict):
    code = "resolved"
    title = "This dead letter was dealt with in another way"


class NoSuchLetter(NotFound):
    title = "There is no such dead letter"


def replay(database: Database, consumer: Consumer, event_id: UUID, *, by: str) -> str:
    """Give a dead letter to its handler; `replayed`, `parked` (its cause is missing) or `failed` (it stays open).

    It takes effect once however often and by how many at once it is replayed. Each run is noted in `manual_batch`.
    Raises NoSuchLetter, Resolved when it was discarded, or the transient error that outlasted the retries.
    """
    return persistently(lambda: _replay(database, consumer, event_id, by))


def _replay(database: Database, consumer: Consumer, event_id: UUID, by: str) -> str:
    with database.transaction() as session:
        letter = get(session, event_id, lock=True)
        if letter.state == "discarded":
            raise Resolved("It was discarded.")
        if letter.state == "replayed":  # asked anew: while we waited for the lock its cause may have come
            return "parked" if parked.is_parked(session, letter.source, letter.epoch, letter.seq) else "replayed"
        place = {"source": letter.source, "epoch": letter.epoch, "seq": letter.seq}
        session.execute(_AUDIT, place | {"by": by})
        outcome = _handle(session, consumer, letter, place)
        if outcome != "failed":
            session.execute(_RESOLVE, place | {"resolution": "replayed", "by": by, "before": ""})
    with telling.named([letter.event]):
        log.info("dead letter replayed", outcome=outcome)
    return outcome


def _handle(session: Session, consumer: Consumer, letter: Any, place: dict[str, Any]) -> str:
    try:
        retry(session, consumer, letter.event)
    except CauseMissing as error:
        parked.park(session, letter.source, letter.epoch, letter.event, error.waiting_for)
        return "parked"
    except Exception as error:
        if is_transient(error):
            raise
        session.execute(_FAILED_AGAIN, place | {"error": describe(error), "fingerprint": fingerprint(error)})
        return "failed"
    return "replayed"


def get(session: Session, event_id: UUID, *, lock: bool = False) -> Any:
    """The dead letter of an event (see dead_letters.find). Raises NoSuchLetter."""
    letter = dead_letters.find(session, event_id, lock=lock)
    if letter is None:
        raise NoSuchLetter
    return letter


def replay_group(database: Database, consumer: Consumer, group: str, *, limit: int, by: str) -> dict[str, int]:
    """Replay up to `limit` open letters of a fingerprint, each in a transaction of its own, for some seconds at most.

    How many were `replayed`, `parked` and `failed`, and how many of the fingerprint are open now (`left`).
    Raises NoSuchLetter when no letter ever had this fingerprint.
    """
    with database.transaction() as session:
        if not session.execute(_KNOWN, {"one": group}).one()[1]:
            raise NoSuchLetter
        ids = session.scalars(_OPEN, {"one": group, "limit": limit}).all()
    count, began = {"replayed": 0, "parked": 0, "failed": 0}, time.monotonic()
    for event_id in ids:
        try:
            count[replay(database, consumer, UUID(event_id), by=by)] += 1
        except Resolved:  # somebody discarded it in the meantime
            continue
        if time.monotonic() - began > _PAGE_SECONDS:  # one after the other is cut off, and the caller waits
            break
    with database.transaction() as session:
        return count | {"left": session.execute(_KNOWN, {"one": group}).one()[0]}


def discard_group(database: Database, group: str, *, note: str, limit: int, by: str) -> dict[str, int]:
    """Give up to `limit` open letters of a fingerprint up, saying why; how many, and how many are open now (`left`).

    One that is being replayed at this moment is left. Raises NoSuchLetter, Invalid for a note of blanks.
    """
    before = f"{_checked(note)}\n"
    with database.transaction() as session:
        if not session.execute(_KNOWN, {"one": group}).one()[1]:
            raise NoSuchLetter
        values = {"one": group, "limit": limit, "before": before, "by": by}
        discarded = session.execute(_DISCARD, values).all()
    for letter in discarded:
        log.warning("dead letter discarded", source=letter.source, sequence=letter.seq)
    with database.transaction() as session:
        return {"discarded": len(discarded), "left": session.execute(_KNOWN, {"one": group}).one()[0]}


def _checked(note: str) -> str:
    note = " ".join(note.split())
    if not note:
        raise invalid("note", "Say why.")
    return note


def discard(session: Session, event_id: UUID, *, note: str, by: str) -> Any:
    """Give a dead letter up, saying why; the letter. The same again changes nothing.

    Raises NoSuchLetter, Invalid for a note of blanks, Resolved when it was replayed or discarded for another reason.
    """
    note = _checked(note)
    letter = get(session, event_id, lock=True)
    if letter.state == "replayed" or letter.note not in {None, note}:
        raise Resolved(f"It was {letter.state} already.")
    if letter.state == "open":
        place = {"source": letter.source, "epoch": letter.epoch, "seq": letter.seq}
        session.execute(_RESOLVE, place | {"resolution": "discarded", "by": by, "before": f"{note}\n"})
        log.warning("dead letter discarded", source=letter.source, sequence=letter.seq)
    return get(session, event_id)
