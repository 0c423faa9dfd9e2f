"""What a consumer has received of a source: ranges of sequences, exact, with no window and nothing to clean up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Position:
    """One cursor row as seen now; `new` is what it still lacks of a given range."""

    types: tuple[str, ...]
    new: Ranges

    def lacks(self, sequence: int) -> bool:
        """Whether this sequence is among the new ones."""
        return any(lo <= sequence < hi for lo, hi in self.new)


_PLACE = "source = :source AND epoch = :epoch"
_ROWS = text(f"SELECT types FROM cursor WHERE {_PLACE} ORDER BY types")
_OTHER_EPOCHS = text("SELECT DISTINCT epoch FROM cursor WHERE source = :source AND epoch <> :epoch")
_NEW = text(f"""
    SELECT c.types, c.halted, lower(r) AS lo, upper(r) AS hi
      FROM cursor c
      LEFT JOIN LATERAL unnest(int8multirange(int8range(:lo, :hi)) - c.got) AS r ON true
     WHERE {_PLACE} ORDER BY c.types, lo
""")
_INSERT = text("""
    INSERT INTO cursor (source, epoch, types, got) VALUES (:source, :epoch, :types, CAST(:got AS int8multirange))
    ON CONFLICT DO NOTHING
""")
_RETYPE = text(f"UPDATE cursor SET types = :kept WHERE {_PLACE} AND types = :types")
_DELETE = text(f"DELETE FROM cursor WHERE {_PLACE} AND types = :types")
_INHERIT = text("""
    INSERT INTO cursor (source, epoch, types, got, last_seq, last_id)
    SELECT source, :epoch, types, got * int8multirange(int8range(1, :last + 1)), least(last_seq, :last),
           CASE WHEN last_seq <= :last THEN last_id END
      FROM cursor WHERE source = :source AND epoch = :parent
    ON CONFLICT DO NOTHING
""")
# Last statement of the transaction: locking the cursor first makes four workers slower than one.
_ADVANCE = text(f"""
    UPDATE cursor SET got = got + CAST(:new AS int8multirange),
           last_id = CASE WHEN :last >= last_seq THEN CAST(:last_id AS uuid) ELSE last_id END,
           last_seq = greatest(last_seq, :last)
     WHERE {_PLACE} AND types = :types AND NOT got && CAST(:new AS int8multirange) RETURNING 1
""")
_LAST = text("""
    SELECT c.epoch, c.last_seq, c.last_id FROM cursor c LEFT JOIN source_state s USING (source)
     WHERE source = :source ORDER BY (c.epoch = s.epoch) DESC NULLS LAST, c.last_seq DESC LIMIT 1
""")
_HALT = text("UPDATE cursor SET halted = :reason WHERE source = :source AND halted IS NULL")


def _text(ranges: Iterable[tuple[int, int]]) -> str:
    return "{" + ",".join(f"[{lo},{hi})" for lo, hi in ranges) + "}"


def prepare(session: Session, consumer: Consumer, source: str, epoch: UUID, *, first: bool) -> None:
    """Make the cursor rows fit the subscription: a type subscribed to later begins its own row, empty.

    `first`: this may be the first that is heard of the source. Raises UnknownEpoch when it may not, or when another
    epoch has been followed so far.
    """
    wanted = set(consumer.types_from(source))
    place = {"source": source, "epoch": epoch}
    rows = session.execute(_ROWS, place).all()
    if not rows and (not first or session.execute(_OTHER_EPOCHS, place).first()):
        raise UnknownEpoch(f"{consumer.service} does not follow the log {epoch} of {source}")
    for row in rows:
        kept = sorted(wanted & set(row.types))
        if kept != list(row.types):
            session.execute(_RETYPE if kept else _DELETE, place | {"types": row.types, "kept": kept})
    missing = sorted(wanted - {name for row in rows for name in row.types})
    if missing:
        session.execute(_INSERT, place | {"types": missing, "got": "{}"})


def inherit(session: Session, source: str, epoch: UUID, parent: tuple[UUID, int]) -> bool:
    """Begin a new epoch with what was received of its parent, up to where they branch. False: parent not followed."""
    values = {"source": source, "epoch": epoch, "parent": parent[0], "last": parent[1]}
    session.execute(_INHERIT, values)
    return session.execute(_ROWS, {"source": source, "epoch": epoch}).first() is not None


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
    last = batch.events[-1] if batch.events else None
    for row in sorted(rows, key=lambda row: row.types):
        values = {
            "source": batch.source,
            "epoch": batch.epoch,
            "types": list(row.types),
            "new": _text(row.new),
            "last": last["sequence"] if last else 0,
            "last_id": last["id"] if last else None,
        }
        if session.execute(_ADVANCE, values).first() is None:
            raise CursorMoved


def lowest_hole(session: Session, source: str, epoch: UUID, head: int) -> int | None:
    """The lowest sequence up to `head` that some cursor row lacks; None when there is none."""
    values = {"source": source, "epoch": epoch, "lo": 1, "hi": head + 1}
    return min((row.lo for row in session.execute(_NEW, values) if row.lo is not None), default=None)


def last_received(session: Session, source: str) -> tuple[UUID, int, UUID | None] | None:
    """(epoch, sequence, id) of the newest event received of a source; None when it was never heard of."""
    row = session.execute(_LAST, {"source": source}).first()
    return (row.epoch, row.last_seq, row.last_id) if row else None


def halt(session: Session, source: str, reason: str) -> None:
    """Stop listening to a source until a person has looked."""
    session.execute(_HALT, {"source": source, "reason": reason})
