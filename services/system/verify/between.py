"""The services against each other: what one announced, the others must have made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.system.verify.findings import Check
from services.system.verify.heads import Databases
from shared.db import Database

CHUNK = 2000  # events compared at a time

_EVENTS = text("""
    SELECT seq, event_id, subject, data FROM event_log
     WHERE type = :type AND seq > :after AND seq <= :head ORDER BY seq LIMIT :limit
""")

#: A fact as rows: key within the event → value to compare.
Rows = dict[tuple[Any, ...], Any]


def _plain(value: Any) -> Any:
    return Decimal(value).normalize() if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value


def _chunks(database: Database, type_name: str, head: int) -> Iterator[list[Any]]:
    after = 0
    while True:
        with database.transaction() as session:
            values = {"type": type_name, "after": after, "head": head, "limit": CHUNK}
            rows = list(session.execute(_EVENTS, values))
        if not rows:
            return
        yield rows
        after = rows[-1].seq


@dataclass(frozen=True, slots=True)
class Comparison:
    """Each event of a type against the rows that `statement` finds in the holder's database.

    `statement` selects (subject, key…, value) for `:ids`, the subjects of a chunk (ids unless `by_code`); `says` gives
    the same from an event.
    """

    name: str
    source: str
    event: str
    holder: str
    says: Callable[[Mapping[str, Any]], Rows]
    statement: str
    by_code: bool = False


def _sold(data: Mapping[str, Any]) -> Rows:
    return {(line["line_id"], line["sku"], line["lot"]): line["quantity"] for line in data["lines"]}


def _given_back(data: Mapping[str, Any]) -> Rows:
    """One sold line may come back in parts: by line, the sum."""
    parts: Rows = {}
    for line in data["lines"]:
        key = (line["line_id"], line["sku"], line["lot"])
        parts[key] = parts.get(key, 0) + line["quantity"]
    return parts


def _amounts(data: Mapping[str, Any]) -> Rows:
    return {(line["line_id"],): line["amount"] for line in data["lines"]}


def _received(data: Mapping[str, Any]) -> Rows:
    return {(data["outlet"], line["sku"], line["lot"]): line["good"] for line in data["lines"]}


def _made(data: Mapping[str, Any]) -> Rows:
    return {(maker["worker_ref"], data["lot"]): data["good"] for maker in data["makers"]}


_SOLD_MOVES = """
    SELECT document_id, line_id::text, sku, lot, quantity FROM stock_move
     WHERE document_id = ANY(CAST(:ids AS uuid[])) AND document_kind = 'sale'
"""
_RETURN_MOVES = """
    SELECT document_id, line_id::text, sku, lot, sum(quantity) FROM stock_move
     WHERE document_id = ANY(CAST(:ids AS uuid[])) AND document_kind = 'return' GROUP BY 1, 2, 3, 4
"""


COMPARISONS = (
    Comparison(
        "sales → its own log: every sale as announced",
        "sales",
        "SaleRecorded",
        "sales",
        _amounts,
        "SELECT sale_id, id::text, amount FROM sale_line WHERE sale_id = ANY(CAST(:ids AS uuid[]))",
    ),
    Comparison(
        "sales → inventory: every sold line has moved",
        "sales",
        "SaleRecorded",
        "inventory",
        _sold,
        _SOLD_MOVES,
    ),
    Comparison(
        "sales → inventory: every returned line has moved",
        "sales",
        "SaleReturned",
        "inventory",
        _given_back,
        _RETURN_MOVES,
    ),
    Comparison(
        "inventory → sales: every received line is on its shelf",
        "inventory",
        "ConsignmentReceived",
        "sales",
        _received,
        "SELECT receipt_id, outlet, sku, lot, good FROM received_line WHERE receipt_id = ANY(CAST(:ids AS uuid[]))",
    ),
    Comparison(
        "inventory → sales: every change of an outlet's stock is known",
        "inventory",
        "StockMoved",
        "sales",
        lambda data: {(data["outlet"], data["sku"], data["lot"]): data["delta"]},
        "SELECT move_id, outlet, sku, lot, delta FROM stock_change WHERE move_id = ANY(CAST(:ids AS uuid[]))",
    ),
    Comparison(
        "inventory → sales: every lot is known",
        "inventory",
        "LotCreated",
        "sales",
        lambda data: {(data["sku"], data["workshop"]): data["made_on"]},
        "SELECT code, sku, workshop, made_on::text FROM lot WHERE code = ANY(:ids)",
        by_code=True,
    ),
    Comparison(
        "inventory → training: every maker has practised",
        "inventory",
        "OutputAccepted",
        "training",
        _made,
        "SELECT output_id, worker_ref, lot, good FROM practice WHERE output_id = ANY(CAST(:ids AS uuid[]))",
    ),
    Comparison(
        "training → inventory: every granted skill is known",
        "training",
        "SkillGranted",
        "inventory",
        lambda data: {(data["worker_ref"],): data["skill"]},
        "SELECT reference, worker_ref, skill FROM skill_grant WHERE reference = ANY(:ids)",
        by_code=True,
    ),
)


def check_between(
    databases: Databases, heads: Mapping[str, int], aside: Mapping[str, Mapping[str, str]]
) -> list[Check]:
    """All comparisons of two services, up to the heads."""
    return [_compare(databases, heads[one.source], one, aside[one.holder]) for one in COMPARISONS]


def _compare(databases: Databases, head: int, one: Comparison, aside: Mapping[str, str]) -> Check:
    check = Check(one.name)
    for chunk in _chunks(databases[one.source], f"lapak.{one.source}.{one.event}.v1", head):
        found: dict[str, Rows] = {}
        with databases[one.holder].transaction() as session:
            ids = [event.subject for event in chunk if one.by_code or _is_id(event.subject)]
            for row in session.execute(text(one.statement), {"ids": ids}):
                found.setdefault(str(row[0]), {})[tuple(row[1:-1])] = _plain(row[-1])
        for event in chunk:
            check.compared += 1
            because = aside.get(str(event.event_id)) if one.holder != one.source else None
            where = f"{one.event} {event.subject} (sequence {event.seq})"
            try:
                expected = {part: _plain(value) for part, value in one.says(event.data).items()}
            except (KeyError, TypeError, AttributeError):
                check.differ(f"{where}: its data do not keep the contract", because=because)
                continue
            _differences(check, where, expected, found, event, because)
    return check


def _is_id(subject: str) -> bool:
    try:
        UUID(subject)
    except ValueError:
        return False
    return True


def _differences(
    check: Check, where: str, expected: Rows, found: Mapping[str, Rows], event: Any, because: str | None
) -> None:
    """Both ways: what is missing, what differs, and what no event explains."""
    actual = found.get(event.subject, {})
    for part in sorted(expected.keys() | actual.keys(), key=str):
        told, held = expected.get(part, "nothing"), actual.get(part, "nothing")
        if told != held:
            check.differ(f"{where} {' '.join(map(str, part))}: announced {told}, found {held}", because=because)
