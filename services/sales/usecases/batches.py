"""A register's batch: one result per item, in order; one bad item harms no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.sales.usecases import quarantine, recording, returns
from services.sales.usecases.recording import Till
from shared.batches import Item
from shared.db import Session


def post_sales(session: Session, *, at: Till, items: Sequence[Item]) -> list[dict[str, Any]]:
    """Record the readable sales, quarantine the others; results `{id, register_no, status, work_items}`."""
    sales = [item.loaded for item in items if item.loaded is not None]
    done = iter(recording.record(session, at=at, sales=sales) if sales else [])
    results = []
    for item in items:
        if item.loaded is None:
            quarantine.keep(session, kind="sale", register=at.register, outlet=at.outlet, item=item)
            result: dict[str, Any] = _quarantined(item) | {"register_no": quarantine.number_of(item.raw)}
        else:
            one = next(done)
            result = {"id": str(item.loaded["id"]), "register_no": item.loaded["register_no"]}
            result |= {"status": one.status, "work_items": one.work_items}
        results.append(result)
    return results


def post_returns(session: Session, *, at: Till, items: Sequence[Item]) -> list[dict[str, Any]]:
    """Record the readable returns, quarantine the others; results `{id, status, work_items}`."""
    read = [item.loaded for item in items if item.loaded is not None]
    done = iter(returns.record(session, at=at, items=read) if read else [])
    quarantine.release(session, [one["id"] for one in read])
    results = []
    for item in items:
        if item.loaded is None:
            quarantine.keep(session, kind="return", register=at.register, outlet=at.outlet, item=item)
            results.append(_quarantined(item))
        else:
            status = next(done)
            odd = ["refund-exceeds-sale"] if status == "exceeds" else []
            results.append({"id": str(item.loaded["id"]), "status": status, "work_items": odd})
    return results


def _quarantined(item: Item) -> dict[str, Any]:
    return {"id": item.id, "status": "quarantined", "work_items": [], "errors": item.errors}
