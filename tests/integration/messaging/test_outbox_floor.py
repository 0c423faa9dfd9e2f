"""The outbox is read from a floor that passes no event, whatever commits when; and a held snapshot costs nothing."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.db import BY_INDEX, Database
from shared.http import epoch
from shared.messaging import apply, cursor, floor, log, moving, publish
from shared.messaging.floor import Bounds
from shared.messaging.moving import move, outbox_bounds
from shared.proof import sealing
from tests.integration.messaging.plane import Plane, sale

WRITERS = 6
EACH = 40


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The floor rises as fast as it ever may: the risk is greatest."""
    monkeypatch.setattr(floor, "LOOK_SECONDS", 0.0)


def _turn(database: Database, bounds: Bounds) -> int:
    with database.transaction() as session:
        bounds.look(session)
        moved = move(session, bounds)
    bounds.raised(moved.floor)
    return moved.events


def _logged(plane: Plane) -> list[UUID]:
    with plane.producer.transaction() as session:
        return list(session.scalars(text("SELECT (data->>'sale_id')::uuid FROM event_log ORDER BY seq")))


def _last_id(plane: Plane) -> int:
    with plane.producer.transaction() as session:
        return int(session.scalar(text("SELECT last_value FROM outbox_id_seq")))


def _announced(plane: Plane, dice: random.Random, number: int) -> list[UUID]:
    """One transaction that takes its time; the sales that it committed."""
    sales = [sale(number) for _ in range(dice.choice((1, 1, 3)))]
    with plane.producer.engine.connect() as connection:
        session = plane.producer._sessions(bind=connection)
        publish(session, *sales)
        if dice.random() < 0.2:  # what a savepoint takes back gives its lock back, and never its id
            with session.begin_nested() as point:
                publish(session, sale(number))
                point.rollback()
        slow = dice.random() < 0.1
        session.execute(text("SELECT pg_sleep(:s)"), {"s": dice.random() * (0.3 if slow else 0.01)})
        if dice.random() < 0.2:
            session.rollback()
            return []
        session.commit()
    return [one.sale_id for one in sales]


def test_slow_transactions_that_commit_in_any_order_lose_no_event(plane: Plane) -> None:
    committed: list[UUID] = []
    done = threading.Event()

    def shop(seed: int) -> None:
        dice = random.Random(seed)
        for number in range(EACH):
            committed.extend(_announced(plane, dice, number + 1))

    floors: list[int] = []

    def relay() -> None:
        bounds = outbox_bounds()
        while not done.is_set():
            _turn(plane.producer, bounds)
            floors.append(bounds.floor)

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        movers = [pool.submit(relay) for _ in range(2)]  # two at once: as when a paused leader wakes up
        list(pool.map(shop, range(WRITERS)))
        done.set()
        for mover in movers:
            mover.result()
    last = outbox_bounds()
    last.floor = max(floors)  # what the relays believed to be moved is not looked at any more
    _turn(plane.producer, last)
    assert Counter(_logged(plane)) == Counter(committed)
    assert max(floors) > _last_id(plane) / 2, "the floor rose with the events"


def test_the_floor_waits_for_whoever_has_an_id_and_nothing_else_yet(plane: Plane) -> None:
    """An id is given before the row is there, and before the transaction has a number of its own."""
    with plane.producer.transaction() as session:
        session.execute(
            text("""CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.subject = 'slow' THEN PERFORM pg_advisory_xact_lock(7); END IF; RETURN NEW; END $$""")
        )
        session.execute(text("CREATE TRIGGER w BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION wait()"))
    slow, bounds = sale(), outbox_bounds()

    def insert() -> None:
        with plane.producer.transaction() as session:
            session.execute(
                text("""INSERT INTO outbox (event_id, type, subject, time, traceparent, data)
                SELECT gen_random_uuid(), 'x', 'slow', now(), '', jsonb_build_object('sale_id', CAST(:id AS text))"""),
                {"id": slow.sale_id},
            )

    with ThreadPoolExecutor(1) as pool, plane.producer.engine.connect() as gate:
        gate.execute(text("SELECT pg_advisory_lock(7)"))
        late = pool.submit(insert)
        while not _last_id(plane) or not _waits(plane):
            pass
        sent = plane.announce(*(sale(n) for n in range(5)))
        for _ in range(5):
            _turn(plane.producer, bounds)
        assert (_logged(plane), bounds.floor) == (sent, 0)
        gate.execute(text("SELECT pg_advisory_unlock(7)"))
        late.result()
    for _ in range(3):
        _turn(plane.producer, bounds)
    assert _logged(plane) == [*sent, slow.sale_id]
    assert bounds.floor == _last_id(plane)


