"""What the event plane looks like from this service's database: depth, lag, dead, parked."""

from __future__ import annotations

from sqlalchemy import text

from shared.db import Session
from shared.messaging.log import ROW

Figures = dict[str, tuple[str, dict[str, float]]]

#: The relay's advisory lock. (Its module would bring Celery into every web process; a test holds the two together.)
RELAY_LOCK = 72616465

RELAY_LEADS = f"""
    EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database AND d.datname = current_database()
             WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = {RELAY_LOCK} AND objsubid = 1)
"""
_OUTWARD = text(f"""
    SELECT waiting.depth, waiting.age, head.last_seq AS head, {RELAY_LEADS} AS leads
      FROM (SELECT last_seq, moved_id {ROW}) head,
           LATERAL (SELECT count(*) AS depth, coalesce(extract(epoch FROM now() - min(time)), 0) AS age
                      FROM outbox WHERE id > head.moved_id) waiting
""")
# The position does not depend on the head, which nobody reads while the courier is down. What the queue brought beyond
# the head that was last read is news of the head too.
_INWARD = text("""
    SELECT s.source, top.head, lower(int8multirange(int8range(1, NULL)) - c.got) - 1 AS position,
           (SELECT count(*) FROM unnest(int8multirange(int8range(1, top.head + 1)) - c.got)) AS holes,
           coalesce(extract(epoch FROM now() - CASE WHEN current_setting('transaction_read_only') = 'on' THEN s.seen_at
                                                    ELSE s.behind_since END), 0) AS behind,
           coalesce(extract(epoch FROM now() - s.seen_at), 0) AS unseen,
           s.repairs, s.redelivered, s.duplicates, s.refused, s.halted IS NOT NULL AS halted
      FROM source_state s JOIN cursor c USING (source, epoch),
           LATERAL (SELECT greatest(s.head, upper(c.got) - 1) AS head) top
""")
_ASIDE = text("""
    SELECT 'dead' AS kind, source, count(*), 0 AS age FROM dead_letter WHERE resolution IS NULL GROUP BY source
    UNION ALL
    SELECT 'parked', source, count(*), extract(epoch FROM now() - min(parked_at)) FROM parked GROUP BY source
""")


#: Figure → what it says; those of the service's own log, and those by source.
OUTWARD = {
    "outbox_depth": "Events committed but not yet in the log.",
    "outbox_age_seconds": "Age of the oldest of them.",
    "log_head": "Sequence of the newest event in the log.",
    "relay_leads": "1 while a relay holds the lock that makes it the leader.",
}
INWARD = {
    "source_head": "Newest sequence of the source that this consumer knows of.",
    "source_position": "Sequence up to which all was received.",
    "source_unseen_seconds": "Since the source's head was last read; lag is known only as of then.",
    "lag_events": "From the position to that head.",
    "lag_seconds": "How long this consumer has been behind; on a read-only database, since nothing was received.",
    "holes": "Ranges below the head that were not received.",
    "repairs_total": "Holes filled from the feed.",
    "redelivered_total": "Batches that the queue brought a second time.",
    "duplicates_total": "Batches from the queue that brought nothing new.",
    "refused_total": "Batches from the queue that their source had not signed: refused, and pulled from its feed.",
    "halted": "1 when the consumer stopped because the source's log forked.",
    "dead_letters": "Events kept because their handler failed.",
    "parked_events": "Events whose cause has not arrived.",
    "parked_age_seconds": "Age of the oldest of them.",
}


def figures(session: Session) -> Figures:
    """Figures by name: `{name: (help, {source: value})}`; those of the service's own log have the source `own`."""
    outward = session.execute(_OUTWARD).one()
    own = (outward.depth, float(outward.age), outward.head or 0, float(outward.leads))
    found: Figures = {name: (text, {"own": value}) for (name, text), value in zip(OUTWARD.items(), own, strict=True)}
    found |= {name: (text, {}) for name, text in INWARD.items()}
    _add_inward(session, found)
    for kind, source, count, age in session.execute(_ASIDE):
        found["dead_letters" if kind == "dead" else "parked_events"][1][source] = count
        if kind == "parked":
            found["parked_age_seconds"][1][source] = float(age)
    return found


def _add_inward(session: Session, found: Figures) -> None:
    """The figures by source; of several cursor rows for one source the one farthest behind speaks."""
    for row in session.execute(_INWARD):
        source, worst = row.source, found["source_position"][1].get(row.source)
        found["source_head"][1][source] = max(row.head, found["source_head"][1].get(source, 0))
        found["source_unseen_seconds"][1][source] = float(row.unseen)
        found["lag_seconds"][1][source] = float(row.behind)
        for name in ("repairs", "redelivered", "duplicates", "refused"):
            found[f"{name}_total"][1][source] = getattr(row, name)
        found["halted"][1][source] = max(float(row.halted), found["halted"][1].get(source, 0))
        if worst is None or row.position < worst:
            found["source_position"][1][source] = row.position
            found["holes"][1][source] = row.holes
        found["lag_events"][1][source] = found["source_head"][1][source] - found["source_position"][1][source]
