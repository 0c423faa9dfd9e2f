"""A producer (sales) and a consumer (inventory) with nothing but the event plane, and handlers that note effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import text

from shared.clock import now
from shared.db import Database, Session
from shared.events import Event
from shared.events.sales import SaleRecorded, SoldLine
from shared.events.subscribers import SUBSCRIBERS
from shared.http import create_app
from shared.messaging import CauseMissing, Consumer, Handlers, log, publish
from shared.messaging.batch import Batch
from shared.messaging.migrations import statements
from shared.messaging.moving import move
from shared.messaging.routes import blueprint
from shared.proof import steps

Misbehave = Callable[[Session, SaleRecorded], None]


def make_plane_database(url: str, service: str) -> Database:
    """The event plane's tables, and one for effects, in an empty database."""
    database = Database(url, pool_size=8)
    with database.transaction() as session:
        for statement in (*statements(), *steps.statements()):
            session.execute(text(statement))
        session.execute(text("INSERT INTO stream (source) VALUES (:service)"), {"service": service})
        session.execute(text("CREATE TABLE effect (sale_id uuid, at serial)"))  # no unique key: doubles must show
    return database


def sale(number: int = 1) -> SaleRecorded:
    """A sale of one line; `number` lets a handler tell them apart."""
    line = SoldLine(
        line_id=uuid4(), sku="RTI-001", lot=None, quantity=Decimal("1.5"), unit_price=2, discount=0, amount=3
    )
    return SaleRecorded(
        sale_id=uuid4(), outlet="OUT-1", register="R1", register_no=number, sold_at=now(), lines=(line,), total=3
    )


@dataclass
class Plane:
    """Both ends, and what the consumer's handler shall do to certain sales."""

    producer: Database
    consumer_database: Database
    misbehaviour: dict[int, Misbehave] = field(default_factory=dict)

    def __post_init__(self) -> None:
        handles = Handlers()
        for event, names in SUBSCRIBERS.items():
            if "inventory" in names and event is not SaleRecorded:
                handles(event)(_ignore)

        @handles.many(SaleRecorded)
        def on_sales(session: Session, sales: Sequence[SaleRecorded]) -> None:
            for one in sales:
                session.execute(text("INSERT INTO effect (sale_id) VALUES (:id)"), {"id": one.sale_id})
                if one.register_no in self.misbehaviour:
                    self.misbehaviour[one.register_no](session, one)

        self.consumer = Consumer("inventory", handles)

    def announce(self, *sales: SaleRecorded) -> list[UUID]:
        """Record sales in the producer's database; their ids."""
        with self.producer.transaction() as session:
            publish(session, *sales)
        return [one.sale_id for one in sales]

    def log_all(self) -> int:
        """Move everything that is committed into the log; the head."""
        with self.producer.transaction() as session:
            while move(session).events:
                pass
            return log.stream(session).last_seq

    def batch(self, after: int = 0, limit: int = 1000) -> Batch:
        """What the feed would give the consumer after a sequence."""
        with self.producer.transaction() as session:
            return log.read(session, log.stream(session), "inventory", after=after, limit=limit)

    def app(self, service: str) -> Flask:
        """The plane's HTTP doors of the producer (sales) or the consumer."""
        database = self.producer if service == "sales" else self.consumer_database
        return create_app(service, title=service, blueprints=[blueprint(self.consumer)], database=database)

    def restore(self, head: int) -> None:
        """Put the producer's log back to an older state, as a restored backup does: nothing else notices."""
        with self.producer.transaction() as session:
            session.execute(text("DELETE FROM event_log WHERE seq > :head"), {"head": head})
            session.execute(text("UPDATE stream SET last_seq = :head"), {"head": head})

    def effects(self) -> list[UUID]:
        """The sales that took effect, once per effect."""
        with self.consumer_database.transaction() as session:
            return list(session.scalars(text("SELECT sale_id FROM effect ORDER BY at")))

    def rows(self, table: str) -> list[Any]:
        """All rows of one of the consumer's plane tables."""
        with self.consumer_database.transaction() as session:
            return list(session.execute(text(f"SELECT * FROM {table}")).mappings())


def _ignore(_session: Session, _event: Event) -> None:
    return None


def poison(_session: Session, one: SaleRecorded) -> None:
    """A handler that fails on its data."""
    raise ValueError(f"cannot take number {one.register_no}")


def wait_for(cause: UUID) -> Misbehave:
    """A handler that needs another sale first."""

    def check(session: Session, _one: SaleRecorded) -> None:
        if not session.execute(text("SELECT 1 FROM effect WHERE sale_id = :id"), {"id": cause}).first():
            raise CauseMissing(f"sale {cause}")

    return check


class Killed(BaseException):
    """Stands in for the death of the process: nothing in the plane may catch it."""


def die(_session: Session, _one: SaleRecorded) -> None:
    """A handler that takes its process with it."""
    raise Killed
