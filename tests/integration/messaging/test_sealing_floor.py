"""What is posted is sealed whatever commits when; while a snapshot is held, each look costs what it costs in calm."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from shared.db import BY_INDEX, Database, Session
from shared.messaging import floor
from shared.proof import sealing
from shared.proof.sealing import Sealer
from tests.integration.messaging.plane import Plane
from tests.integration.messaging.test_outbox_floor import buffers, held_snapshot

WRITERS, EACH = 6, 40

_POST = text("""
    INSERT INTO posting (table_name, keys, digests)
    VALUES ('t', ARRAY[CAST(:key AS text)], ARRAY[sha256(convert_to(:key, 'UTF8'))])
""")
_SEALED = text("SELECT unnest(keys) FROM posted WHERE table_name = 't'")


@pytest.fixture(autouse=True)
def looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The floor rises as fast as it ever may: the risk is greatest."""
    monkeypatch.setattr(floor, "LOOK_SECONDS", 0.0)


def _post(session: Session, key: str) -> None:
    session.execute(_POST, {"key": key})


def test_what_slow_transactions_post_is_sealed_in_the_end(plane: Plane) -> None:
    committed: list[str] = []
    done = threading.Event()

    def writer(seed: int) -> None:
        dice = random.Random(seed)
        for number in range(EACH):
            with plane.producer.engine.connect() as connection:
                session = plane.producer._sessions(bind=connection)
                _post(session, f"{seed}-{number}")
                session.execute(text("SELECT pg_sleep(:s)"), {"s": dice.random() * dice.choice((0.01, 0.01, 0.2))})
                if dice.random() < 0.2:
                    session.rollback()
                else:
                    session.commit()
                    committed.append(f"{seed}-{number}")

    sealers = [Sealer(plane.producer) for _ in range(2)]

    def seal(sealer: Sealer) -> None:
        while not done.is_set():
            sealer.once()

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        loops = [pool.submit(seal, sealer) for sealer in sealers]
        list(pool.map(writer, range(WRITERS)))
        done.set()
        for loop in loops:
            loop.result()
    last = max(sealers, key=lambda sealer: sealer.bounds.floor)  # below, nobody looks any more
    while last.once():
        pass
    with plane.producer.transaction() as session:
        assert sorted(session.scalars(_SEALED)) == sorted(committed)
    assert last.bounds.floor > WRITERS * EACH / 2, "the floor rose with what was posted"


def test_while_a_snapshot_is_held_a_seal_does_not_walk_over_what_was_sealed(plane: Plane) -> None:
    by_index = Database(plane.producer.url, pool_size=2, options=BY_INDEX)
    sealer = Sealer(by_index)
    with held_snapshot(plane.producer):
        for turn in range(60):
            with by_index.transaction() as session:
                for number in range(40):
                    _post(session, f"{turn}-{number}")
            sealer.once()
        sealer.once()
        with by_index.transaction() as session:
            spread = buffers(session, "SELECT id FROM posting WHERE id > 0 ORDER BY id LIMIT 1", {})
            assert spread > 20, "taken from the start, the dead rows are walked over"
            assert buffers(session, sealing._WORK.text, {"floor": sealer.bounds.floor}) < 12
    by_index.dispose()
