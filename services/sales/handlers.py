"""The event door: what sales does when it hears of something. Any order, any repetition, the same state."""

from __future__ import annotations

from services.sales.usecases import news
from shared.db import Session
from shared.events.inventory import ConsignmentReceived, LotCreated, LotRecalled, ProductPublished, StockMoved
from shared.messaging import Consumer, Handlers

handles = Handlers()


@handles(ProductPublished)
def on_product_published(session: Session, event: ProductPublished) -> None:
    """The catalogue changes; sales of an unknown product are explained."""
    news.hear_of_product(session, event)


@handles(LotCreated)
def on_lot_created(session: Session, event: LotCreated) -> None:
    """A lot may be sold; sales of an unknown lot are explained."""
    news.hear_of_lot(session, event)


@handles(ConsignmentReceived)
def on_consignment_received(session: Session, event: ConsignmentReceived) -> None:
    """Goods are on an outlet's shelf."""
    news.receive_goods(session, event)


@handles(StockMoved)
def on_stock_moved(session: Session, event: StockMoved) -> None:
    """Goods left or came by something other than a sale."""
    news.hear_of_move(session, event)


@handles(LotRecalled)
def on_lot_recalled(session: Session, event: LotRecalled) -> None:
    """A lot is blocked at every register."""
    news.hear_of_recall(session, event)


consumer = Consumer("sales", handles)
