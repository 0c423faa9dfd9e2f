"""The operator's console below `/events`: lag, dead letters, parked events; events are shown redacted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.fields import PageArgs, check_code, page_of
from shared.http import Blueprint, current_database, current_token, requires, transaction
from shared.messaging import console_shapes as shapes
from shared.messaging import dead_letters, parked, repair
from shared.messaging.consumer import Consumer
from shared.messaging.status import queue_length, status
from shared.paging import Page


def add_doors(door: Blueprint, consumer: Consumer) -> None:
    """Everything that the console offers."""
    _add_views(door, consumer)
    _add_letters(door)
    _add_repairs(door, consumer)


def _add_views(door: Blueprint, consumer: Consumer) -> None:
    @door.get("/events/status")
    @requires("operator", "auditor", console=True)
    @door.response(200, shapes.StatusAnswer())
    def event_status() -> Any:
        """Lag by source, outbox, relay, queue and processes: what /metrics says and more, in one answer."""
        with transaction() as session:
            found = status(session, consumer)
        return found | {"queue": queue_length(consumer.service)}

    @door.get("/events/parked")
    @requires("operator", "auditor", console=True)
    @door.arguments(PageArgs(), location="query")
    @door.response(200, page_of(shapes.ParkedAnswer()))
    def list_parked(args: dict[str, Any]) -> Page:
        """Events whose cause has not arrived, with their age and what they wait for."""
        with transaction() as session:
            return parked.waiting(session, **args)


def _add_letters(door: Blueprint) -> None:
    @door.get("/events/dead-letter-groups")
    @requires("operator", "auditor", console=True)
    @door.arguments(shapes.GroupArgs(), location="query")
    @door.response(200, page_of(shapes.GroupAnswer()))
    def list_dead_letter_groups(args: dict[str, Any]) -> Page:
        """Dead letters counted by failure, event type and state."""
        with transaction() as session:
            return dead_letters.groups(session, **args)

    @door.get("/events/dead-letters")
    @requires("operator", "auditor", console=True)
    @door.arguments(shapes.LetterArgs(), location="query")
    @door.response(200, page_of(shapes.WholeLetterAnswer()))
    def list_dead_letters(args: dict[str, Any]) -> Page:
        """Single dead letters with their events, redacted; of one fingerprint or of all."""
        with transaction() as session:
            return dead_letters.letters(session, **args)

    @door.get("/events/dead-letters/<uuid:letter_id>")
    @requires("operator", "auditor", console=True)
    @door.response(200, shapes.WholeLetterAnswer())
    def get_dead_letter(letter_id: UUID) -> Any:
        """One dead letter with its event, redacted."""
        with transaction() as session:
            return repair.get(session, letter_id)


def _add_repairs(door: Blueprint, consumer: Consumer) -> None:
    @door.post("/events/dead-letters/<uuid:letter_id>/replay")
    @requires("operator")
    @door.response(200, shapes.ReplayedAnswer())
    def replay_dead_letter(letter_id: UUID) -> Any:
        """Give a dead letter to its handler again; it takes effect once, however often this is called."""
        outcome = repair.replay(current_database(), consumer, letter_id, by=current_token().sub)
        with transaction() as session:
            return {"outcome": outcome, "letter": dead_letters.find(session, letter_id)}

    @door.post("/events/dead-letter-groups/<fingerprint>/replay")
    @requires("operator")
    @door.arguments(shapes.ReplayGroupBody())
    @door.response(200, shapes.GroupReplayedAnswer())
    def replay_dead_letter_group(body: dict[str, Any], fingerprint: str) -> Any:
        """Replay the open dead letters of one fingerprint; call again while some are left."""
        group = check_code(fingerprint, "fingerprint")
        return repair.replay_group(current_database(), consumer, group, limit=body["limit"], by=current_token().sub)

    @door.post("/events/dead-letter-groups/<fingerprint>/discard")
    @requires("operator")
    @door.arguments(shapes.DiscardGroupBody())
    @door.response(200, shapes.GroupDiscardedAnswer())
    def discard_dead_letter_group(body: dict[str, Any], fingerprint: str) -> Any:
        """Give the open dead letters of one fingerprint up; call again while some are left."""
        group = check_code(fingerprint, "fingerprint")
        return repair.discard_group(current_database(), group, **body, by=current_token().sub)

    @door.post("/events/dead-letters/<uuid:letter_id>/discard")
    @requires("operator")
    @door.arguments(shapes.DiscardBody())
    @door.response(200, shapes.LetterAnswer())
    def discard_dead_letter(body: dict[str, Any], letter_id: UUID) -> Any:
        """Give a dead letter up; the note says why."""
        with transaction() as session:
            return repair.discard(session, letter_id, note=body["note"], by=current_token().sub)
