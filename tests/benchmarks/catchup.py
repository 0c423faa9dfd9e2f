"""A consumer that comes back without any of a long history catches up by itself while the shops go on selling (P13).

Inventory's database is restored from a backup that was taken before the first sale, and its processes start anew:
nothing else is done. What it lacks is pulled from the feed of sales; what is sold meanwhile comes by the queue.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from rich.console import Console
from rich.table import Table

from shared.local import keys
from shared.local.provision import provision
from shared.local.running import Running
from shared.local.servers import PostgresServer
from tests.benchmarks import load

PER_SECOND = 40  # sales of the live trade, one per request
BEFORE = 20.0  # seconds of trade that are measured before
BATCH = 250
ROUNDS = 3
PATIENCE = 600.0  # seconds
BACKUP = "lapak_inventory_backup"
PROCESSES = ("inventory-worker", "inventory-courier")
AIM = 2.0  # p99 of the live posts during, as a multiple of before

_RECEIVED = "SELECT upper(range) - 1 FROM cursor, unnest(got) AS range WHERE source = 'sales' AND lower(range) = 1"
_MOVES = "SELECT count(*), count(DISTINCT document_id) FROM stock_move WHERE document_kind = 'sale'"


class Trade:
    """Sales through HTTP at a steady pace, each till on a connection and thread of its own."""

    def __init__(self, tills: Sequence[load.Till]) -> None:
        self.tills = tills
        self.took: list[float] = []
        self.failures: list[BaseException] = []
        self.stop = threading.Event()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Sell while the block runs. Raises the first failure of a post."""
        self.began = time.perf_counter()
        threads = [threading.Thread(target=self._sell, args=(client,)) for client in range(len(self.tills))]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stop.set()
            for thread in threads:
                thread.join()
        if self.failures:
            raise self.failures[0]

    def _sell(self, client: int) -> None:
        till, due = self.tills[client], self.began + client / PER_SECOND
        till.connection.close()  # the server has ended what was idle meanwhile; it opens again by itself
        while not self.stop.wait(max(0.0, due - time.perf_counter())):
            body, sent = till.body(1), time.perf_counter()
            try:
                till.post(body)
            except BaseException as error:
                self.failures.append(error)
                return
            self.took.append((time.perf_counter() - sent) * 1000)
            due += len(self.tills) / PER_SECOND

    def percentile(self, share: float) -> float:
        """Milliseconds of a post."""
        return sorted(self.took)[int(len(self.took) * share)]


@dataclass(frozen=True)
class Round:
    """One catch-up: events in so many seconds; milliseconds of a live post before it and during it."""

    caught_up: load.Rate
    before: Trade
    during: Trade

    @property
    def ratio(self) -> float:
        """How much longer the slowest of a hundred live posts took."""
        return self.during.percentile(0.99) / self.before.percentile(0.99)


