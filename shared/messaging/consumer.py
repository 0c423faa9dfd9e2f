"""The event door of a service: which function handles which event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from shared.db import Session
from shared.events import Event
from shared.events.subscribers import SUBSCRIBERS, sources_of, subscription
from shared.messaging.chores import Chore

E = TypeVar("E", bound=Event)
ManyHandler = Callable[[Session, Sequence[Any]], None]


class CauseMissing(Exception):
    """Raised by a handler: what this event refers to has not arrived. It is parked and tried again every second."""

    def __init__(self, waiting_for: str) -> None:
        super().__init__(f"waiting for {waiting_for}")
        self.waiting_for = waiting_for


class HandlersMismatch(Exception):
    """The handlers of a service are not those that `shared/events/subscribers.py` promises."""


class Handlers:
    """The handlers of one service.

    `@handles(SaleReturned)` marks `f(session, event)`, called once per event; `@handles.many(SaleRecorded)` marks
    `f(session, events)`, called once per batch: set-based, for what arrives in bulk. If a call for many raises, each
    event is tried alone, so a handler never needs to know which one was at fault.

    Handlers run in the plane's transaction, in any order of events, and never commit.
    """

    def __init__(self) -> None:
        self.by_type: dict[str, ManyHandler] = {}

    def __call__(self, event: type[E]) -> Callable[[Callable[[Session, E], None]], Callable[[Session, E], None]]:
        """Mark a handler of single events."""

        def mark(handler: Callable[[Session, E], None]) -> Callable[[Session, E], None]:
            def one_by_one(session: Session, events: Sequence[E]) -> None:
                for one in events:
                    handler(session, one)

            self._add(event, one_by_one)
            return handler

        return mark

    def many(
        self, event: type[E]
    ) -> Callable[[Callable[[Session, Sequence[E]], None]], Callable[[Session, Sequence[E]], None]]:
        """Mark a handler that takes all events of this type in a batch."""

        def mark(handler: Callable[[Session, Sequence[E]], None]) -> Callable[[Session, Sequence[E]], None]:
            self._add(event, handler)
            return handler

        return mark

    def _add(self, event: type[Event], handler: ManyHandler) -> None:
        if event.type_name() in self.by_type:
            raise HandlersMismatch(f"two handlers for {event.type_name()}")
        self.by_type[event.type_name()] = handler


@dataclass(frozen=True)
class Consumer:
    """A service as a listener. Raises HandlersMismatch when its handlers differ from the table of subscribers."""

    service: str
    handlers: Handlers
    chores: tuple[Chore, ...] = ()

    def __post_init__(self) -> None:
        expected = {event.type_name() for event, names in SUBSCRIBERS.items() if self.service in names}
        if set(self.handlers.by_type) != expected:
            different = sorted(expected ^ set(self.handlers.by_type))
            raise HandlersMismatch(f"{self.service}: handlers and subscribers differ in {', '.join(different)}")

    @property
    def sources(self) -> tuple[str, ...]:
        """The services it listens to."""
        return sources_of(self.service)

    def types_from(self, source: str) -> tuple[str, ...]:
        """The event types it receives from a source, sorted."""
        return subscription(self.service, source)
