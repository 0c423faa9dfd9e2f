"""P11: any order, any repetition of events gives the same state."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from uuid import UUID

import pytest
from msgspec import structs
from sqlalchemy import text

from services.inventory.handlers import consumer
from services.inventory.state import state_hash
from shared.db import Database
from shared.events import Event
from shared.events.sales import OutletOpened, SaleLotAssigned
from shared.events.training import SkillWithdrawn
from shared.messaging import CauseMissing, parked
from shared.messaging.apply import apply, retry
from tests.integration.inventory.goods import MADE_AT, OUTLET, Goods, granted, returned, sold

SALE = sold([(None, 2), ("LOTLOTLOT1", 1)])
LINE = SALE.lines[0].line_id


def _assigned(lot: str, version: int) -> SaleLotAssigned:
    return SaleLotAssigned(sale_id=SALE.sale_id, line_id=LINE, lot=lot, version=version)


def _opened(name: str, version: int) -> OutletOpened:
    return OutletOpened(outlet=OUTLET, version=version, name=name, kind="permanent", opens_on=None, closes_on=None)


def _withdrawn(day: date) -> SkillWithdrawn:
    return SkillWithdrawn(worker_ref="wmaker001", skill="bakery-dasar", reference="c-1", effective=day, version=2)


HISTORY: tuple[Event, ...] = (
    SALE,
    _assigned("LOTLOTLOT1", 1),
    _assigned("LOTLOTLOT2", 2),
    returned(SALE, None, 1, restock=True),
    _opened("Dekranasda", 1),
    _opened("Dekranasda Makassar", 2),
    granted(),
    granted(valid_until=date(2026, 6, 1), version=3),
    _withdrawn(date(2026, 4, 1)),
    _withdrawn(date(2026, 3, 1)),
)


@pytest.fixture
def forget(forget_of: Callable[[str], Callable[[], None]]) -> Callable[[], None]:
    return forget_of("inventory")


def _live(database: Database, order: Sequence[Event]) -> str:
    """Hear of everything in this order, a piece at a time; what waits is tried again as the reconciler does."""
    goods = Goods(database)
    for event in order:
        apply(database, consumer, goods.batch(event))
    while _try_parked(database):
        pass
    with database.transaction() as session:
        assert parked.due(session) == []
        assert session.scalar(text("SELECT count(*) FROM dead_letter")) == 0
        return state_hash(session)


def _try_parked(database: Database) -> bool:
    done = False
    with database.transaction() as session:
        for row in parked.due(session):
            try:
                retry(session, consumer, row.event)
            except CauseMissing:  # the next round tries again
                continue
            parked.done(session, row.source, row.epoch, row.seq)
            done = True
    return done


def test_every_order_of_a_sale_and_what_refers_to_it_gives_the_same_state(
    database_for: Callable[..., Database], forget: Callable[[], None]
) -> None:
    database, hashes = database_for("inventory"), set()
    for order in permutations(HISTORY[:4]):
        forget()
        hashes.add(_live(database, order))
    assert len(hashes) == 1


def test_every_order_of_grants_and_withdrawals_gives_the_same_state(
    database_for: Callable[..., Database], forget: Callable[[], None]
) -> None:
    database, hashes = database_for("inventory"), set()
    for order in permutations(HISTORY[6:]):
        forget()
        hashes.add(_live(database, order))
    assert len(hashes) == 1


def test_long_histories_shuffled_and_repeated_give_the_same_state(
    database_for: Callable[..., Database], forget: Callable[[], None]
) -> None:
    database, dice = database_for("inventory"), random.Random(20260302)
    forget()
    expected = _live(database, HISTORY)
    for _ in range(30):
        order = [*HISTORY, *dice.choices(HISTORY, k=6)]
        dice.shuffle(order)
        forget()
        assert _live(database, order) == expected


def test_the_state_hash_sees_each_event(database_for: Callable[..., Database], forget: Callable[[], None]) -> None:
    database = database_for("inventory")
    seen = {""}
    for upto in range(1, len(HISTORY) + 1):
        forget()
        seen.add(_live(database, HISTORY[:upto]))
    assert len(seen) == len(HISTORY) + 1


@pytest.mark.parametrize("told", [None, "MISREAD001"])
def test_what_comes_back_is_the_lot_that_a_person_says_whatever_comes_first(
    database_for: Callable[..., Database], forget: Callable[[], None], told: str | None
) -> None:
    database, hashes = database_for("inventory"), set()
    sale = sold([("MISREAD001", 5)]) if told else sold([(None, 5)])
    line = sale.lines[0].line_id
    said = [
        SaleLotAssigned(sale_id=sale.sale_id, line_id=line, lot=lot, version=version)
        for version, lot in enumerate(("LOTLOTLOT1", "LOTLOTLOT2"), 1)
    ]
    back = [returned(sale, told, 2, restock=True), returned(sale, told, 1, restock=False)]
    sure = returned(sale, "LOTLOTLOT3", 1, restock=True)  # whoever names another lot has looked at it
    for order in random.Random(20260302).sample(list(permutations([sale, *said, *back])), 24):
        forget()
        hashes.add(_live(database, [*order, sure]))
        with database.transaction() as session:
            rows = session.execute(text("SELECT location, lot, on_hand FROM stock_balance WHERE on_hand <> 0")).all()
        held = {(row.location.partition("/")[0], row.lot): int(row.on_hand) for row in rows}
        assert held == {
            ("customer", "LOTLOTLOT2"): 2,
            ("customer", "LOTLOTLOT3"): -1,
            ("outlet", "LOTLOTLOT2"): -3,
            ("outlet", "LOTLOTLOT3"): 1,
            ("scrap", "LOTLOTLOT2"): 1,
        }, order
    assert len(hashes) == 1


def test_a_lot_assigned_later_moves_from_the_nameless_bucket(database_for: Callable[..., Database]) -> None:
    goods = Goods(database_for("inventory")).begin()
    lot = goods.at_outlet(10)
    sale = sold([(None, 2)])
    assigned = SaleLotAssigned(sale_id=sale.sale_id, line_id=sale.lines[0].line_id, lot=lot, version=1)
    assert goods.hear(assigned).parked == 1
    goods.hear(sale)
    assert goods.stock()[OUTLET] == 8
    assert goods.stock(lot)[OUTLET] == 10
    assert _try_parked(goods.database)
    assert goods.stock(lot) == {"production": -10, OUTLET: 8, "customer": 2}
    assert goods.staff.get("/stock", location=OUTLET)["items"] == [
        {"location": OUTLET, "sku": "RTI-001", "lot": lot, "on_hand": 8}
    ]
    goods.prove()


def test_a_sale_of_an_unknown_lot_product_and_outlet_just_moves(database_for: Callable[..., Database]) -> None:
    goods = Goods(database_for("inventory"))
    strange = sold([("NEVERSEEN1", Decimal("1.5"))], outlet="OUT-NEW", sku="NEW-1")
    outcome = goods.hear(strange, strange)
    assert (outcome.handled, outcome.parked, outcome.dead) == (2, 0, 0)
    assert goods.stock(sku="NEW-1") == {"OUT-NEW": Decimal("-1.5"), "customer": Decimal("1.5")}
    goods.prove()


def test_a_move_is_dated_by_the_sale_not_by_its_arrival(database_for: Callable[..., Database]) -> None:
    goods = Goods(database_for("inventory")).begin()
    sale = sold([("LOTLOTLOT1", 1)])
    goods.hear(sale)
    (move,) = goods.staff.get("/moves", lot="LOTLOTLOT1")["items"]
    assert UUID(move["document_id"]) == sale.sale_id
    assert move["moved_at"] == (MADE_AT + timedelta(days=2)).isoformat().replace("+00:00", "Z")


def test_a_sold_line_may_come_back_in_parts_some_whole_and_some_broken(goods: Goods) -> None:
    lot = goods.at_outlet(10)
    sale = sold([(lot, 5)])
    whole = returned(sale, lot, 1, restock=True)
    first = structs.replace(whole.lines[0], line_id=sale.lines[0].line_id)
    goods.hear(sale, structs.replace(whole, lines=(first, structs.replace(first, quantity=Decimal(2), restock=False))))
    assert goods.stock(lot) == {"production": -10, "customer": 2, OUTLET: 6, "scrap": 2}
    goods.prove()
