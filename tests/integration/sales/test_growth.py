"""What is done behind a gate, for which every register waits, reads what it is about, however much was ever sold.

Counted in blocks and not in seconds: PostgreSQL tells how many a transaction has asked for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from uuid_utils.compat import uuid7

from services.sales.models import SaleReturn, Shift, ShiftClose
from services.sales.usecases import gates, lots, news, reference, returns, shifts, work_items
from shared.db import Database, Session
from shared.events.inventory import ConsignmentReceived, LotCreated, LotRecalled, ReceivedLine
from shared.local.cluster import DatabaseUrls, Servers
from tests.benchmarks import history
from tests.integration.sales.shop import Shop, published, sale

SALES = 100_000
#: Judging a sale asks for fifty to a hundred blocks, and the lot that is recalled here was sold some sixty times;
#: looking at all sales, by index, asks for millions.
FEW = 10_000
UNTIL = datetime(2026, 6, 30, 15, 0, tzinfo=UTC)

_ASKED_FOR = text("""
    SELECT sum(pg_stat_get_xact_blocks_fetched(oid)) FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
""")


@contextmanager
def _few_blocks(session: Session, what: str) -> Iterator[None]:
    before = session.scalar(_ASKED_FOR)
    yield
    session.flush()
    asked = session.scalar(_ASKED_FOR) - before
    assert asked <= FEW, f"{what}: {asked} blocks"


@contextmanager
def _selling(shop: Shop, tills: int = 3) -> Iterator[list[str]]:
    """Registers sell one by one while the context lasts; the statuses that they are answered."""
    stop, answers = threading.Event(), list[str]()

    def sell(code: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            answers.extend(one["status"] for one in shop.post(sale(register_no=number), code=code))

    threads = [threading.Thread(target=sell, args=(f"OUT-DKR-{till}",)) for till in range(1, tills + 1)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def old_shop(servers: Servers, urls_for: Callable[..., DatabaseUrls], database_for: Callable[..., Database]) -> Shop:
    """A shop in a city that has sold a hundred thousand times."""
    name = urls_for("sales").owner.rpartition("/")[2]
    server = servers.postgres_url.rpartition("/")[0]
    history.write(f"{server}/{name}", "sales", sales=SALES, until=UNTIL, log=False)
    return Shop(database_for("sales")).begin()


def _some(session: Session, statement: str) -> Any:
    return session.execute(text(statement)).one()


@pytest.mark.timeout(600)
def test_what_registers_wait_for_reads_what_it_is_about_and_not_all_that_was_ever_sold(old_shop: Shop) -> None:
    steps = (_assign, _price, _list_price, _lot, _recall, _goods, _open, _close, _give_back)
    with _selling(old_shop) as answers:
        for step in steps:
            for _ in range(6):  # from the fifth on, a statement is prepared: with the plan that is kept
                with old_shop.database.transaction() as session:
                    step(session)
    assert set(answers) == {"recorded"}


def _assign(session: Session) -> None:
    line = _some(session, "SELECT sale_id, line_id, sku FROM work_item WHERE code = 'lot-missing' AND stands LIMIT 1")
    lot = _some(session, f"SELECT code FROM lot WHERE sku = '{line.sku}' ORDER BY code LIMIT 1").code
    with _few_blocks(session, "assigning a lot"):
        lots.assign(session, sale_id=line.sale_id, line_id=line.line_id, lot=lot, assigned_by="x")


def _price(session: Session) -> None:
    with _few_blocks(session, "a price from now on"):
        reference.put_price(session, sku="BARANG-7", outlet=None, price=1, valid_from=UNTIL + timedelta(minutes=1))


def _list_price(session: Session) -> None:
    with _few_blocks(session, "a list price"):
        news.hear_of_products(session, [published(sku="BARANG-7", version=2, list_price=1)])


def _lot(session: Session) -> None:
    with _few_blocks(session, "news of a lot"):
        made: dict[str, Any] = {"workshop": "W", "made_on": UNTIL.date(), "expires_on": None}
        news.hear_of_lots(session, [LotCreated(lot=f"NEW-{uuid7()}", sku="BARANG-7", **made)])


def _recall(session: Session) -> None:
    lot = _some(session, "SELECT code FROM lot l WHERE NOT EXISTS (SELECT FROM lot_recall WHERE lot = l.code) LIMIT 1")
    with _few_blocks(session, "a recall"):
        news.hear_of_recalls(session, [LotRecalled(lot=lot.code, sku="X", reason_code="x", recalled_at=UNTIL)])


def _goods(session: Session) -> None:
    lines = (ReceivedLine(sku="BARANG-7", lot="BARANG-7-3", good=Decimal(7)),)
    with _few_blocks(session, "goods"):
        came: dict[str, Any] = {"consignment_id": uuid7(), "outlet": "KEDAI-1", "lines": lines, "received_at": UNTIL}
        news.receive_goods(session, [ConsignmentReceived(receipt_id=uuid7(), **came)])


def _open(session: Session) -> None:
    with _few_blocks(session, "opening a shift"):
        content = {"register": "KASIR-1", "opened_at": UNTIL, "opening_float": 0, "cashier": "kasir-1"}
        shifts.open_shift(session, shift_id=uuid7(), outlet="KEDAI-1", content=content)


def _close(session: Session) -> None:
    shift = session.get_one(Shift, _some(session, "SELECT id FROM shift WHERE register = 'KASIR-2' LIMIT 1").id)
    with _few_blocks(session, "closing a shift again"):
        close = session.get_one(ShiftClose, shift.id)
        shifts.close(session, shift=shift, closed_at=close.closed_at, counted=close.counted)


def _give_back(session: Session) -> None:
    sold = _some(session, "SELECT id FROM sale WHERE register = 'KASIR-3' ORDER BY register_no DESC LIMIT 1").id
    with _few_blocks(session, "judging returns"):
        gates.enter_to_record(session, "KASIR-3")
        gates.enter_to_judge(session, [sold])
        returns.judge(session, [sold])
        work_items.reconsider_returns(session, session.scalars(select(SaleReturn.id).limit(1)).all())
