"""The event plane's HTTP door, the same in every service: the feed, batches applied by hand, the console."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app
from marshmallow import Schema, fields, validate

from shared.db import Database
from shared.errors import Problem
from shared.fields import WholeNumber
from shared.http import Blueprint, current_token, requires, transaction
from shared.messaging import console, log
from shared.messaging.batch import MAX_SEQUENCE, AncestorSchema, BatchSchema, CloudEventSchema, batch_of
from shared.messaging.by_hand import apply_by_hand
from shared.messaging.consumer import Consumer
from shared.proof.witnesses import SealSchema, last_seal


class Gone(Problem):
    status = 410
    code = "gone"
    title = "That part of the log was removed"


class FeedArgs(Schema):
    """`after` and `limit`; `seen`, `seen_id`, `seen_epoch`: how far the consumer got in which epoch.

    `seen_id` is the id of the event at the sequence `seen`; 409 `forked` when the log holds another one there, or none.
    """

    after = fields.Integer(load_default=0, validate=validate.Range(min=0, max=MAX_SEQUENCE))
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=1000))
    seen = fields.Integer(load_default=0, validate=validate.Range(min=0, max=MAX_SEQUENCE))
    seen_id = fields.UUID(load_default=None)
    seen_epoch = fields.UUID(load_default=None)


class FeedPage(Schema):
    """Sequences `[lo, hi)`, with the events among them of the types that the caller subscribes to.

    `last_id`: the id of the event at `hi - 1`. `ancestors`: epochs that this log has left after a restore.
    """

    source = fields.String(required=True)
    epoch = fields.UUID(required=True)
    lo = WholeNumber(high=MAX_SEQUENCE, required=True)
    hi = WholeNumber(high=MAX_SEQUENCE, required=True)
    head = WholeNumber(high=MAX_SEQUENCE, required=True)
    min_seq = WholeNumber(high=MAX_SEQUENCE, required=True)
    types = fields.List(fields.String(), required=True)
    events = fields.List(fields.Nested(CloudEventSchema), required=True)
    last_id = fields.UUID(required=True, allow_none=True)
    ancestors = fields.List(fields.Nested(AncestorSchema), required=True)
    seal = fields.Nested(SealSchema, allow_none=True)


class AppliedSchema(Schema):
    """What applying a batch by hand did; `new` is false when all of it had been received before."""

    new = fields.Boolean(required=True)
    handled = fields.Integer(required=True)
    parked = fields.Integer(required=True)
    dead = fields.Integer(required=True)


def blueprint(consumer: Consumer) -> Blueprint:
    """`GET` and `POST /events` below the service's prefix, and the console below them."""
    door = Blueprint("events", __name__, url_prefix="/", description="The event feed")

    @door.get("/events")
    @requires("service")
    @door.arguments(FeedArgs(), location="query")
    @door.alt_response(200, schema=FeedPage(), description="A page of the log")
    def read_feed(args: dict[str, Any]) -> dict[str, Any]:
        """Read the log after a sequence."""
        with transaction() as session:
            at = log.stream(session)
            log.check_descent(session, at, epoch=args["seen_epoch"], seen=args["seen"], seen_id=args["seen_id"])
            if args["after"] + 1 < log.MIN_SEQ:
                raise Gone(f"The log begins at {log.MIN_SEQ}.", min_seq=log.MIN_SEQ)
            page = log.read(session, at, current_token().service or "", after=args["after"], limit=args["limit"])
            seal = last_seal(session)
        return page.to_wire() | {"head": at.last_seq, "min_seq": log.MIN_SEQ, "seal": seal}

    @door.post("/events")
    @requires("operator")
    @door.arguments(BatchSchema())
    @door.response(200, AppliedSchema())
    def apply_events(body: dict[str, Any]) -> Any:
        """Apply a batch by hand; the carried events count as received, and it is audited."""
        database = cast(Database, current_app.extensions["lapak.database"])
        return apply_by_hand(database, consumer, batch_of(body), applied_by=current_token().sub)

    console.add_doors(door, consumer)
    return door
