"""Up to where to compare: the heads now, whether everybody has got there, and what keeps somebody from it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import text

from services.system.verify.snapshots import View
from shared.config import SERVICES
from shared.db import Database
from shared.events.subscribers import sources_of
from shared.messaging import log
from shared.proof.sealing import seal_all

_HEAD = text(f"""
    SELECT last_seq + {log.WAITING} AS head, (SELECT coalesce(max(id), 0) FROM posting) AS posted {log.ROW}
""")
_LOGGED = text(f"""
    SELECT last_seq, epoch, coalesce((SELECT hi FROM seal ORDER BY number DESC LIMIT 1), 0) AS sealed,
           EXISTS (SELECT FROM posting WHERE id <= :posted) AS unsealed
      {log.ROW}
""")
_CURSOR = text("""
    SELECT count(*) AS rows, coalesce(bool_or(NOT got @> int8range(1, :head + 1)), true) AS lacking
      FROM cursor JOIN source_state USING (source, epoch) WHERE source = :source AND epoch = :epoch
""")
_HALTED = text("SELECT source, halted FROM source_state WHERE halted IS NOT NULL ORDER BY source")
_ASIDE = """
    SELECT event->>'id' AS id, coalesce(event->>'type', '-') AS type, coalesce(event->>'subject', '-') AS subject,
           'dead letter' AS what, source, seq, resolution IS NULL AS open,
           split_part(error, E'\\n', CASE resolution WHEN 'discarded' THEN 2 ELSE 1 END) AS why
      FROM dead_letter
     WHERE resolution IS DISTINCT FROM 'replayed'
    UNION ALL
    SELECT event->>'id', coalesce(event->>'type', '-'), coalesce(event->>'subject', '-'), 'parked', source, seq,
           parked_at < now() - interval '1 minute',
           waiting_for
      FROM parked
"""

#: Events whose loss changes neither money nor goods.
_NEITHER = tuple(f"lapak.{service}.TokenRevoked.v1" for service in SERVICES)

Databases = Mapping[str, Database]


class Head(NamedTuple):
    """A log reaches to `sequence` once what is committed now is in it; what is posted now is sealed when it was."""

    sequence: int
    posted: int


class Apart(NamedTuple):
    """An event that has not taken effect at a consumer, and why. `open`: it waits for a person, or has for too long."""

    id: str
    type: str
    subject: str
    why: str
    open: bool


#: By event id: a log that was restored gives its sequences away again.
Aside = dict[str, Apart]


def capture(databases: Databases) -> tuple[dict[str, Head], list[str]]:
    """The heads, and which services do not say where their log ends."""
    heads, wrong = {}, []
    for service in SERVICES:
        with databases[service].transaction() as session:
            row = session.execute(_HEAD).first()
        if row is None:
            wrong.append(f"{service}: the row that says where its log ends is gone (table stream)")
        else:
            heads[service] = Head(row.head, row.posted)
    return heads, wrong


def wait_for_all(databases: Databases, heads: Mapping[str, Head], *, seconds: float) -> list[str]:
    """Wait until every log, seal and cursor has got to the heads; who has not after that time, in words.

    What is not sealed yet is sealed from here: nobody waits for a courier's next turn, nor for one that does not run.
    """
    deadline = time.monotonic() + seconds
    for service in SERVICES:
        seal_all(databases[service])
    while lagging := _lagging(databases, heads):
        if time.monotonic() > deadline:
            return lagging
        time.sleep(0.1)
        for service in SERVICES:
            seal_all(databases[service])
    return []


def _lagging(databases: Databases, heads: Mapping[str, Head]) -> list[str]:
    found: list[str] = []
    epochs = {}
    for source in SERVICES:
        with databases[source].transaction() as session:
            row = session.execute(_LOGGED, {"posted": heads[source].posted}).one()
        epochs[source] = row.epoch
        if row.last_seq < heads[source].sequence:
            found.append(f"{source}: {heads[source].sequence - row.last_seq} events are not in the log yet")
        elif row.sealed < heads[source].sequence or row.unsealed:
            found.append(f"{source}: not all is sealed yet, only up to sequence {row.sealed} (does its courier run?)")
    for consumer in SERVICES:
        with databases[consumer].transaction() as session:
            for source in sources_of(consumer):
                values = {"source": source, "epoch": epochs[source], "head": heads[source].sequence}
                found += _behind(consumer, source, heads[source].sequence, session.execute(_CURSOR, values).one())
    return found


def _behind(consumer: str, source: str, head: int, row: Any) -> list[str]:
    if head == 0 or not row.lacking:
        return []
    never = "" if row.rows else ": nothing says what it has received (tables cursor, source_state)"
    return [f"{consumer} has not received all of {source} up to {head}{never}"]


def halted(databases: Databases) -> list[str]:
    """Who has stopped listening to whom, with the reason."""
    found = []
    for consumer in SERVICES:
        with databases[consumer].transaction() as session:
            found += [f"{consumer} has halted on {row.source}: {row.halted}" for row in session.execute(_HALTED)]
    return found


def set_aside(view: View) -> dict[str, Aside]:
    """Per consumer, the events that are dead letters or parked: they explain why something did not take effect."""
    return {
        consumer: {
            row.id: Apart(row.id, row.type, row.subject, f"{row.what} {row.source} {row.seq}: {row.why}", row.open)
            for row in view.holder(consumer, _ASIDE)
            if row.id
        }
        for consumer in SERVICES
    }


def undecided(aside: Mapping[str, Aside]) -> list[str]:
    """Open dead letters, and what has been parked for a minute, that concern money or goods, in words."""
    return [
        f"{consumer}: {one.type} {one.subject} ({one.why})"
        for consumer, events in aside.items()
        for one in events.values()
        if one.open and one.type not in _NEITHER
    ]
