"""How long from event to effect, and how fast a backlog drains."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from uuid import UUID

import psycopg
from uuid_utils.compat import uuid7

from shared.clock import now
from shared.jsontext import dumps, instant
from shared.local.running import Running
from tests.benchmarks.load import SKU, Rate, Till, outlet_of, post_sales

BATCH = 500


def latencies(system: Running, tills: Sequence[Till], *, per_second: int, seconds: int) -> list[float]:
    """Milliseconds from the request that records a sale to its visible stock move, at a steady pace; sorted."""
    sent: dict[UUID, float] = {}
    seen: dict[UUID, float] = {}
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(system.database_url("inventory", owner=True), seen, stop))
    watcher.start()
    for till in tills:
        till.connection.close()  # the server has ended what was idle meanwhile; it opens again by itself
    time.sleep(0.3)
    began = time.perf_counter()

    def post(client: int) -> None:
        till = tills[client]
        for index in range(client, per_second * seconds, len(tills)):
            time.sleep(max(0.0, began + index / per_second - time.perf_counter()))
            sale = till.sale()
            sent[UUID(sale["id"])] = time.perf_counter()
            till.post(dumps({"sales": [sale]}).encode())

    threads = [threading.Thread(target=post, args=(client,)) for client in range(len(tills))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deadline = time.perf_counter() + 10
    while sent.keys() - seen.copy().keys() and time.perf_counter() < deadline:  # a copy: the watcher goes on
        time.sleep(0.05)
    stop.set()
    watcher.join()
    assert sent.keys() <= seen.keys(), "some sales had no effect within 10 s"
    return sorted((seen[sale] - moment) * 1000 for sale, moment in sent.items())


def _watch(url: str, seen: dict[UUID, float], stop: threading.Event) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT coalesce(max(id), 0) FROM stock_move").fetchone()
        last = row[0] if row else 0
        while not stop.is_set():
            # Some behind the last one: moves become visible in another order than they were numbered.
            query = "SELECT id, document_id FROM stock_move WHERE id > %s ORDER BY id LIMIT 2000"
            for number, document in connection.execute(query, (last - 100,)).fetchall():
                seen.setdefault(document, time.perf_counter())
                last = max(last, number)
            time.sleep(0.004)


def drain(system: Running, tills: Sequence[Till], *, events: int, also: Sequence[int] = ()) -> Rate:
    """Let a backlog grow while inventory sleeps, then measure how fast its worker and courier take it.

    `also`: ids of further workers of inventory.
    """
    pids = [pid for name in ("inventory-worker", "inventory-courier") if (pid := system.pid(name))] + list(also)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        post_sales(tills, each=events // len(tills) // 100, size=100)
        head = _wait_for_log(system.database_url("sales", owner=True))
        first = _received(system.database_url("inventory", owner=True))
    finally:
        began = time.perf_counter()
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    while (got := _received(system.database_url("inventory", owner=True))) < head:
        if time.perf_counter() - began > 120:
            raise AssertionError(f"received {got} of {head} after 120 s")
        time.sleep(0.05)
    return Rate(head - first, time.perf_counter() - began)


def _wait_for_log(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            row = connection.execute("SELECT (SELECT count(*) FROM outbox), last_seq FROM stream").fetchone()
            assert row is not None
            if row[0] == 0:
                return int(row[1])
            time.sleep(0.1)


def _received(url: str) -> int:
    """Up to which sequence inventory has received all that sales announced."""
    query = "SELECT upper(range) - 1 FROM cursor, unnest(got) AS range WHERE source = 'sales' AND lower(range) = 1"
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def move_rows(url: str, lot: str, *, events: int) -> Rate:
    """The baseline of draining: the same moves, 500 sales a call, over one connection."""
    calls = []
    for _ in range(events // BATCH):
        rows = [
            {
                "document_id": str(sale),
                "line_id": str(uuid7()),
                "lot": lot,
                "source": f"outlet/{outlet_of(0)}",
                "sku": SKU,
            }
            | {"quantity": 1, "moved_at": instant(now())}
            for sale in (uuid7() for _ in range(BATCH))
            for _ in range(2)
        ]
        calls.append(dumps(rows))
    with psycopg.connect(url, autocommit=True, options="-c synchronous_commit=on") as connection:
        began = time.perf_counter()
        for call in calls:
            connection.execute("SELECT baseline.move_goods(%s::jsonb)", (call,))
        return Rate(len(calls) * BATCH, time.perf_counter() - began)
