"""The event plane's tables; every service's database has its own set."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, JSONB

from shared.db import GUARDED, PLUMBING, POSTED
from shared.pairing import pairing
from shared.proof.tables import posted, posting, seal, watched, witness
from shared.revocation import revoked_token

__all__ = ["PLUMBING", "pairing", "posted", "posting", "revoked_token", "seal", "watched", "witness"]


def _event_columns() -> list[Column[object]]:
    return [
        Column("event_id", Uuid, nullable=False),
        Column("type", String(100), nullable=False),
        Column("subject", String(100), nullable=False),
        Column("time", DateTime(timezone=True), nullable=False),
        Column("traceparent", String(55), nullable=False),
        Column("data", JSONB, nullable=False),
    ]


def _position() -> list[Column[object]]:
    return [
        Column("source", String(20), primary_key=True),
        Column("epoch", Uuid, primary_key=True),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
    ]


def _when(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


# -- outward: what this service announces ------------------------------------------------------------------

#: Written in the business transaction; emptied by the relay within milliseconds.
outbox = Table(
    "outbox",
    PLUMBING,
    Column("id", BigInteger, Identity(), primary_key=True),
    *_event_columns(),
    info=GUARDED,
)

#: One row: where the log ends. Its row lock fences a relay that was thought dead. Rows of the outbox up to `moved_id`
#: are in the log, or were never committed. Found by its index, highest first, and without a key: docs/decisions/0012.
stream = Table(
    "stream",
    PLUMBING,
    Column("id", SmallInteger, nullable=False, server_default=text("1")),
    Column("source", String(20), nullable=False),
    Column("epoch", Uuid, nullable=False, server_default=func.gen_random_uuid()),
    Column("last_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("moved_id", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("id = 1", name="single_row"),
)
Index("ix_stream_last_seq", stream.c.last_seq)

#: Epochs that this log has left, each with the last sequence at which it is still the same as the present one.
ancestor = Table(
    "ancestor",
    PLUMBING,
    Column("epoch", Uuid, primary_key=True),
    Column("shared", BigInteger, nullable=False),
    _when("left_at"),
    Column("sealed", BigInteger),  # the number of the last seal that they share
)

#: The truth: every event, contiguous from 1, never changed.
event_log = Table(
    "event_log",
    PLUMBING,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    *_event_columns(),
    _when("logged_at"),
    info=POSTED | GUARDED,  # the seals prove it
)
Index("uq_event_log_event_id", event_log.c.event_id, unique=True)
Index("ix_event_log_type_seq", event_log.c.type, event_log.c.seq)

#: How far the log was put on each consumer's queue.
delivery = Table(
    "delivery",
    PLUMBING,
    Column("consumer", String(20), primary_key=True),
    Column("published_seq", BigInteger, nullable=False),
)

# -- inward: what this service has received ---------------------------------------------------------------

#: What was received of a source, as ranges of sequences. A type subscribed to later has a row of its own. Without a
#: key, as `stream`: rows begin one transaction after the other.
cursor = Table(
    "cursor",
    PLUMBING,
    Column("source", String(20), nullable=False),
    Column("epoch", Uuid, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    Column("got", INT8MULTIRANGE, nullable=False, server_default=text("'{}'")),
    Column("last_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("last_id", Uuid),
)
Index("ix_cursor_newest", cursor.c.source, cursor.c.epoch, cursor.c.types, cursor.c.last_seq)

#: The epoch of a source that is followed (`halted`: why nothing of it is applied); what the reconciler last saw of it.
#: `mark_*`: an event that was received by then, and that the source's log must still hold at the next look.
source_state = Table(
    "source_state",
    PLUMBING,
    Column("source", String(20), primary_key=True),
    Column("epoch", Uuid),
    Column("head", BigInteger, nullable=False, server_default=text("0")),
    Column("seen_at", DateTime(timezone=True)),
    Column("behind_since", DateTime(timezone=True)),
    Column("repairs", BigInteger, nullable=False, server_default=text("0")),
    Column("redelivered", BigInteger, nullable=False, server_default=text("0")),  # batches that the queue brought again
    Column("duplicates", BigInteger, nullable=False, server_default=text("0")),  # batches that brought nothing new
    Column("halted", Text),
    Column("refused", BigInteger, nullable=False, server_default=text("0")),  # batches that were not signed by it
    Column("refused_at", DateTime(timezone=True)),
    Column("refused_because", Text),
    Column("mark_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("mark_id", Uuid),
)

#: Events whose handler failed on their data: kept with the error, replayed by hand after the fix.
dead_letter = Table(
    "dead_letter",
    PLUMBING,
    *_position(),
    Column("event", JSONB, nullable=False),
    Column("error", Text, nullable=False),
    Column("fingerprint", String(16), nullable=False, index=True),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    _when("died_at"),
    Column("resolution", String(10)),
    Column("resolved_by", String(200)),
    Column("resolved_at", DateTime(timezone=True)),
    CheckConstraint("resolution IN ('replayed', 'discarded')", name="resolution"),
)
Index("ix_dead_letter_event_id", dead_letter.c.event["id"].astext)
_turn = (dead_letter.c[name] for name in ("fingerprint", "attempts", "died_at"))
Index("ix_dead_letter_turn", *_turn, postgresql_where=text("resolution IS NULL"))

#: Events whose cause has not arrived yet; tried again every second.
parked = Table(
    "parked",
    PLUMBING,
    *_position(),
    Column("event", JSONB, nullable=False),
    Column("waiting_for", Text, nullable=False),
    _when("parked_at"),
    _when("tried_at"),
    Column("tries", Integer, nullable=False, server_default=text("1")),
)

#: Attempts at one event alone, committed before it is applied, so that one that kills its process is seen.
attempt = Table(
    "attempt",
    PLUMBING,
    *_position(),
    Column("count", Integer, nullable=False, server_default=text("1")),
    _when("started_at"),
)

#: Batches applied by hand: who, what, when.
manual_batch = Table(
    "manual_batch",
    PLUMBING,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("source", String(20), nullable=False),
    Column("epoch", Uuid, nullable=False),
    Column("sequences", ARRAY(BigInteger), nullable=False),
    Column("applied_by", String(200), nullable=False),
    _when("applied_at"),
    info=POSTED,
)
