"""The catalogue costs what is sold now, however many lots an outlet has sold out of or never written off.

Counted in rows and not in seconds: PostgreSQL tells how many a transaction has read from tables and indexes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text

from services.sales.queries import catalogue_outlines
from services.sales.queries.catalogue import catalogue
from shared.clock import business_day, now
from shared.db import Database, Session
from shared.local.cluster import DatabaseUrls
from tests.integration.sales.shop import LOT, OUTLET, REGISTER, SKU, Shop, created, published, recalled, received
from tests.waiting import until

SELLABLE, LONG_PAST = 200, 10

_ROWS_READ = text("""
    SELECT sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid)) FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
""")
_CHANGED_IN_PLACE = text("SELECT pg_stat_get_xact_tuples_hot_updated('outlet_stock'::regclass)")
# Lots of one product; the n-th was good until so many days before (or after) a day, and so many are left of it.
_PAST = """
    WITH new AS (
        INSERT INTO lot (code, sku, workshop, made_on, expires_on)
        SELECT %(name)s || n, %(sku)s, 'W', '2020-01-01', CASE WHEN %(dated)s THEN %(day)s::date - n / 20 END
          FROM generate_series(1, %(lots)s) AS n RETURNING code, sku
    )
    INSERT INTO outlet_stock (outlet, sku, lot, on_hand) SELECT %(outlet)s, sku, code, %(left)s FROM new
"""


def _write_past(url: str, *, sold_out: int, undated: int, forgotten: int) -> None:
    """Lots of which nothing is left, with a date and without; those that nobody wrote off; and some to sell."""
    today = business_day(now())
    past, soon = today - timedelta(days=31), today + timedelta(days=30)
    with psycopg.connect(url) as connection:
        for name, lots, left, day, dated in (
            ("EMPTY", sold_out, 0, past, True),
            ("WORN", undated, 0, past, False),
            ("FORGOTTEN", forgotten, 5, past, True),
            ("FRESH", SELLABLE, 5, soon, True),
        ):
            values = {"name": name, "lots": lots, "left": left, "day": day, "dated": dated}
            connection.execute(_PAST, values | {"sku": SKU, "outlet": OUTLET})
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE lot, outlet_stock")


def _lots(session: Session) -> list[Any]:
    (item,) = catalogue(session, outlet=OUTLET, moment=now())
    return list(item["lots"])


def test_a_catalogue_reads_what_can_be_sold_and_not_what_ever_was(
    shop: Shop, urls_for: Callable[..., DatabaseUrls]
) -> None:
    _write_past(urls_for("sales").owner, sold_out=20_000, undated=500, forgotten=8_000)
    with shop.database.transaction() as session:
        before = session.scalar(_ROWS_READ)
        lots = _lots(session)
        read = session.scalar(_ROWS_READ) - before
    assert [lot["lot"] for lot in lots if lot["blocked"] is None] == sorted(
        (f"FRESH{n}" for n in range(1, SELLABLE + 1)), key=lambda code: (-(int(code[5:]) // 20), code)
    )
    assert len(lots) == SELLABLE + LONG_PAST
    # Looked up are each lot that is told, each that has no date, and whether of 1000 that are left any is not heard of.
    assert read < 10_000, read


def test_an_old_label_is_still_refused_but_not_each_that_there_ever_was(shop: Shop) -> None:
    month_ago = business_day(now()) - timedelta(days=31)
    for n in range(15):
        shop.hear(created(f"OLD{n:02}", month_ago - timedelta(days=n)), received(5, f"OLD{n:02}"))
    with shop.database.transaction() as session:
        told = {lot["lot"]: lot["blocked"] for lot in _lots(session)}
    assert told == {f"OLD{n:02}": "expired" for n in range(LONG_PAST)}
    shop.hear(recalled(now(), "OLD14"), recalled(now()))  # whoever finds one of these must hear of it for ever
    with shop.database.transaction() as session:
        assert {lot["lot"] for lot in _lots(session)} == {*told, "OLD14", LOT}


def test_what_is_gone_is_told_only_while_its_label_may_be_scanned(shop: Shop) -> None:
    today = business_day(now())
    for lot, day in (("JUSTPAST", today - timedelta(days=30)), ("TODAY", today), ("UNDATED", None)):
        shop.hear(created(lot, day), received(1, lot))
        with shop.database.transaction() as session:
            assert lot in {one["lot"] for one in _lots(session)}
            session.execute(text("UPDATE outlet_stock SET on_hand = 0 WHERE lot = :lot"), {"lot": lot})
            assert (lot in {one["lot"] for one in _lots(session)}) is (lot == "JUSTPAST")


def test_goods_whose_lot_is_not_heard_of_yet_can_be_sold(shop: Shop) -> None:
    shop.hear(received(3, "NOTYETHERE"))
    with shop.database.transaction() as session:
        (lot,) = [one for one in _lots(session) if one["lot"] == "NOTYETHERE"]
    assert (lot["available"], lot["expires_on"], lot["blocked"]) == (Decimal(3), None, None)


def test_a_sale_changes_its_shelf_in_place_until_the_last_piece(shop: Shop) -> None:
    sold = text("UPDATE outlet_stock SET on_hand = on_hand - :sold WHERE lot = :lot")
    with shop.database.transaction() as session:
        for _ in range(3):
            session.execute(sold, {"sold": 1, "lot": LOT})
        assert session.scalar(_CHANGED_IN_PLACE) == 3
        session.execute(sold, {"sold": 97, "lot": LOT})
        assert session.scalar(_CHANGED_IN_PLACE) == 3


def _changed(shop: Shop, etag: str) -> bool:
    report = {"unsent": 0, "oldest_at": None, "version": "7", "catalogue": etag}
    answer = shop.register.call("POST", f"/registers/{REGISTER}/sales", {"sales": [shop.sale()], "report": report})
    return bool(answer.body["sync"]["catalogue_changed"])


def _etag(shop: Shop) -> str:
    path = f"/sales/v1/catalogue?outlet={OUTLET}"
    return str(shop.app.test_client().get(path, headers=shop.register.headers).headers["ETag"])


def test_a_sale_does_not_wait_for_the_catalogue_and_hears_of_news_all_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_outlines, "_FRESH_SECONDS", 0.0)
    etag, here = _etag(shop), threading.get_ident()
    looked: list[int] = []

    def saw(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "lot_recall" in statement:
            looked.append(threading.get_ident())

    event.listen(shop.database.engine, "before_cursor_execute", saw)
    shop.hear(published(version=2, list_price=7000))
    looked.clear()  # hearing of a product judges sales
    until("a sale hears of the price", lambda: _changed(shop, etag))
    assert looked
    assert here not in looked
    until("the next look is over", lambda: not _changed(shop, _etag(shop)))


def test_a_process_that_has_seen_nothing_lately_leaves_it_to_the_device(
    database_for: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = database_for("sales")
    catalogue_outlines.saw(database, OUTLET, "now", since=time.monotonic())
    assert catalogue_outlines.changed(database, OUTLET, '"before.1"')
    assert not catalogue_outlines.changed(database, OUTLET, '"now.1"')
    monkeypatch.setattr(catalogue_outlines, "_TOLD_SECONDS", 0.0)
    assert not catalogue_outlines.changed(database, OUTLET, '"before.1"')
    assert catalogue_outlines.changed(database, OUTLET, None)
