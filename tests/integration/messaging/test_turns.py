"""What a turn of the relay does not do."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import redis
from sqlalchemy import event

from shared.clock import now
from shared.db import Database
from shared.events.sales import SaleReturned
from shared.events.subscribers import subscription
from shared.messaging import publish
from shared.messaging.relay import EMPTY_RANGE_SECONDS, SESSION_OPTIONS, Relay
from tests.integration.messaging.plane import Plane, sale


def test_nothing_is_read_for_a_consumer_that_wants_none_of_what_came(plane: Plane, redis_url: str) -> None:
    redis.Redis.from_url(redis_url).flushdb()
    relay = Relay("sales", Database(plane.producer.url, pool_size=2, options=SESSION_OPTIONS))
    plane.announce(sale(1))
    relay.turn()
    relay.turn()  # both were told of the first sale, or that there is nothing for them
    told, asked = dict(relay.told), list[Any]()
    event.listen(relay.database.engine, "before_cursor_execute", lambda *call: asked.append(call[3]))
    plane.announce(sale(2))
    relay.told["training"] = time.monotonic()
    relay.turn()
    read_for = [values["types"] for values in asked if isinstance(values, dict) and "types" in values]
    assert read_for == [list(subscription("inventory", "sales"))]
    assert relay.told["inventory"] > told["inventory"]
    relay.told["training"] -= EMPTY_RANGE_SECONDS  # a second later
    relay.turn()
    assert relay.delivered.up_to == {"inventory": 2, "training": 2}
    with plane.producer.transaction() as session:
        publish(session, SaleReturned(return_id=uuid4(), sale_id=uuid4(), outlet="O", returned_at=now(), lines=()))
    relay.turn()
    assert relay.delivered.up_to["training"] == 3, "what it wants is sent at once"
