"""What a consumer has received of a source: ranges of sequences, exact, with no window and nothing to clean up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.db import Session
from shared.messaging.batch import Batch
from shared.messaging.consumer import Consumer

Ranges = tuple[tuple[int, int], ...]


class CursorMoved(Exception):
    """Somebody else received part of this batch at the same moment: roll back and look again."""


class UnknownEpoch(Exception):
    """The source's log is another than the one followed so far, and does not descend from it."""


class Halted(Exception):
    """The consumer stopped listening to this source: its log forked. See the runbook in docs/operations.md."""


class Mark(NamedTuple):
    """An event that was received in the epoch that is followed: the source's log must hold it for ever."""

    epoch: UUID
    sequence: int
    id: UUID | None


@dataclass(frozen=True)
class Position:
    """One cursor row as seen now; `new` is what it still lacks of a given range."""

    types: tuple[str, ...]
    new: Ranges

    def lacks(self, sequence: int) -> bool:
        """Whether this sequence is among the new ones."""
        return any(lo <= sequence < hi for lo, hi in self.new)


_PLACE = "source = :source AND epoch = :epoch"
# While a snapshot is held every batch leaves a dead version of the row it moved, all of them alike. Read by
# `ix_cursor_newest`, highest first, each row is found at once: only its newest version is the highest. A unique key
# would be read instead of it, and each change would have to ask of every dead version whether it lives.
NEWEST = f"""
    RECURSIVE newest AS (
        (SELECT * FROM cursor WHERE {_PLACE} ORDER BY types DESC, last_seq DESC LIMIT 1)
        UNION ALL
        SELECT below.* FROM newest, LATERAL (
            SELECT * FROM cursor WHERE {_PLACE} AND types < newest.types ORDER BY types DESC, last_seq DESC LIMIT 1
        ) below
    )
"""
# No row: another epoch is followed, or none. The lock keeps the consumer in this epoch until the transaction has ended;
# it is the weakest one, and all that receive share it.
_FOLLOWED = text(f"SELECT 1 FROM source_state WHERE {_PLACE} FOR KEY SHARE")
_ROWS = text(f"WITH {NEWEST} SELECT types FROM newest ORDER BY types")
_BEGIN = text("""
    INSERT INTO source_state (source, epoch) VALUES (:source, :epoch)
    ON CONFLICT (source) DO UPDATE SET epoch = excluded.epoch WHERE source_state.epoch IS NULL RETURNING 1
""")
_NEW = text(f"""
    WITH {NEWEST}
    SELECT c.types, s.halted, lower(r) AS lo, upper(r) AS hi
      FROM newest c
      LEFT JOIN source_state s ON s.source = c.source
      LEFT JOIN LATERAL unnest(int8multirange(int8range(:lo, :hi)) - c.got) AS r ON true
     ORDER BY c.types, lo
""")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('cursor'), hashtext(:source))")
_INSERT = text("INSERT INTO cursor (source, epoch, types) VALUES (:source, :epoch, :types)")
_RETYPE = text(f"UPDATE cursor SET types = :kept WHERE {_PLACE} AND types = :types")
_DELETE = text(f"DELETE FROM cursor WHERE {_PLACE} AND types = :types")
# Last statements of the transaction: locking the cursor first makes four workers slower than one.
_HOLD = text(f"""
    SELECT ctid::text FROM cursor WHERE {_PLACE} AND types = :types ORDER BY last_seq DESC LIMIT 1 FOR NO KEY UPDATE
""")
_ADVANCE = text("""
    UPDATE cursor SET got = got + CAST(:new AS int8multirange),
           last_id = CASE WHEN :last >= last_seq THEN CAST(:last_id AS uuid) ELSE last_id END,
           last_seq = greatest(last_seq, :last)
     WHERE ctid = CAST(:held AS tid) AND NOT got && CAST(:new AS int8multirange) RETURNING 1
""")
_MARK = text("SELECT epoch, mark_seq, mark_id FROM source_state WHERE source = :source AND epoch IS NOT NULL")


def _text(ranges: Iterable[tuple[int, int]]) -> str:
    return "{" + ",".join(f"[{lo},{hi})" for lo, hi in ranges) + "}"


def prepare(session: Session, consumer: Consumer, source: str, epoch: UUID, *, first: bool) -> None:
    """Make the cursor rows fit the subscription: a type subscribed to later begins its own row, empty.

    `first`: this may be the first that is heard of the source. Raises UnknownEpoch when it may not, or when another
    epoch is followed.
    """
    wanted = set(consumer.types_from(source))
    place: dict[str, Any] = {"source": source, "epoch": epoch}
    if not session.execute(_FOLLOWED, place).first() and not (first and session.execute(_BEGIN, place).first()):
        raise UnknownEpoch(f"{consumer.service} does not follow epoch {epoch} of {source}, nor one before it")
    if _fit(session, place, wanted):
        session.execute(_ALONE, place)  # no key keeps two transactions from beginning the same row
        if missing := _fit(session, place, wanted):
            session.execute(_INSERT, place | {"types": missing})


def _fit(session: Session, place: dict[str, Any], wanted: set[str]) -> list[str]:
    """Give up what is not subscribed to any more; the types that no row has yet, sorted."""
    held = session.scalars(_ROWS, place).all()
    for types in held:
        kept = sorted(wanted & set(types))
        if kept != list(types):
            session.execute(_RETYPE if kept else _DELETE, place | {"types": types, "kept": kept})
    return sorted(wanted - {name for types in held for name in types})


def positions(session: Session, batch: Batch, *, partly: bool = False) -> list[Position]:
    """What each cursor row that this batch speaks for lacks of its range. Raises Halted.

    A batch that was filtered by other types than a row's cannot tell that row what is absent; `partly` includes it
    all the same, for callers that count only the events carried.
    """
    found: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    values = {"source": batch.source, "epoch": batch.epoch, "lo": batch.lo, "hi": batch.hi}
    for row in session.execute(_NEW, values):
        if row.halted:
            raise Halted(row.halted)
        if partly or set(row.types) <= set(batch.types):
            found.setdefault(tuple(row.types), []).extend([(row.lo, row.hi)] if row.lo is not None else [])
    return [Position(types, tuple(ranges)) for types, ranges in found.items() if ranges]


def advance(session: Session, batch: Batch, rows: Sequence[Position]) -> None:
    """Count the new ranges as received. Raises CursorMoved when another transaction was first."""
    for row in sorted(rows, key=lambda row: row.types):
        values = {
            "source": batch.source,
            "epoch": batch.epoch,
            "types": list(row.types),
            "new": _text(row.new),
            "last": batch.hi - 1 if batch.last_id else 0,
            "last_id": batch.last_id,
        }
        held = session.scalar(_HOLD, values)
        if held is None or session.execute(_ADVANCE, values | {"held": held}).first() is None:
            raise CursorMoved


def lowest_hole(session: Session, source: str, epoch: UUID, head: int) -> int | None:
    """The lowest sequence up to `head` that some cursor row lacks; None when there is none."""
    values = {"source": source, "epoch": epoch, "lo": 1, "hi": head + 1}
    return min((row.lo for row in session.execute(_NEW, values) if row.lo is not None), default=None)


def mark(session: Session, source: str) -> Mark | None:
    """The mark of the last look at a source; None when it was never heard of."""
    row = session.execute(_MARK, {"source": source}).first()
    return Mark(*row) if row else None