def run(system: Running, console: Console, *, events: int, rounds: int = ROUNDS) -> None:
    """Measure, print figures and verdict. Raises AssertionError when it does not catch up, or to a wrong state."""
    lot = load.stock_the_shop(system.url)
    tills = [load.Till(system.url, client, lot) for client in range(load.CLIENTS)]
    _wait("inventory to have received the outlets", lambda: _received(system) >= _head(system, "sales"))
    own = _head(system, "inventory")
    _back_up(system)
    load.post_sales(tills, each=events // len(tills) // BATCH, size=BATCH)
    _wait("the first reception", lambda: _received(system) >= _head(system, "sales") >= events)
    done = []
    for _ in range(rounds):
        assert _head(system, "inventory") == own, "inventory announced something that its backup lacks"
        done.append(_catch_up(system, tills))
        _wait("the end of the trade", lambda: _received(system) >= _head(system, "sales"))
        _check(system)
    console.print(_table(done))
    _verdict(console, done)


def _catch_up(system: Running, tills: Sequence[load.Till]) -> Round:
    before, during = Trade(tills), Trade(tills)
    with before.going_on():
        time.sleep(BEFORE)
    _wait("the queue", lambda: _received(system) >= _head(system, "sales"))
    history = _head(system, "sales")
    _restore(system)
    began = time.perf_counter()
    with during.going_on():
        with psycopg.connect(system.database_url("inventory", owner=True), autocommit=True) as connection:
            _wait("the catch-up", lambda: _position(connection) >= history)
        seconds = time.perf_counter() - began
    return Round(load.Rate(history, seconds), before, during)


def _admin_url(system: Running) -> str:
    port = urlsplit(system.database_url("inventory")).port
    assert port is not None
    return PostgresServer(system.home, port, keys.load(system.home.secrets)["postgres"]).url


def _back_up(system: Running) -> None:
    """Copy inventory's database; its connections are cut for that moment."""
    name = urlsplit(system.database_url("inventory")).path.lstrip("/")
    with psycopg.connect(_admin_url(system), autocommit=True) as admin:
        allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(copy.format(sql.Identifier(BACKUP), sql.Identifier(name)))
        admin.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def _restore(system: Running) -> None:
    """Put the backup in the place of inventory's database, and let its worker and courier start anew."""
    pids = [pid for name in PROCESSES if (pid := system.pid(name))]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    owner, app = (system.database_url("inventory", owner=is_owner) for is_owner in (True, False))
    with psycopg.connect(_admin_url(system), autocommit=True) as admin:
        name = sql.Identifier(urlsplit(owner).path.lstrip("/"))
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        provision(_admin_url(system), owner, app, template=BACKUP)
        admin.execute("CHECKPOINT")  # what the restoring wrote is not the catch-up's to pay
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _head(system: Running, service: str) -> int:
    """The newest sequence of a service's log; what waits in its outbox counts as well."""
    query = "SELECT last_seq + (SELECT count(*) FROM outbox) FROM stream"
    with psycopg.connect(system.database_url(service, owner=True)) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _received(system: Running) -> int:
    with psycopg.connect(system.database_url("inventory", owner=True), autocommit=True) as connection:
        return _position(connection)


def _position(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """Up to which sequence inventory has received all of sales."""
    row = connection.execute(_RECEIVED).fetchone()
    return int(str(row[0])) if row else 0


def _wait(what: str, done: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + PATIENCE
    while not done():
        assert time.perf_counter() < deadline, f"waited for {what} for {PATIENCE:.0f} s"
        time.sleep(0.2)


def _check(system: Running) -> None:
    """Every sale has its moves, once; and the books of the three services agree."""
    with psycopg.connect(system.database_url("sales", owner=True)) as connection:
        row = connection.execute("SELECT count(*) FROM sale").fetchone()
    with psycopg.connect(system.database_url("inventory", owner=True)) as connection:
        moves = connection.execute(_MOVES).fetchone()
    assert row is not None
    assert moves == (load.LINES * row[0], row[0]), f"{row[0]} sales, (moves, sales with moves): {moves}"
    verified = system.run("verify")
    assert verified.returncode == 0, verified.stdout


def _table(done: Sequence[Round]) -> Table:
    title = f"Catching up with the history of sales, while {PER_SECOND} sales/s are posted"
    table = Table(title=title, title_justify="left")
    for name in ("events", "seconds", "events/s", "p50 before", "during", "p99 before", "during", "ratio"):
        table.add_column(name, justify="right")
    for one in done:
        speed = (f"{one.caught_up.count:,}", f"{one.caught_up.seconds:.1f}", f"{one.caught_up.per_second:,.0f}")
        posts = [f"{trade.percentile(share):.0f} ms" for share in (0.5, 0.99) for trade in (one.before, one.during)]
        table.add_row(*speed, *posts, f"{one.ratio:.2f}")
    return table


def _verdict(console: Console, done: Sequence[Round]) -> None:
    ratio, speed = median(one.ratio for one in done), median(one.caught_up.per_second for one in done)
    console.print(
        f"Caught up by itself {len(done)} of {len(done)} times, {speed:,.0f} events/s. Every sale has its moves, once; "
        f"`lapak verify` found nothing.\np99 of the live posts, median of {len(done)}: {ratio:.2f} times that before "
        f"(aim: at most {AIM:.0f}): {'reached' if ratio <= AIM else 'MISSED'}."
    )
