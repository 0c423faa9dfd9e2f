"""What inventory announces. `OutputAccepted` stays inside the wall: only training receives it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from shared.events.base import (
    BilingualName,
    Code,
    Day,
    Event,
    Instant,
    LotCode,
    Part,
    Quantity,
    ReasonCode,
    Revocation,
    Rupiah,
    Version,
)


class ProductPublished(Event, frozen=True):
    """A product was created or changed."""

    SOURCE = "inventory"
    SUBJECT = "sku"

    sku: Code
    version: Version
    name: BilingualName
    workshop: Code
    category: str
    unit: str
    list_price: Rupiah
    material_cost: Rupiah
    shelf_life_days: int | None
    active: bool


class MakerShare(Part, frozen=True):
    """One maker's share of an output, in basis points; the shares of an output total 10,000."""

    worker_ref: str
    share_bp: Annotated[int, Meta(ge=1, le=10_000)]


class OutputAccepted(Event, frozen=True):
    """Staff accepted an output; a lot was born. Inside the wall only."""

    SOURCE = "inventory"
    SUBJECT = "output_id"

    output_id: UUID
    workshop: Code
    sku: Code
    lot: LotCode
    good: Quantity
    rejected: Quantity
    made_on: Day
    makers: tuple[MakerShare, ...]


class LotCreated(Event, frozen=True):
    """A lot was born in a workshop. `expires_on` is the last day of sale."""

    SOURCE = "inventory"
    SUBJECT = "lot"

    lot: LotCode
    sku: Code
    workshop: Code
    made_on: Day
    expires_on: Day | None


class ReceivedLine(Part, frozen=True):
    """What an outlet counted as good of one lot."""

    sku: Code
    lot: LotCode | None
    good: Quantity


class ConsignmentReceived(Event, frozen=True):
    """An outlet received goods, by its own count."""

    SOURCE = "inventory"
    SUBJECT = "receipt_id"

    receipt_id: UUID
    consignment_id: UUID
    outlet: Code
    lines: tuple[ReceivedLine, ...]
    received_at: Instant


class StockMoved(Event, frozen=True):
    """An outlet's stock changed by something that sales did not report: a count, a write-off, goods sent back."""

    SOURCE = "inventory"
    SUBJECT = "move_id"

    move_id: UUID
    outlet: Code
    sku: Code
    lot: LotCode | None
    delta: Quantity
    reason_code: ReasonCode


class LotRecalled(Event, frozen=True):
    """A lot may no longer be sold, from `recalled_at` on."""

    SOURCE = "inventory"
    SUBJECT = "lot"

    lot: LotCode
    sku: Code
    reason_code: ReasonCode
    recalled_at: Instant


class TokenRevoked(Revocation, frozen=True):
    """A token that was let in at inventory is refused from now on, in every service."""

    SOURCE = "inventory"
