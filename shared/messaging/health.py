"""What the event plane looks like from this service's database: depth, lag, dead, parked."""

from __future__ import annotations

from sqlalchemy import text

from shared.db import Session

Figures = dict[str, tuple[str, dict[str, float]]]

_OUTWARD = text("""
    SELECT (SELECT count(*) FROM outbox) AS depth,
           (SELECT coalesce(extract(epoch FROM now() - min(time)), 0) FROM outbox) AS age,
           (SELECT last_seq FROM stream) AS head
""")
# A hole is what lies below the head and was not received; its lower end is where the lag begins.
_INWARD = text("""
    SELECT s.source, s.head,
           s.head + 1 - lower(int8multirange(int8range(1, s.head + 1)) - c.got) AS lag,
           coalesce(extract(epoch FROM now() - s.behind_since), 0) AS behind, s.repairs,
           c.halted IS NOT NULL AS halted
      FROM source_state s JOIN cursor c USING (source, epoch)
""")
_COUNTS = text("""
    SELECT 'dead' AS kind, source, count(*) FROM dead_letter WHERE resolution IS NULL GROUP BY source
    UNION ALL SELECT 'parked', source, count(*) FROM parked GROUP BY source
""")


def figures(session: Session) -> Figures:
    """Gauges by name: `{name: (help, {source: value})}`; outward figures have the source `own`."""
    outward = session.execute(_OUTWARD).one()
    found: Figures = {
        "outbox_depth": ("Events committed but not yet in the log.", {"own": outward.depth}),
        "outbox_age_seconds": ("Age of the oldest of them.", {"own": float(outward.age)}),
        "log_head": ("Sequence of the newest event in the log.", {"own": outward.head or 0}),
        "source_head": ("Newest sequence of the source, as last seen.", {}),
        "lag_events": ("Events between the lowest hole and the head.", {}),
        "lag_seconds": ("How long this consumer has been behind.", {}),
        "repairs_total": ("Holes filled from the feed.", {}),
        "halted": ("1 when the consumer stopped because the source's log forked.", {}),
        "dead_letters": ("Events kept because their handler failed.", {}),
        "parked_events": ("Events whose cause has not arrived.", {}),
    }
    for row in session.execute(_INWARD):
        found["source_head"][1][row.source] = row.head
        found["lag_events"][1][row.source] = max(row.lag or 0, found["lag_events"][1].get(row.source, 0))
        found["lag_seconds"][1][row.source] = float(row.behind)
        found["repairs_total"][1][row.source] = row.repairs
        found["halted"][1][row.source] = float(row.halted)
    for kind, source, count in session.execute(_COUNTS):
        found["dead_letters" if kind == "dead" else "parked_events"][1][source] = count
    return found
