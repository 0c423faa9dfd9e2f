"""What concerns many past sales is looked at again later and in parts, so that no register ever waits for it.

Who changes what sales are judged by (a price, a lot, a product) notes in the same transaction which sales that concerns
(`concern_price` and so on); a few are judged at once. The rest is worked off in chunks: by whoever asked, for a moment,
and by the service's courier, again and again until nothing is noted. What is noted survives any crash.

A chunk shares the gate with the registers. That is enough: all facts that the line's codes follow from change behind
the gate held alone, so what a chunk sees of them cannot change while it judges; and two chunks never meet.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from services.sales.models import Price, Reconsideration
from services.sales.usecases import gates, work_items
from shared.db import Database, Session

ZONE = "Asia/Makassar"
#: Sales of one chunk: some tens of milliseconds.
CHUNK = 100
#: So many are judged at once by whoever holds the gate anyway.
FEW = 20

# As many lines as there may be sales, and one more: so many are enough to know that they are not few.
_SOLD_LOTS = text("""
    (SELECT sale_id FROM sale_line WHERE lot = ANY(:lots) LIMIT :few)
    UNION ALL (SELECT sale_id FROM lot_assignment WHERE lot = ANY(:lots) LIMIT :few)
""")
# A product that is heard of for the first time explains what stands as unknown; its price may differ from then on.
# Later a list price can only explain what stands: one that no list price had been until now.
_ODD_PRODUCTS = text("""
    SELECT sale_id FROM work_item
     WHERE sku = ANY(:skus) AND stands AND code IN ('unknown-sku', 'price-differs') LIMIT :few
""")
_NEXT = text("SELECT * FROM reconsideration ORDER BY id LIMIT 1")
_DONE = text("DELETE FROM reconsideration WHERE id = :id")
_GO_ON = text("UPDATE reconsideration SET day = :day, sale_id = :sale_id WHERE id = :id")
_FIRST_DAY = text("""
    SELECT min(business_day) FROM sale
     WHERE business_day >= coalesce(CAST(:day AS date), CAST(CAST(:since AS timestamptz) AT TIME ZONE :zone AS date))
       AND business_day <= coalesce(CAST(CAST(:until AS timestamptz) AT TIME ZONE :zone AS date), 'infinity')
""")
_OF_LOT = text("""
    WITH sold AS MATERIALIZED (
        SELECT sale_id FROM sale_line WHERE lot = :lot UNION SELECT sale_id FROM lot_assignment WHERE lot = :lot)
    SELECT sale_id FROM sold WHERE CAST(:after AS uuid) IS NULL OR sale_id > :after ORDER BY sale_id LIMIT :chunk
""")
_OF_PRODUCT = text("""
    SELECT DISTINCT sale_id FROM work_item
     WHERE sku = :sku AND stands AND code IN ('unknown-sku', 'price-differs')
       AND (CAST(:after AS uuid) IS NULL OR sale_id > :after) ORDER BY sale_id LIMIT :chunk
""")
# Of a day's sales those that the price can make odd (sold at another one), or explain. The day comes first: all that
# was ever sold of the product may be a thousand times as much.
_OF_DAY = text("""
    WITH sold AS MATERIALIZED (
        SELECT id FROM sale
         WHERE business_day = :day AND (CAST(:outlet AS text) IS NULL OR outlet = :outlet)
           AND effective_at >= :since AND effective_at < coalesce(CAST(:until AS timestamptz), 'infinity')
           AND (CAST(:after AS uuid) IS NULL OR id > :after))
    SELECT sold.id FROM sold
     WHERE EXISTS (
           SELECT FROM sale_line l
            WHERE l.sale_id = sold.id AND l.sku = :sku AND (l.unit_price <> :price OR EXISTS (
                  SELECT FROM work_item w WHERE w.code = 'price-differs' AND w.stands
                                            AND w.subject = l.sale_id || '/' || l.id)))
     ORDER BY sold.id LIMIT :chunk
""")


def concern_lots(session: Session, lots: Sequence[str]) -> None:
    """What is known of these lots has changed. The caller holds the gate alone."""
    few = session.scalars(_SOLD_LOTS, {"lots": sorted(lots), "few": FEW + 1}).all()
    if len(few) <= FEW:
        work_items.reconsider_lines(session, set(few))
    else:
        session.execute(insert(Reconsideration), [{"lot": lot} for lot in sorted(lots)])


def concern_products(session: Session, skus: Sequence[str]) -> None:
    """These products are heard of, or have another list price. The caller holds the gate alone."""
    few = session.scalars(_ODD_PRODUCTS, {"skus": sorted(skus), "few": FEW + 1}).all()
    if len(few) <= FEW:
        work_items.reconsider_lines(session, set(few))
    else:
        session.execute(insert(Reconsideration), [{"sku": sku} for sku in sorted(skus)])


def concern_price(session: Session, price: Price, until: datetime | None) -> None:
    """A price holds from a moment on, until another one. The caller holds the gate alone."""
    asked = {"sku": price.sku, "outlet": price.outlet, "price": price.price}
    session.execute(insert(Reconsideration), asked | {"since": price.valid_from, "until": until})


def work_off(database: Database, *, seconds: float) -> bool:
    """Judge again for about so long; whether nothing is left that somebody else is not working at."""
    end = time.monotonic() + seconds
    while chunk(database):
        if time.monotonic() >= end:
            return False
    return True


def chunk(database: Database) -> bool:
    """Judge one chunk again; False when there was nothing to do, or another process is at it."""
    with database.transaction() as session:
        if not gates.try_to_reconsider(session):
            return False
        asked = session.execute(_NEXT).one_or_none()
        if asked is None:
            return False
        _judge(session, asked)
    return True


def _judge(session: Session, asked: Any) -> None:
    day = None
    if asked.since is not None:
        day = session.scalar(_FIRST_DAY, {"day": asked.day, "since": asked.since, "until": asked.until, "zone": ZONE})
        if day is None:
            session.execute(_DONE, {"id": asked.id})
            return
    sales = _concerned(session, asked, day)
    gates.enter_to_reconsider(session)
    work_items.reconsider_lines(session, sales)
    if len(sales) == CHUNK:
        session.execute(_GO_ON, {"id": asked.id, "day": day, "sale_id": sales[-1]})
    elif day is None:
        session.execute(_DONE, {"id": asked.id})
    else:
        session.execute(_GO_ON, {"id": asked.id, "day": day + timedelta(days=1), "sale_id": None})


def _concerned(session: Session, asked: Any, day: Any) -> Sequence[UUID]:
    """The next of the sales that this concerns: in the order of their ids, from where the last chunk ended."""
    after = asked.sale_id if day == asked.day else None
    values = {"after": after, "chunk": CHUNK}
    if asked.lot is not None:
        return session.scalars(_OF_LOT, values | {"lot": asked.lot}).all()
    if day is None:
        return session.scalars(_OF_PRODUCT, values | {"sku": asked.sku}).all()
    within = {"day": day, "outlet": asked.outlet, "since": asked.since, "until": asked.until}
    return session.scalars(_OF_DAY, values | within | {"sku": asked.sku, "price": asked.price}).all()
