"""What the pages about oddities show beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.sales.models import Quarantine, Sale, WorkItem
from services.sales.queries import facts as sales
from services.sales.queries import names
from services.sales.queries import oddities as read
from shared.db import Session
from shared.errors import NotFound

_ABOUT_LOTS = ("lot-missing", "unknown-lot")
_NUMBER = re.compile(r'"\\ue000([^"]*)"')


def named(session: Session, items: Sequence[WorkItem]) -> dict[str, Any]:
    """`outlets` and `products` by code, of these items."""
    skus = {item.sku for item in items if item.sku}
    return {"outlets": names.outlets(session), "products": names.products(session, skus)}


def facts(session: Session, item: WorkItem) -> dict[str, Any]:
    """`sale` that the item is about with its lines, or None; `lots` that it may have been, where that is asked."""
    sale = session.get(Sale, item.sale_id) if item.sale_id else None
    asked = item.code in _ABOUT_LOTS and item.closed_at is None and item.sku is not None
    lots = read.lots_for(session, outlet=item.outlet, sku=item.sku) if asked and item.sku else []
    return {"sale": sales.show_sales(session, [sale])[0] if sale else None, "lots": lots, "about_lots": asked}


def quarantined(session: Session, quarantine_id: UUID) -> Quarantine:
    """The item. Raises NotFound."""
    found = session.get(Quarantine, quarantine_id)
    if found is None:
        raise NotFound("Nothing of that id is in quarantine.")
    return found


def readable(raw: str) -> str:
    """JSON line by line, its numbers digit by digit as they came; whatever is none stays as it is."""
    keep: Any = "\ue000{}".format
    try:
        value = json.loads(raw, parse_float=keep, parse_int=keep, parse_constant=keep)
        return _NUMBER.sub(r"\1", json.dumps(value, indent=2))
    except (ValueError, RecursionError):
        return raw
