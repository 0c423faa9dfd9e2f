"""Up to where to compare: the heads now, and whether everybody has got there."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sqlalchemy import text

from shared.config import SERVICES
from shared.db import Database
from shared.events.subscribers import sources_of

_HEAD = text("SELECT last_seq + (SELECT count(*) FROM outbox) FROM stream")
_LOGGED = text("SELECT last_seq FROM stream")
_LACKING = text("""
    SELECT coalesce(bool_or(NOT got @> int8range(1, :head + 1)), true) FROM cursor
     WHERE source = :source AND epoch = :epoch
""")
_EPOCH = text("SELECT epoch FROM stream")
_ASIDE = text("""
    SELECT event->>'id' AS id, source, seq, 'dead letter' AS what,
           split_part(error, E'\n', CASE resolution WHEN 'discarded' THEN 2 ELSE 1 END) AS why
      FROM dead_letter
     WHERE resolution IS DISTINCT FROM 'replayed'
    UNION ALL SELECT event->>'id', source, seq, 'parked', waiting_for FROM parked
""")

Databases = Mapping[str, Database]


def capture(databases: Databases) -> dict[str, int]:
    """The sequence that each service's log reaches once what is committed now is in it."""
    heads = {}
    for service in SERVICES:
        with databases[service].transaction() as session:
            heads[service] = int(session.execute(_HEAD).scalar_one())
    return heads


def wait_for_all(databases: Databases, heads: Mapping[str, int], *, seconds: float) -> list[str]:
    """Wait until every log and every cursor has got to the heads; who has not after that time, in words."""
    deadline = time.monotonic() + seconds
    while lagging := _lagging(databases, heads):
        if time.monotonic() > deadline:
            return lagging
        time.sleep(0.1)
    return []


def _lagging(databases: Databases, heads: Mapping[str, int]) -> list[str]:
    found, epochs = [], {}
    for source in SERVICES:
        with databases[source].transaction() as session:
            logged = session.execute(_LOGGED).scalar_one()
            epochs[source] = session.execute(_EPOCH).scalar_one()
        if logged < heads[source]:
            found.append(f"{source}: {heads[source] - logged} events are not in the log yet")
    for consumer in SERVICES:
        with databases[consumer].transaction() as session:
            for source in sources_of(consumer):
                values = {"source": source, "epoch": epochs[source], "head": heads[source]}
                if heads[source] > 0 and session.execute(_LACKING, values).scalar():
                    found.append(f"{consumer} has not received all of {source} up to {heads[source]}")
    return found


def set_aside(databases: Databases) -> dict[str, dict[str, str]]:
    """Per consumer, the ids of events that are dead letters or parked, with why: they explain differences.

    By id: a log that was restored gives its sequences away again.
    """
    found: dict[str, dict[str, str]] = {}
    for consumer in SERVICES:
        with databases[consumer].transaction() as session:
            rows = session.execute(_ASIDE).all()
        found[consumer] = {row.id: f"{row.what} {row.source} {row.seq}: {row.why}" for row in rows}
    return found
