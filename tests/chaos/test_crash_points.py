"""Whatever the boundary at which relay or worker dies, each event takes effect once, without hands."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import text

from services.inventory.handlers import consumer
from services.sales.handlers import consumer as sales
from shared.db import Database
from shared.jsontext import dumps, loads
from shared.local.home import ROOT
from shared.messaging import log, publish
from shared.messaging.apply import apply
from shared.messaging.relay import Relay
from shared.redis_acl import unacked_key
from tests.chaos.crashing import DIED
from tests.integration.messaging.plane import sale
from tests.waiting import until

#: What a death at each boundary leaves behind: (boundary, events are on the queue or taken effect already).
RELAY = [
    ("before commit", False),  # nothing moved
    ("after commit", False),  # in the log, not sent
    *[("before commit", False), ("after commit", False)] * 2,  # read for each consumer
    ("before publish", False),
    ("after publish", True),  # sent, not noted: it is sent again, and the second time is an empty range
    ("before publish", True),  # to the other consumer
    ("after publish", True),
    ("before commit", True),
    ("after commit", True),
]
WORKER = [
    ("before commit", False),  # looks whether its schema is there
    ("after commit", False),
    ("before note as held", False),  # taken off the queue, noted nowhere: only the feed has it now
    ("after note as held", False),
    ("before commit", False),
    ("after commit", True),
    ("before ack", True),
    ("after ack", True),
]


class Rig:
    """Sales with a relay, inventory with a worker: real processes on real databases."""

    def __init__(self, database_for: Callable[..., Database], redis_url: str, folder: Path) -> None:
        self.sales, self.inventory = database_for("sales"), database_for("inventory")
        self.redis, self.folder = redis.Redis.from_url(redis_url), folder
        self.relay = Relay(sales.service, self.sales)
        self.relay.turn()  # meets its consumers
        self.pull()  # inventory follows this log from now on

    def announce(self) -> UUID:
        """One sale of one line; its id."""
        sold = sale()
        with self.sales.transaction() as session:
            publish(session, sold)
        return sold.sale_id

    def run(self, program: str, number: int, finished: Callable[[], bool]) -> list[str] | None:
        """Run a program that dies at a boundary: those passed; None when it got through to the end."""
        passed = self.folder / f"{program}-{number}"
        passed.touch()
        place = "services.sales.handlers" if program == "relay" else "services.inventory.worker:celery"
        command = [sys.executable, "-m", "tests.chaos.crashing", str(number), str(passed), program, place]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until(f"{program} dies or finishes", lambda: process.poll() is not None or finished())
            with suppress(subprocess.TimeoutExpired):
                process.wait(2.0)  # it may die just after the last thing that shows
            code = process.poll()
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
        return passed.read_text(encoding="utf-8").split("\n")[:-1] if code == DIED else None

    def done(self) -> bool:
        """Whether nothing is queued and nothing is held."""
        return not self.redis.llen("inventory") and not self.redis.hlen(unacked_key("inventory"))

    def effects(self, sale: UUID) -> int:
        """How many moves a sale has made."""
        with self.inventory.transaction() as session:
            count = session.scalar(text("SELECT count(*) FROM stock_move WHERE document_id = :id"), {"id": sale})
        return int(count or 0)

    def pull(self) -> None:
        """What the reconciler does with a hole: read the feed, apply."""
        with self.sales.transaction() as session:
            at = log.stream(session)
            batch = log.read(session, at, "inventory", after=0, limit=1000)
        apply(self.inventory, consumer, batch)


def _never() -> bool:
    return False


@pytest.fixture
def rig(database_for: Callable[..., Database], environment: Callable[..., Any], redis_url: str, tmp_path: Path) -> Rig:
    """Both ends, in step with each other."""
    environment("sales", "inventory")
    return Rig(database_for, redis_url, tmp_path)


def test_a_relay_may_die_at_any_boundary(rig: Rig) -> None:
    found: list[tuple[str, bool]] = []
    while True:
        rig.redis.flushdb()
        sale = rig.announce()
        passed = rig.run("relay", len(found) + 1, _never)
        if passed is None:
            break
        found.append((passed[-1], rig.redis.llen("inventory") > 0))
        for _ in range(2):
            rig.relay.turn()  # the next leader
        assert rig.run("worker", 0, rig.done) is None
        assert rig.effects(sale) == 1, passed
    assert found == RELAY


def test_a_worker_may_die_at_any_boundary(rig: Rig) -> None:
    found: list[tuple[str, bool]] = []
    while True:
        sale = rig.announce()
        rig.relay.turn()
        rig.relay.turn()
        passed = rig.run("worker", len(found) + 1, rig.done)
        if passed is None:
            break
        found.append((passed[-1], rig.effects(sale) == 1))
        rig.pull()  # the reconciler's turn; the message may come again besides
        held = rig.redis.hvals(unacked_key("inventory"))
        rig.redis.delete(unacked_key("inventory"))
        if held:
            rig.redis.lpush("inventory", *_again(held))
        assert rig.run("worker", 0, rig.done) is None
        assert rig.effects(sale) == 1, passed
    assert found == WORKER


def _again(held: list[Any]) -> list[bytes]:
    """The messages that a dead worker held, as another one restores them after the visibility timeout."""
    return [dumps(loads(one)[0]).encode() for one in held]
