"""A terminal's batch: one result per item, in order; one bad item harms no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.inventory.usecases import outputs
from shared.batches import Item
from shared.db import Session
from shared.errors import Conflict, Invalid
from shared.fields import invalid


def propose(session: Session, *, items: Sequence[Item], workshop: str, proposed_by: str) -> list[dict[str, Any]]:
    """Propose each item; results `{id, status, errors?}` with status proposed, duplicate, conflict or invalid."""
    # In the order of ids, so that two terminals that send the same outputs in another order do not dead-lock; the sort
    # is stable: of two items with one id, the first is proposed.
    order = sorted(range(len(items)), key=lambda index: items[index].id or "")
    done = {index: _propose_one(session, items[index], workshop, proposed_by) for index in order}
    return [{"id": item.id} | done[index] for index, item in enumerate(items)]


def _propose_one(session: Session, item: Item, workshop: str, proposed_by: str) -> dict[str, Any]:
    if item.loaded is None:
        return {"status": "invalid", "errors": item.errors}
    try:
        if item.loaded["workshop"] != workshop:
            raise invalid("workshop", "The token belongs to another workshop.")
        with session.begin_nested():
            new = outputs.propose(session, item=item.loaded, proposed_by=proposed_by)
    except Invalid as error:
        return {"status": "invalid", "errors": error.extra["errors"]}
    except Conflict:
        return {"status": "conflict"}
    return {"status": "proposed" if new else "duplicate"}
