"""What inventory tells: products, lots, goods. Projections, and the oddities that the news explains or reveals.

News comes in bulk, so each kind is a few statements whatever the number. It enters alone, before it touches a row: one
batch holds several kinds, and taking the gate after a shelf would dead-lock with a register that waits for that shelf.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from services.sales.models import Lot, LotRecall, Product, ProductPrice
from services.sales.usecases import gates, reconsidering
from services.sales.usecases.shelves import Change, change_shelves
from shared.db import Session
from shared.events.inventory import ConsignmentReceived, LotCreated, LotRecalled, ProductPublished, StockMoved

_RECEIVE = text("""
    INSERT INTO received_line (receipt_id, outlet, sku, lot, good)
    SELECT CAST(r->>0 AS uuid), r->>1, r->>2, r->>3, CAST(r->>4 AS numeric)
      FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS r
    ON CONFLICT DO NOTHING RETURNING outlet, sku, lot, good
""")
_MOVE = text("""
    INSERT INTO stock_change (move_id, outlet, sku, lot, delta, reason_code)
    SELECT CAST(r->>0 AS uuid), r->>1, r->>2, r->>3, CAST(r->>4 AS numeric), r->>5
      FROM jsonb_array_elements(CAST(:rows AS jsonb)) AS r
    ON CONFLICT DO NOTHING RETURNING outlet, sku, lot, delta
""")


def hear_of_products(session: Session, events: Sequence[ProductPublished]) -> None:
    """Keep the newest version of each product, and every list price."""
    gates.enter_with_news(session)
    newest = {event.sku: event for event in sorted(events, key=lambda event: event.version)}
    statement = insert(Product).values([_product(newest[sku]) for sku in sorted(newest)])
    changed = {name: statement.excluded[name] for name in _product(events[0]) if name != "sku"}
    newer = Product.version < statement.excluded.version
    session.execute(statement.on_conflict_do_update(index_elements=[Product.sku], set_=changed, where=newer))
    prices = [{"sku": event.sku, "version": event.version, "list_price": event.list_price} for event in events]
    session.execute(insert(ProductPrice).values(prices).on_conflict_do_nothing())
    reconsidering.concern_products(session, list(newest))


def _product(event: ProductPublished) -> dict[str, Any]:
    return {
        "sku": event.sku,
        "name_id": event.name.id,
        "name_en": event.name.en,
        "workshop": event.workshop,
        "category": event.category,
        "unit": event.unit,
        "list_price": event.list_price,
        "active": event.active,
        "version": event.version,
    }


def hear_of_lots(session: Session, events: Sequence[LotCreated]) -> None:
    """Lots exist, and until when they may be sold."""
    gates.enter_with_news(session)
    rows = [
        {
            "code": event.lot,
            "sku": event.sku,
            "workshop": event.workshop,
            "made_on": event.made_on,
            "expires_on": event.expires_on,
        }
        for event in events
    ]
    new = session.scalars(insert(Lot).values(rows).on_conflict_do_nothing().returning(Lot.code)).all()
    if new:
        reconsidering.concern_lots(session, new)


def hear_of_recalls(session: Session, events: Sequence[LotRecalled]) -> None:
    """Lots may not be sold from now on; who sold them since has something to do."""
    gates.enter_with_news(session)
    rows = [
        {"lot": event.lot, "sku": event.sku, "reason_code": event.reason_code, "recalled_at": event.recalled_at}
        for event in events
    ]
    new = session.scalars(insert(LotRecall).values(rows).on_conflict_do_nothing().returning(LotRecall.lot)).all()
    if new:
        reconsidering.concern_lots(session, new)


def receive_goods(session: Session, events: Sequence[ConsignmentReceived]) -> None:
    """Goods are on the shelves, by the outlets' own counts."""
    gates.enter_with_news(session)
    good: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for event in {event.receipt_id: event for event in events}.values():
        for line in event.lines:
            good[event.receipt_id, event.outlet, line.sku, line.lot] += line.good
    if not good:
        return
    rows = [(*key, quantity) for key, quantity in good.items()]
    new = session.execute(_RECEIVE, {"rows": msgspec.json.encode(rows).decode()}).all()
    change_shelves(session, [Change(*row) for row in new])


def hear_of_moves(session: Session, events: Sequence[StockMoved]) -> None:
    """Goods left or came by something other than a sale."""
    gates.enter_with_news(session)
    rows = [(e.move_id, e.outlet, e.sku, e.lot, e.delta, e.reason_code) for e in events]
    new = session.execute(_MOVE, {"rows": msgspec.json.encode(rows).decode()}).all()
    change_shelves(session, [Change(*row) for row in new])