def _waits(plane: Plane) -> bool:
    with plane.producer.transaction() as session:
        return bool(session.scalar(text(_WAITS)))


_WAITS = """
    SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
                    WHERE NOT granted AND objid = 7 AND d.datname = current_database())
"""


def test_ids_that_begin_anew_are_found(plane: Plane) -> None:
    bounds = outbox_bounds()
    for _ in range(3):
        plane.announce(sale(), sale())
        _turn(plane.producer, bounds)
    with plane.producer.transaction() as session:
        session.execute(text("TRUNCATE outbox RESTART IDENTITY"))
    again = plane.announce(sale())
    for relay in (bounds, outbox_bounds()):
        _turn(plane.producer, relay)
    assert _logged(plane)[6:] == again


@contextmanager
def held_snapshot(database: Database) -> Iterator[None]:
    with database.engine.connect() as holder:
        holder = holder.execution_options(isolation_level="REPEATABLE READ")
        holder.execute(text("SET idle_in_transaction_session_timeout = 0"))
        holder.execute(text("SELECT 1"))
        yield


def buffers(session: Any, statement: str, values: dict[str, Any]) -> int:
    plan = session.execute(text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"), values).scalar_one()[0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def test_while_a_snapshot_is_held_each_look_costs_what_it_costs_in_calm(plane: Plane) -> None:
    bounds = outbox_bounds()
    by_index = Database(plane.producer.url, pool_size=2, options=BY_INDEX)
    inward = Database(plane.consumer_database.url, pool_size=2, options=BY_INDEX)
    with held_snapshot(plane.producer), held_snapshot(plane.consumer_database):
        for _ in range(60):
            plane.announce(*(sale(n) for n in range(40)))
            _turn(by_index, bounds)
            apply.apply(inward, plane.consumer, plane.batch(after=log_head(plane) - 40))
        with by_index.transaction() as session:
            spread = buffers(session, "SELECT id FROM outbox WHERE id > 0 ORDER BY id LIMIT 1", {})
            assert spread > 20, "taken from the start, the dead rows are walked over"
            looks = (
                moving.ANY.join(("SELECT ", "")),
                f"SELECT {log.WAITING} {log.ROW}",
                epoch._READ.text,
                sealing._LAST.text,
            )
            for statement in looks:
                assert buffers(session, statement, {"floor": bounds.floor}) < 12, statement
            assert buffers(session, f"SELECT last_seq {log.ROW} FOR UPDATE", {}) < 12
            last = session.scalar(text(f"SELECT last_seq {log.ROW}"))
            moved = "UPDATE stream SET last_seq = :last + 1 WHERE last_seq = :last"
            assert buffers(session, moved, {"last": last}) < 20, "a change asks no dead version whether it lives"
        with inward.transaction() as session:
            place = {"source": "sales", "epoch": plane.batch().epoch}
            newest = f"WITH {cursor.NEWEST} SELECT types FROM newest"
            assert buffers(session, newest, place) < 12
            types = list(plane.consumer.types_from("sales"))
            assert session.execute(text(newest), place).all() == [(types,)]
            held = session.scalar(cursor._HOLD, place | {"types": types})
            values = {"held": held, "new": "{[9000,9001)}", "last": 9000, "last_id": None}
            assert buffers(session, cursor._ADVANCE.text, values) < 20, "a change asks no dead version whether it lives"
    by_index.dispose()
    inward.dispose()


def log_head(plane: Plane) -> int:
    """Where the producer's log ends."""
    with plane.producer.transaction() as session:
        return log.stream(session).last_seq
