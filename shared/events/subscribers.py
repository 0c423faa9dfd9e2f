"""Who listens to what. The relay, the feed and the consumers all read this one table."""

from __future__ import annotations

from typing import Final

from shared.events import inventory, sales, training
from shared.events.base import Event
from shared.events.inventory import (
    ConsignmentReceived,
    LotCreated,
    LotRecalled,
    OutputAccepted,
    ProductPublished,
    StockMoved,
)
from shared.events.sales import OutletOpened, SaleLotAssigned, SaleRecorded, SaleReturned
from shared.events.training import SkillGranted, SkillWithdrawn

SUBSCRIBERS: Final[dict[type[Event], tuple[str, ...]]] = {
    SkillGranted: ("inventory",),
    SkillWithdrawn: ("inventory",),
    ProductPublished: ("sales",),
    OutputAccepted: ("training",),
    LotCreated: ("sales",),
    ConsignmentReceived: ("sales",),
    StockMoved: ("sales",),
    LotRecalled: ("sales",),
    OutletOpened: ("inventory",),
    SaleRecorded: ("inventory",),
    SaleReturned: ("inventory", "training"),
    SaleLotAssigned: ("inventory",),
    training.TokenRevoked: ("inventory", "sales"),
    inventory.TokenRevoked: ("sales", "training"),
    sales.TokenRevoked: ("inventory", "training"),
}

#: Every event type by its name on the wire.
BY_TYPE: Final[dict[str, type[Event]]] = {event.type_name(): event for event in SUBSCRIBERS}


def subscription(consumer: str, source: str) -> tuple[str, ...]:
    """The type names that `consumer` receives from `source`, sorted; empty when it does not listen to it."""
    return tuple(
        sorted(
            event.type_name()
            for event, consumers in SUBSCRIBERS.items()
            if event.SOURCE == source and consumer in consumers
        )
    )


def consumers_of(source: str) -> tuple[str, ...]:
    """The services that listen to `source`, sorted."""
    return tuple(sorted({name for event, names in SUBSCRIBERS.items() if event.SOURCE == source for name in names}))


def sources_of(consumer: str) -> tuple[str, ...]:
    """The services that `consumer` listens to, sorted."""
    return tuple(sorted({event.SOURCE for event, names in SUBSCRIBERS.items() if consumer in names}))
