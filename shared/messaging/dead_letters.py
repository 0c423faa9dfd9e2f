"""Events that their handler could not take: kept with the error, so that nothing else waits for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared import jsontext
from shared.db import Session
from shared.messaging.failures import describe, fingerprint

_KEEP = text("""
    INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint, attempts)
    VALUES (:source, :epoch, :seq, CAST(:event AS jsonb), :error, :fingerprint, :attempts) ON CONFLICT DO NOTHING
""")


def keep(
    session: Session, source: str, epoch: UUID, event: Mapping[str, Any], error: BaseException, attempts: int = 1
) -> None:
    """Keep an event with the error that its handler raised. Doing it twice changes nothing."""
    values = {
        "source": source,
        "epoch": epoch,
        "seq": event["sequence"],
        "event": jsontext.dumps(event),
        "error": describe(error),
        "fingerprint": fingerprint(error),
        "attempts": attempts,
    }
    session.execute(_KEEP, values)
