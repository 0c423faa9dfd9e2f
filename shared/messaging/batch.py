"""A batch: some sequences of a source's log `[lo, hi)`, with the events among them that a consumer subscribes to.

The queue, the feed and a file applied by hand all carry this one shape, so that one function applies them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from shared import jsontext
from shared.config import SERVICES
from shared.errors import Invalid, flatten
from shared.fields import Instant, WholeNumber

MAX_SEQUENCE = 2**62


@dataclass(frozen=True)
class Batch:
    """`events` are CloudEvents as dictionaries, ascending by `sequence`, all within `[lo, hi)`.

    `last_id` is the id of the log's event at `hi - 1`, whether it is carried or not: what a consumer proves by that it
    has received this very log. `ancestors` are the epochs that the log has left after a restore, each with the last
    sequence at which it is the same as this one.
    """

    source: str
    epoch: UUID
    lo: int
    hi: int
    types: tuple[str, ...]
    events: tuple[Mapping[str, Any], ...]
    last_id: UUID | None = None
    ancestors: Mapping[UUID, int] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """Plain values, as they travel."""
        return {
            "source": f"/{self.source}",
            "epoch": str(self.epoch),
            "lo": self.lo,
            "hi": self.hi,
            "types": list(self.types),
            "events": [dict(event) for event in self.events],
            "last_id": str(self.last_id) if self.last_id else None,
            "ancestors": [{"epoch": str(epoch), "sequence": shared} for epoch, shared in self.ancestors.items()],
        }

    def only(self, event: Mapping[str, Any]) -> Batch:
        """The part that covers just one of its events."""
        at = event["sequence"]
        return replace(self, lo=at, hi=at + 1, events=(event,), last_id=UUID(str(event["id"])))

    def without_events(self, lo: int, hi: int) -> Batch:
        """The part `[lo, hi)`, of which it is known that it holds no events."""
        return replace(self, lo=lo, hi=hi, events=(), last_id=self.last_id if hi == self.hi else None)


def cloud_event(
    *, source: str, seq: int, event_id: UUID, type: str, subject: str, time: datetime, traceparent: str, data: Any
) -> dict[str, Any]:
    """One event of the log in structured CloudEvents 1.0 JSON."""
    return {
        "specversion": "1.0",
        "id": str(event_id),
        "source": f"/{source}",
        "type": type,
        "subject": subject,
        "time": jsontext.instant(time),
        "datacontenttype": "application/json",
        "sequence": seq,
        "traceparent": traceparent,
        "data": data,
    }


class CloudEventSchema(Schema):
    """CloudEvents 1.0, structured JSON. Unknown attributes are ignored: readers are tolerant."""

    class Meta:
        unknown = EXCLUDE

    specversion = fields.String(required=True, validate=validate.Equal("1.0"))
    id = fields.UUID(required=True)
    source = fields.String(required=True)
    type = fields.String(required=True, validate=validate.Length(min=1, max=100))
    subject = fields.String(load_default="")
    time = Instant(load_default=None, allow_none=True)
    datacontenttype = fields.String(load_default="application/json", validate=validate.Equal("application/json"))
    sequence = WholeNumber(low=1, high=MAX_SEQUENCE, required=True)
    traceparent = fields.String(load_default=None, allow_none=True)
    data = fields.Dict(keys=fields.String(), required=True)


class AncestorSchema(Schema):
    """An epoch that this log has left, and the last sequence that they share."""

    epoch = fields.UUID(required=True)
    sequence = WholeNumber(low=0, high=MAX_SEQUENCE, required=True)


class BatchSchema(Schema):
    """A batch as it travels; `source` with or without its slash. Feed pages (with head, min_seq) fit too."""

    class Meta:
        unknown = EXCLUDE

    source = fields.String(required=True)
    epoch = fields.UUID(required=True)
    lo = WholeNumber(low=1, high=MAX_SEQUENCE, required=True)
    hi = WholeNumber(low=1, high=MAX_SEQUENCE, required=True)
    types = fields.List(fields.String(), required=True, validate=validate.Length(max=100))
    events = fields.List(fields.Nested(CloudEventSchema), required=True, validate=validate.Length(max=1000))
    last_id = fields.UUID(load_default=None, allow_none=True)
    ancestors = fields.List(fields.Nested(AncestorSchema), load_default=list, validate=validate.Length(max=1000))

    @validates_schema
    def _consistent(self, data: Mapping[str, Any], **_: Any) -> None:
        source = str(data.get("source", "")).strip("/")
        sequences = [event.get("sequence", 0) for event in data.get("events", ())]
        if source not in SERVICES:
            raise ValidationError("No such source.", "source")
        if data["lo"] > data["hi"]:
            raise ValidationError("Must not be below lo.", "hi")
        if sequences != sorted(set(sequences)) or any(not data["lo"] <= at < data["hi"] for at in sequences):
            raise ValidationError("Sequences must ascend within [lo, hi).", "events")
        if any(event["source"].strip("/") != source or event["type"] not in data["types"] for event in data["events"]):
            raise ValidationError("Each event must be of the batch's source and types.", "events")


batch_schema = BatchSchema()
_cloud_event_schema = CloudEventSchema()


def from_wire(message: Mapping[str, Any]) -> Batch:
    """A batch that our own relay or feed made: trusted, so only taken apart."""
    return Batch(
        source=str(message["source"]).strip("/"),
        epoch=UUID(message["epoch"]),
        lo=message["lo"],
        hi=message["hi"],
        types=tuple(sorted(message["types"])),
        events=tuple(message["events"]),
        last_id=UUID(message["last_id"]) if message["last_id"] else None,
        ancestors={UUID(one["epoch"]): one["sequence"] for one in message["ancestors"]},
    )


def from_outside(message: Any) -> Batch:
    """A batch from a person or a file: checked. Raises Invalid with field paths."""
    try:
        loaded = batch_schema.load(message)
    except ValidationError as error:
        raise Invalid(flatten(error.messages)) from None
    return batch_of(loaded)


def batch_of(loaded: Mapping[str, Any]) -> Batch:
    """The batch behind what `batch_schema` has loaded."""
    events: Sequence[Mapping[str, Any]] = loaded["events"]
    return Batch(
        source=loaded["source"].strip("/"),
        epoch=loaded["epoch"],
        lo=loaded["lo"],
        hi=loaded["hi"],
        types=tuple(sorted(loaded["types"])),
        events=tuple(dict(event, id=str(event["id"])) for event in events),
        last_id=loaded["last_id"],
        ancestors={one["epoch"]: one["sequence"] for one in loaded["ancestors"]},
    )
