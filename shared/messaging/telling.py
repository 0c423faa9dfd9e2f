"""What is told about events while they are sent and applied: log lines that name them, and spans.

A span per event, below the one that its `traceparent` names, the request's that announced it: so one trace leads from a
request to its effect in another service. Of more than 20 events in one group, 20 that lie evenly apart have one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from logging import DEBUG
from typing import Any

from shared import telemetry
from shared.telemetry import logger

log = logger(__name__)

#: So many events of one group have spans of their own.
SPANS = 20
#: Operation → kind of span, as OpenTelemetry's conventions for messaging have it.
_KINDS = {"send": "producer", "process": "consumer"}

Wire = Mapping[str, Any]


@contextmanager
def named(events: Sequence[Wire]) -> Iterator[None]:
    """Lines written within name these events (at least one), of one source and type; the trace is the first one's.

    One event: event_id, sequence. Several: how many, first_sequence, last_sequence (`each` tells them one by one).
    """
    first, last = events[0], events[-1]
    fields: dict[str, Any] = {"source": first["source"].strip("/"), "event_type": first["type"]}
    if len(events) == 1:
        fields |= {"event_id": first["id"], "sequence": first["sequence"]}
    else:
        fields |= {"events": len(events), "first_sequence": first["sequence"], "last_sequence": last["sequence"]}
    with telemetry.about(**fields), telemetry.continuing(first.get("traceparent")):
        yield


def each(text: str, events: Sequence[Wire], **more: Any) -> None:
    """At level debug, a line for each event."""
    if log.is_enabled_for(DEBUG):
        for event in events:
            with named([event]):
                log.debug(text, **more)


@contextmanager
def spans(operation: str, events: Sequence[Wire], consumer: str) -> Iterator[None]:
    """What happens within is done with these events: `send` or `process`. The first one's span is the one at work."""
    if not (events and telemetry.tracing()):
        yield
        return
    first, *others = events[:: -(-len(events) // SPANS)]
    began, failure = time.time_ns(), None
    try:
        with telemetry.span(*_span(operation, first, consumer, len(events)), parent=first.get("traceparent")):
            yield
    except BaseException as error:
        failure = type(error).__name__
        raise
    finally:
        for event in others:
            past(operation, event, consumer, began, failure=failure, together=len(events))


def past(
    operation: str, event: Wire, consumer: str, began: int, *, failure: str | None = None, together: int = 1
) -> None:
    """A span of what was done with an event from `began` (`time.time_ns`) until now."""
    if telemetry.tracing():
        told = _span(operation, event, consumer, together)
        telemetry.past_span(*told, parent=event.get("traceparent"), began=began, failure=failure)


def _span(operation: str, event: Wire, consumer: str, together: int) -> tuple[str, str, dict[str, Any]]:
    told = {
        "messaging.system": "lapak",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": event["type"],  # the type is what one subscribes to
        "messaging.message.id": event["id"],
        "messaging.consumer.group.name": consumer,
        "lapak.source": event["source"].strip("/"),
        "lapak.sequence": event["sequence"],
    }
    if together > 1:
        told["messaging.batch.message_count"] = together
    return _KINDS[operation], f"{operation} {event['type']}", told
