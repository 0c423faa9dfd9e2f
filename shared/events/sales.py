"""What sales announces. Nothing here names a person, not even a cashier."""

from __future__ import annotations

from uuid import UUID

from shared.events.base import (
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


class OutletOpened(Event, frozen=True):
    """An outlet was created or changed; `kind` is permanent or temporary."""

    SOURCE = "sales"
    SUBJECT = "outlet"

    outlet: Code
    version: Version
    name: str
    kind: str
    opens_on: Day | None
    closes_on: Day | None


class SoldLine(Part, frozen=True):
    """One line of a sale; `lot` is null when nobody knows it yet."""

    line_id: UUID
    sku: Code
    lot: LotCode | None
    quantity: Quantity
    unit_price: Rupiah
    discount: Rupiah
    amount: Rupiah


class SaleRecorded(Event, frozen=True):
    """A sale happened. `total` is the sum of its lines' amounts.

    `sold_at` is what the device's clock said, `effective_at` when it happened as far as that can be told.
    """

    SOURCE = "sales"
    SUBJECT = "sale_id"

    sale_id: UUID
    outlet: Code
    register: Code
    register_no: int
    sold_at: Instant
    lines: tuple[SoldLine, ...]
    total: Rupiah
    effective_at: Instant | None = None


class ReturnedLine(Part, frozen=True):
    """One line of a return; `restock` says whether the goods went back on the shelf."""

    line_id: UUID
    sku: Code
    lot: LotCode | None
    quantity: Quantity
    amount: Rupiah
    reason_code: ReasonCode
    restock: bool


class SaleReturned(Event, frozen=True):
    """Goods came back and money was refunded. The two times are as in a sale."""

    SOURCE = "sales"
    SUBJECT = "return_id"

    return_id: UUID
    sale_id: UUID
    outlet: Code
    returned_at: Instant
    lines: tuple[ReturnedLine, ...]
    effective_at: Instant | None = None


class SaleLotAssigned(Event, frozen=True):
    """A person said which lot a sold line was, after the fact."""

    SOURCE = "sales"
    SUBJECT = "line_id"

    sale_id: UUID
    line_id: UUID
    lot: LotCode
    version: Version


class TokenRevoked(Revocation, frozen=True):
    """A token is refused from now on, in every service."""

    SOURCE = "sales"
