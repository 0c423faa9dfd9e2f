"""The event door: what sales does when it hears of something. Any order, any repetition, the same state."""

from __future__ import annotations

from collections.abc import Sequence

from services.sales.usecases import news, reconsidering
from shared.db import Session
from shared.events import inventory, training
from shared.events.inventory import ConsignmentReceived, LotCreated, LotRecalled, ProductPublished, StockMoved
from shared.messaging import Consumer, Handlers, revoking

handles = Handlers()


@handles.many(ProductPublished)
def on_products_published(session: Session, events: Sequence[ProductPublished]) -> None:
    """The catalogue changes; sales of an unknown product are explained."""
    news.hear_of_products(session, events)


@handles.many(LotCreated)
def on_lots_created(session: Session, events: Sequence[LotCreated]) -> None:
    """Lots may be sold; sales of an unknown lot are explained."""
    news.hear_of_lots(session, events)


@handles.many(ConsignmentReceived)
def on_consignments_received(session: Session, events: Sequence[ConsignmentReceived]) -> None:
    """Goods are on the outlets' shelves."""
    news.receive_goods(session, events)


@handles.many(StockMoved)
def on_stock_moved(session: Session, events: Sequence[StockMoved]) -> None:
    """Goods left or came by something other than a sale."""
    news.hear_of_moves(session, events)


@handles.many(LotRecalled)
def on_lots_recalled(session: Session, events: Sequence[LotRecalled]) -> None:
    """Lots are blocked at every register."""
    news.hear_of_recalls(session, events)


revoking.hear(handles, inventory.TokenRevoked, training.TokenRevoked)

consumer = Consumer("sales", handles, chores=(reconsidering.chunk,))
