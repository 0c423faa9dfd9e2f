"""The tables of the proof; every service's database has its own set."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    func,
)

from shared.db import DERIVED, OWNED, PLUMBING, POSTED

Instant = DateTime(timezone=True)


def _rows() -> list[Column[object]]:
    """Rows of one table, by their keys and the digests of all their columns (none: the row was deleted).

    `hand`: the database role that wrote them, where it is not the application's (which may not change posted rows).
    """
    return [
        Column("table_name", String(63), nullable=False),
        Column("keys", ARRAY(Text), nullable=False),
        Column("digests", ARRAY(LargeBinary), nullable=False),
        Column("hand", String(63)),
        Column("posted_at", Instant, nullable=False, server_default=func.now()),
    ]


#: Which tables are watched, and how: `posted` rows stay as they are, of `changes` the last one counts, `facts` are
#: sealed with their event (`view` has them by id), `guarded` ones are proved by something else, and only a foreign
#: hand in them is noted. Rows from before `since` were taken as they were found; what was posted before `floor` is
#: superseded. Written by its owner alone, through the function `watch`.
watched = Table(
    "watched",
    PLUMBING,
    Column("table_name", String(63), primary_key=True),
    Column("keeps", String(10), nullable=False),
    Column("key", Text, nullable=False),
    Column("columns", ARRAY(Text), nullable=False),
    Column("view", String(63)),
    Column("event", String(100)),
    Column("since", Instant, nullable=False, server_default=func.now()),
    Column("floor", BigInteger, nullable=False),
    info=OWNED | {"watched": True},
)

#: Written by triggers in the business transaction; emptied when it is sealed.
posting = Table("posting", PLUMBING, Column("id", BigInteger, Identity(), primary_key=True), *_rows())

#: What was posted, for ever.
posted = Table(
    "posted",
    PLUMBING,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("seal", BigInteger, nullable=False),
    *_rows(),
    Index("ix_posted_seal", "seal"),
    info=POSTED | DERIVED,
)

#: A link of the chain: over the one before, the log's rows `(lo, hi]`, and what was posted since. `events` and
#: `postings` are the first 8 bytes of each row's digest, so that the one that was changed can be named.
seal = Table(
    "seal",
    PLUMBING,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("lo", BigInteger, nullable=False),
    Column("hi", BigInteger, nullable=False),
    Column("events", LargeBinary, nullable=False),
    Column("postings", LargeBinary, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
    Column("sealed_at", Instant, nullable=False, server_default=func.now()),
    info=POSTED | DERIVED,
)

#: The last seal of another service that was heard of in each minute.
witness = Table(
    "witness",
    PLUMBING,
    Column("source", String(20), primary_key=True),
    Column("epoch", Uuid, primary_key=True),
    Column("minute", Instant, primary_key=True),
    Column("seal", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("chain", LargeBinary(32), nullable=False),
)
