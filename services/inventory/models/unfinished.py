"""What waits for somebody: looked for all day, it must not cost more with each year. Triggers keep it, with the facts.

Facts are posted and never changed, so what is open would be what has no second fact: a look at all that ever was.
The application only reads here; a trigger of the tables' owner writes with the fact itself, also for older code.
"""

from __future__ import annotations

from sqlalchemy import Column, DateTime, String, Table, Uuid

from services.inventory.models.base import Base
from shared.db import DERIVED, OWNED

#: Outputs that nobody has accepted or rejected: those of `output` without an `output_decision`.
open_output = Table(
    "open_output",
    Base.metadata,
    Column("output_id", Uuid, primary_key=True),
    Column("received_at", DateTime(timezone=True), nullable=False),
    info=OWNED | DERIVED,
)

#: Consignments that nobody has counted, drafted (`dispatched_at` is null) or under way: those without a `receipt`.
open_consignment = Table(
    "open_consignment",
    Base.metadata,
    Column("consignment_id", Uuid, primary_key=True),
    Column("origin", String(60), nullable=False),
    Column("destination", String(60), nullable=False),
    Column("drafted_at", DateTime(timezone=True), nullable=False),
    Column("dispatched_at", DateTime(timezone=True)),
    info=OWNED | DERIVED,
)
