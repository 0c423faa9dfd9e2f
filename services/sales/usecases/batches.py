"""A register's batch: one result per item, in order; one bad item harms no other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.sales.usecases import gates, quarantine, recording, returns
from services.sales.usecases.recording import Recorded, Till
from services.sales.usecases.reference import register_outlet
from shared.batches import Item
from shared.db import Database, Session


def post_sales(database: Database, *, at: Till, items: Sequence[Item]) -> list[dict[str, Any]]:
    """Record the readable sales, quarantine the others; results `{id, register_no, status, work_items}`.

    Usually that is one statement. A transaction is for what takes more: unreadable items, waiting returns.

    Raises WrongOutlet.
    """
    sales = [item.loaded for item in items if item.loaded is not None]
    recorded = recording.record_alone(database, at=at, sales=sales) if len(sales) == len(items) else None
    if recorded is None:
        with database.transaction() as session:
            gates.enter_to_record(session, at.register)
            recorded = recording.record(session, at=at, sales=sales) if sales else []
            if len(sales) < len(items):
                register_outlet(session, register=at.register, outlet=at.outlet)
                quarantine.keep(session, kind="sale", register=at.register, outlet=at.outlet, items=items)
    done = iter(recorded)
    return [_quarantined_sale(item) if item.loaded is None else _result(item.loaded, next(done)) for item in items]


def _result(sale: Mapping[str, Any], done: Recorded) -> dict[str, Any]:
    result = {"id": str(sale["id"]), "register_no": sale["register_no"]}
    return result | {"status": done.status, "work_items": done.work_items}


def _quarantined_sale(item: Item) -> dict[str, Any]:
    return _quarantined(item) | {"register_no": quarantine.number_of(item.raw)}


def post_returns(session: Session, *, at: Till, items: Sequence[Item]) -> list[dict[str, Any]]:
    """Record the readable returns, quarantine the others; results `{id, status, work_items}`.

    Raises WrongOutlet.
    """
    gates.enter_to_record(session, at.register)
    register_outlet(session, register=at.register, outlet=at.outlet)
    read = [item.loaded for item in items if item.loaded is not None]
    done = iter(returns.record(session, at=at, items=read) if read else [])
    quarantine.release_returns(session, register=at.register, ids=[one["id"] for one in read])
    if len(read) < len(items):
        quarantine.keep(session, kind="return", register=at.register, outlet=at.outlet, items=items)
    results = []
    for item in items:
        if item.loaded is None:
            results.append(_quarantined(item))
        else:
            status, odd = next(done)
            results.append({"id": str(item.loaded["id"]), "status": status, "work_items": odd})
    return results


def _quarantined(item: Item) -> dict[str, Any]:
    claimed = None if item.id is None else quarantine.printable(item.id)
    return {"id": claimed, "status": "quarantined", "work_items": [], "errors": quarantine.printable_errors(item)}
