"""Training as its people and the other services reach it: tokens, calls, events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.training.app import create_app
from services.training.handlers import consumer
from shared import jsontext
from shared.auth import issue
from shared.db import Database
from shared.events import Event
from shared.events.inventory import MakerShare, OutputAccepted
from shared.events.sales import ReturnedLine, SaleReturned
from shared.messaging.apply import Outcome, apply
from shared.messaging.batch import Batch, cloud_event

SKU, WORKSHOP, SKILL = "RTI-001", "WS-RTI", "bakery-dasar"
EPOCHS = {"sales": UUID(int=1), "inventory": UUID(int=2)}
MOMENT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """A status and its JSON."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return str(self.body["code"])


class Person:
    """Somebody with a token; paths are below `/training/v1`."""

    def __init__(self, app: Flask, role: str, name: str) -> None:
        self.app = app
        token = issue(role=role, subject=name, lifetime=timedelta(hours=1))
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        data = None if body is None else jsontext.dumps(body)
        got = self.app.test_client().open(
            f"/training/v1{path}", method=method, headers=self.headers, data=data, query_string=query
        )
        return Answer(got.status_code, jsontext.loads(got.data))

    def get(self, path: str, **query: Any) -> Any:
        """The body of a 200."""
        answer = self.call("GET", path, **query)
        assert answer.status == 200, answer
        return answer.body

    def post(self, path: str, body: Any) -> Answer:
        return self.call("POST", path, body)

    def put(self, path: str, body: Any) -> Answer:
        return self.call("PUT", path, body)


@dataclass
class People:
    """One training service, its people, and the logs of the services that it listens to."""

    database: Database
    heads: dict[str, int] = field(default_factory=lambda: {"sales": 0, "inventory": 0})

    def __post_init__(self) -> None:
        self.app = create_app(self.database)
        self.instructor = Person(self.app, "instructor", "instructor-1")
        self.second = Person(self.app, "instructor", "instructor-2")
        self.auditor = Person(self.app, "auditor", "auditor-1")

    def resident(self, name: str = "Daeng Nai") -> str:
        """A new resident's reference."""
        answer = self.instructor.post("/residents", {"name": name})
        assert answer.status == 201, answer
        return str(answer.body["worker_ref"])

    def certify(self, worker_ref: str, **changes: Any) -> str:
        """A new certificate's id."""
        row_id = str(uuid7())
        answer = self.instructor.put(f"/certificates/{row_id}", certificate(worker_ref, **changes))
        assert answer.status == 201, answer
        return row_id

    def attest(self, worker_ref: str, **changes: Any) -> str:
        """A new attestation's id."""
        row_id = str(uuid7())
        answer = self.instructor.put(f"/attestations/{row_id}", attestation(worker_ref, **changes))
        assert answer.status == 201, answer
        return row_id

    def batch(self, *events: Event) -> Batch:
        """The next sequences of the log of the (one) service that announces these events."""
        source = events[0].SOURCE
        lo = self.heads[source] + 1
        self.heads[source] += len(events)
        wire = tuple(_wire(source, lo + index, event) for index, event in enumerate(events))
        return Batch(source, EPOCHS[source], lo, lo + len(events), consumer.types_from(source), wire)

    def hear(self, *events: Event) -> Outcome:
        """Events arrive, through the event plane."""
        return apply(self.database, consumer, self.batch(*events))

    def announced(self) -> list[tuple[str, dict[str, Any]]]:
        """What training has announced: name and data, oldest first (nobody relays here: it stays in the outbox)."""
        with self.database.transaction() as session:
            rows = session.execute(text("SELECT type, data FROM outbox ORDER BY id")).all()
        return [(str(row.type).split(".")[2], dict(row.data)) for row in rows]

    def rows(self, table: str) -> Sequence[Mapping[str, Any]]:
        """All rows of a table."""
        with self.database.transaction() as session:
            return [dict(row) for row in session.execute(text(f"SELECT * FROM {table}")).mappings()]


def _wire(source: str, seq: int, event: Event) -> Mapping[str, Any]:
    return cloud_event(
        source=source,
        seq=seq,
        event_id=uuid7(),
        type=event.type_name(),
        subject=event.subject,
        time=datetime.now(UTC),
        traceparent="",
        data=jsontext.loads(jsontext.dumps(event.to_data())),
    )


def certificate(worker_ref: str, **changes: Any) -> dict[str, Any]:
    """A certificate as an instructor puts it."""
    return {
        "worker_ref": worker_ref,
        "skill": SKILL,
        "kind": "competency",
        "number": f"BNSP-{uuid7()}",
        "issuer": "LSP Boga",
        "valid_from": "2026-01-01",
        "valid_until": "2028-12-31",
    } | changes


def attestation(worker_ref: str, **changes: Any) -> dict[str, Any]:
    """An attestation as an instructor puts it."""
    return {"worker_ref": worker_ref, "skill": SKILL, "valid_from": "2026-01-01"} | changes


def assessment(worker_ref: str, **changes: Any) -> dict[str, Any]:
    """An assessment as an instructor puts it."""
    return {
        "worker_ref": worker_ref,
        "skill": SKILL,
        "programme": "TRN-BKR",
        "result": "COMPETENT",
        "assessed_on": "2026-02-20",
    } | changes


def accepted(makers: Mapping[str, int], **changes: Any) -> OutputAccepted:
    """An accepted output of a hundred buns; `makers` by reference with their shares in basis points."""
    shares = tuple(MakerShare(worker_ref=ref, share_bp=share) for ref, share in makers.items())
    values: dict[str, Any] = {
        "output_id": uuid7(),
        "workshop": WORKSHOP,
        "sku": SKU,
        "lot": "LOTLOTLOT1",
        "good": Decimal(100),
        "rejected": Decimal(2),
        "made_on": date(2026, 3, 2),
        "makers": shares,
    }
    return OutputAccepted(**(values | changes))


def returned(*lines: tuple[str | None, str, str]) -> SaleReturned:
    """A return of `(lot, quantity, reason_code)` lines."""
    parts = tuple(
        ReturnedLine(
            line_id=uuid7(), sku=SKU, lot=lot, quantity=Decimal(n), amount=5000, reason_code=reason, restock=False
        )
        for lot, n, reason in lines
    )
    moment = MOMENT + timedelta(days=2)
    return SaleReturned(return_id=uuid7(), sale_id=uuid7(), outlet="OUT-DKR", returned_at=moment, lines=parts)
