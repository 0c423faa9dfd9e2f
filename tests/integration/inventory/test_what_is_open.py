"""What is open is kept beside the facts: always that of which the second fact is lacking, whoever posts it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import pool, text
from sqlalchemy.exc import ProgrammingError

from shared import migrations
from shared.db import Database, engine
from shared.local.cluster import DatabaseUrls
from tests.integration.inventory.goods import Goods, output

_OUTPUTS = """
    SELECT id, received_at FROM output WHERE id NOT IN (SELECT output_id FROM output_decision) ORDER BY id
"""
_KEPT_OUTPUTS = "SELECT output_id, received_at FROM open_output ORDER BY output_id"
_CONSIGNMENTS = """
    SELECT c.id, origin, destination, drafted_at, dispatched_at
      FROM consignment c LEFT JOIN consignment_dispatch d ON d.consignment_id = c.id
     WHERE c.id NOT IN (SELECT consignment_id FROM receipt) ORDER BY c.id
"""
_KEPT_CONSIGNMENTS = """
    SELECT consignment_id, origin, destination, drafted_at, dispatched_at FROM open_consignment ORDER BY consignment_id
"""


def kept(ask: Callable[[str], list[Any]]) -> tuple[int, int]:
    """How many outputs and consignments are open; they are those that the facts say."""
    outputs, consignments = ask(_KEPT_OUTPUTS), ask(_KEPT_CONSIGNMENTS)
    assert (outputs, consignments) == (ask(_OUTPUTS), ask(_CONSIGNMENTS))
    return len(outputs), len(consignments)


def kept_by(database: Database) -> tuple[int, int]:
    with database.transaction() as session:
        return kept(lambda statement: [tuple(row) for row in session.execute(text(statement))])


def test_it_is_kept_with_each_fact_in_whatever_order_they_come(goods: Goods) -> None:
    made = [goods.propose()["id"] for _ in range(4)]
    goods.terminal.post("/outputs", {"outputs": [output(id=made[0])]})  # once more
    assert kept_by(goods.database) == (4, 0)
    goods.staff.post(f"/outputs/{made[1]}/rejection", {"reason": "gosong"})
    accepted = goods.staff.post(f"/outputs/{made[0]}/acceptance", {"good": 100, "rejected": 0})
    goods.second.post(f"/outputs/{made[0]}/acceptance", {"good": 100, "rejected": 0})
    assert kept_by(goods.database) == (2, 0)
    lot = accepted.body["lot"]
    drafted, sent, received, early = (goods.draft(lot, 10) for _ in range(4))
    for note in (sent, received):
        assert goods.dispatch(note).status == 200
    assert kept_by(goods.database) == (2, 4)
    assert goods.receive(received, lot, 9).status == 201
    assert goods.receive(early, lot, 10).status == 201
    assert kept_by(goods.database) == (2, 2)
    assert goods.dispatch(early).status == 200  # counted before it is known to have left
    assert goods.receive(received, lot, 1).status == 201  # the rest of it
    assert kept_by(goods.database) == (2, 2)
    ways = {state: goods.register.get("/consignments", status=state)["items"] for state in ("draft", "dispatched")}
    assert {state: [one["id"] for one in items] for state, items in ways.items()} == {
        "draft": [drafted],
        "dispatched": [sent],
    }


def test_a_fact_that_is_given_up_opens_and_closes_nothing(goods: Goods) -> None:
    made = goods.propose()["id"]
    goods.propose(good="much")
    too_many = goods.draft(goods.lot(1), 5)
    assert goods.dispatch(too_many).status == 409
    assert goods.staff.post(f"/outputs/{made}/acceptance", {"good": 0, "rejected": 1}).status == 422
    assert kept_by(goods.database) == (1, 1)
    assert goods.register.get("/consignments", status="dispatched")["items"] == []


@pytest.mark.parametrize("table", ["open_output", "open_consignment"])
def test_the_application_can_write_it_by_posting_facts_alone(goods: Goods, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), goods.database.transaction() as session:
        session.execute(text(f"DELETE FROM {table}"))


_BEFORE = """
INSERT INTO output (id, workshop, sku, good, rejected, made_at, recorded_at, received_at, proposed_by, content_hash)
SELECT gen_random_uuid(), 'W', 'S', 1, 0, now(), now(), now() - n * interval '1 hour', 't', ''
  FROM generate_series(1, 5) n;
INSERT INTO output_decision (output_id, proposed_by, decision, decided_by, decided_at)
SELECT id, 't', 'rejected', 's', now() FROM output ORDER BY id LIMIT 2;
INSERT INTO consignment (id, origin, destination, drafted_by, drafted_at, content_hash)
SELECT gen_random_uuid(), 'workshop/W', 'outlet/O', 's', now() - n * interval '1 hour', '' FROM generate_series(1, 6) n;
INSERT INTO consignment_dispatch (consignment_id, dispatched_by, dispatched_at)
SELECT id, 's', now() FROM consignment ORDER BY id LIMIT 4;
INSERT INTO receipt (id, consignment_id, received_at, received_by, posted_at, content_hash)
SELECT gen_random_uuid(), id, now(), 'r', now(), '' FROM consignment ORDER BY id LIMIT 1;
"""
_AFTER = """
INSERT INTO output_decision (output_id, proposed_by, decision, decided_by, decided_at)
SELECT id, 't', 'rejected', 's', now() FROM output ORDER BY id DESC LIMIT 1;
INSERT INTO receipt (id, consignment_id, received_at, received_by, posted_at, content_hash)
SELECT gen_random_uuid(), id, now(), 'r', now(), '' FROM consignment ORDER BY id DESC LIMIT 1;
"""


def test_an_upgrade_finds_what_is_open_and_older_code_keeps_it_from_then_on(
    urls_for: Callable[..., DatabaseUrls],
) -> None:
    urls = urls_for("inventory")
    _stand_at(urls, "0005")
    with psycopg.connect(urls.owner, autocommit=True) as hand:
        hand.execute(_BEFORE)
        _stand_at(urls, "0006")
        assert kept(lambda statement: hand.execute(statement).fetchall()) == (3, 5)
        hand.execute(_AFTER)
        assert kept(lambda statement: hand.execute(statement).fetchall()) == (2, 4)


def _stand_at(urls: DatabaseUrls, revision: str) -> None:
    """Migrate up to a revision, the first time from nothing."""
    with engine(urls.owner, poolclass=pool.NullPool).connect() as connection:
        if revision == "0005":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
            connection.commit()
        made = migrations._config("inventory")
        made.attributes["connection"] = connection
        command.upgrade(made, revision)
        connection.commit()
