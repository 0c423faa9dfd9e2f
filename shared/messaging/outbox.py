"""Announcing: the event is saved with the change that caused it, in the same transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from uuid_utils import uuid7

from shared import jsontext
from shared.clock import now
from shared.db import Session
from shared.events import Event
from shared.telemetry import current_trace

# One statement whatever the number: a batch of 500 sales announces 500 events.
_INSERT = text("""
    INSERT INTO outbox (event_id, type, subject, time, traceparent, data)
    SELECT event_id, type, subject, time, traceparent, data
      FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r(event_id uuid, type text, subject text, time timestamptz, traceparent text, data jsonb)
""")


def rows(*events: Event) -> list[dict[str, Any]]:
    """The outbox rows of events, for who inserts them together with something else."""
    trace, moment = current_trace(), now()
    return [
        {
            "event_id": str(uuid7()),
            "type": event.type_name(),
            "subject": event.subject,
            "time": moment,
            "traceparent": trace,
            "data": event.to_data(),
        }
        for event in events
    ]


def publish(session: Session, *events: Event) -> None:
    """Announce events when this transaction commits. The relay sends them on; nothing is sent from here."""
    if events:
        session.execute(_INSERT, {"rows": jsontext.dumps(rows(*events))})
