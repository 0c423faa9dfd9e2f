"""The figures of /metrics as one answer for the console, and the length of the queue."""

from __future__ import annotations

from typing import Any

import redis
from sqlalchemy import text

from shared import config, redis_url
from shared.db import Session
from shared.messaging.consumer import Consumer
from shared.messaging.health import figures
from shared.messaging.presence import processes

#: Answer → gauge, by source; what was never heard of is null, what is merely absent is 0.
_BY_SOURCE = {
    "head": "source_head",
    "position": "source_position",
    "lag_events": "lag_events",
    "lag_seconds": "lag_seconds",
    "unseen_seconds": "source_unseen_seconds",
    "holes": "holes",
    "repairs": "repairs_total",
    "redelivered": "redelivered_total",
    "duplicates": "duplicates_total",
    "refused": "refused_total",
}
_ASIDE = {"dead": "dead_letters", "parked": "parked_events", "parked_seconds": "parked_age_seconds"}

_WORDS = text("""
    SELECT source, halted, refused_because, extract(epoch FROM now() - refused_at) AS refused_seconds FROM source_state
""")


def status(session: Session, consumer: Consumer) -> dict[str, Any]:
    """Outbox, relay, processes, and per source head, position, lag, holes, repairs, dead, parked (see StatusAnswer)."""
    found = {name: samples for name, (_, samples) in figures(session).items()}
    words = {row.source: row for row in session.execute(_WORDS)}
    known = {*consumer.sources, *(source for gauge in _ASIDE.values() for source in found[gauge])}
    sources = [
        {"source": source}
        | {name: found[gauge].get(source) for name, gauge in _BY_SOURCE.items()}
        | {"halted": bool(found["halted"][source]) if source in found["halted"] else None}
        | {"halted_because": words[source].halted if source in words else None}
        | {"refused_because": words[source].refused_because if source in words else None}
        | {"refused_seconds": words[source].refused_seconds if source in words else None}
        | {name: found[gauge].get(source, 0) for name, gauge in _ASIDE.items()}
        for source in sorted(known)
    ]
    return {
        "service": consumer.service,
        "log_head": found["log_head"]["own"],
        "outbox_depth": found["outbox_depth"]["own"],
        "outbox_seconds": found["outbox_age_seconds"]["own"],
        "relay_leads": bool(found["relay_leads"]["own"]),
        "sources": sources,
        "processes": processes(session),
    }


def queue_length(service: str) -> int | None:
    """Batches that wait on the service's queue; None when Redis does not answer within half a second."""
    try:
        with redis_url.client(patience=0.5) as client:
            return int(client.llen(service))
    except (redis.RedisError, config.MissingSetting, OSError):
        return None
