"""Which epoch of a source is followed: stopping when its log forked, going on when it began a new epoch."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from shared import jsontext
from shared.db import Session
from shared.messaging.batch import Batch
from shared.telemetry import logger

log = logger(__name__)

# Waits for all that still receive in the old epoch (see cursor.prepare); whoever comes later finds the new one.
_FOLLOWED = text("SELECT epoch FROM source_state WHERE source = :source FOR UPDATE")
_KNOWN = text("SELECT DISTINCT epoch FROM cursor WHERE source = :source")
_INHERIT = text("""
    INSERT INTO cursor (source, epoch, types, got, last_seq, last_id)
    SELECT source, :epoch, types, got * int8multirange(int8range(1, :shared + 1)),
           CASE WHEN last_seq <= :shared THEN last_seq ELSE 0 END, CASE WHEN last_seq <= :shared THEN last_id END
      FROM cursor WHERE source = :source AND epoch = :parent
""")
_ENTER = text("""
    UPDATE source_state SET epoch = :epoch, head = least(head, :shared), behind_since = NULL, halted = NULL,
           mark_seq = 0, mark_id = NULL
     WHERE source = :source
""")
# What waited in a part of the log that is lost: its source will announce it again, or does not know it any more.
_FORGET_PARKED = text("""
    DELETE FROM parked
     WHERE source = :source AND seq > coalesce(CAST(CAST(:ancestors AS jsonb) ->> CAST(epoch AS text) AS bigint), 0)
""")
_HALT = text("""
    UPDATE source_state SET halted = :reason WHERE source = :source AND epoch = :epoch AND halted IS NULL RETURNING 1
""")
_RESUME = text("UPDATE source_state SET halted = NULL WHERE source = :source AND halted IS NOT NULL RETURNING 1")


def enter(session: Session, batch: Batch, *, sideways: bool) -> bool:
    """Follow the batch's epoch from now on, with what was received of an epoch that it came from.

    The epoch followed so far must be one of its ancestors. `sideways`: any epoch ever followed will do; for the same
    backup restored twice, where the source left an epoch without its descending from it. An epoch that was left is
    never entered again: late messages lead nowhere. False, and nothing has changed, when there is no such ancestor.
    """
    place = {"source": batch.source, "epoch": batch.epoch}
    followed: UUID | None = session.scalar(_FOLLOWED, place)
    known = set(session.scalars(_KNOWN, place))
    if followed == batch.epoch:
        return True  # somebody else was quicker
    if followed is None or batch.epoch in known:
        return False
    shared = {epoch: batch.ancestors[epoch] for epoch in known | {followed} if epoch in batch.ancestors}
    if followed not in shared and not (sideways and shared):
        return False
    parent = followed if followed in shared else max(shared, key=lambda epoch: shared[epoch])
    values = place | {"parent": parent, "shared": shared[parent]}
    session.execute(_INHERIT, values)
    session.execute(_ENTER, values)
    ancestors = {str(epoch): sequence for epoch, sequence in batch.ancestors.items()}
    session.execute(_FORGET_PARKED, place | {"ancestors": jsontext.dumps(ancestors)})
    return True


def halt(session: Session, source: str, epoch: UUID, reason: str) -> None:
    """Stop listening to a source, unless another epoch is followed meanwhile: nothing is applied any more."""
    if session.execute(_HALT, {"source": source, "epoch": epoch, "reason": reason}).first():
        log.error("source forked: stopped listening", source=source, reason=reason)


def resume(session: Session, source: str) -> None:
    """Listen again: the source's log is one that continues what was received."""
    if session.execute(_RESUME, {"source": source}).first():
        log.warning("listening again", source=source)
