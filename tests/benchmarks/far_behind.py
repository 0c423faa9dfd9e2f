"""A consumer far behind in events that are hardly ever for it: training, and millions of sales.

Its processes and the relay of sales must get over them quickly, and nobody else may notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import median

import httpx
import psycopg
from rich.console import Console
from rich.table import Table
from uuid_utils.compat import uuid7

from shared.auth import issue
from shared.clock import now
from shared.jsontext import dumps, instant
from shared.local.running import Running
from tests.benchmarks import events, load

EVENTS = 2_000_000
PROBES, WATCHED = 20, 15
AIM = 200_000  # sequences a second
PATIENCE = 900.0

_POSITION = """
    SELECT coalesce(min(lower(int8multirange(int8range(1, NULL)) - got)) - 1, 0) FROM cursor
     WHERE source = 'sales' AND epoch = %s
"""
_COPY = "COPY event_log (seq, event_id, type, subject, time, traceparent, data) FROM STDIN"
_PADDING = "x" * 300  # an event of a sale of two lines has about so many characters


def run(system: Running, console: Console, *, count: int = EVENTS) -> None:
    """Measure, print figures and verdict."""
    lot = load.stock_the_shop(system.url)
    tills = [load.Till(system.url, client, lot) for client in range(load.CLIENTS)]
    load.post_sales(tills, each=20, size=1)
    _wait(lambda: _position(system, "inventory") >= _head(system) <= _position(system, "training"))
    calm = events.latencies(system, tills, per_second=PROBES, seconds=WATCHED)
    last = _foreign(system, count)
    began = time.perf_counter()  # they were committed a moment ago
    with ThreadPoolExecutor(1) as pool:
        caught_up = pool.submit(_wait, lambda: _position(system, "training") >= last)
        beside = events.latencies(system, tills, per_second=PROBES, seconds=WATCHED)
        rate = load.Rate(count, caught_up.result() - began)
    page = _page(system, last - count)
    table = Table(title=f"training behind by {count:,} sales", title_justify="left")
    for name in ("what", "calm", "beside"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for share in (0.5, 0.99):
        row = (f"{took[int(len(took) * share)]:.0f} ms" for took in (calm, beside))
        table.add_row(f"sold to moved, p{share * 100:.0f}", *row)
    table.add_row("a page of the feed", "", f"{page:.0f} ms")
    table.add_row("sequences a second", "", f"{rate.per_second:,.0f}")
    console.print(table)
    console.print(f"Aim: at least {AIM:,} sequences/s: {'reached' if rate.per_second >= AIM else 'MISSED'}.")


def _foreign(system: Running, count: int) -> int:
    """Put sales into the log that inventory has received and training has no use for; the head."""
    with psycopg.connect(system.database_url("sales", owner=True)) as sales:
        row = sales.execute("SELECT epoch, last_seq FROM stream FOR UPDATE").fetchone()
        assert row is not None
        epoch, first = row[0], int(row[1]) + 1
        with sales.cursor().copy(_COPY.encode()) as rows:
            moment, data = instant(now()), dumps({"padding": _PADDING})
            for sequence in range(first, first + count):
                fields = (sequence, uuid7(), "lapak.sales.SaleRecorded.v1", "x", moment, "", data)
                rows.write_row(fields)
        last = first + count - 1
        with psycopg.connect(system.database_url("inventory", owner=True)) as inventory:
            received = "UPDATE cursor SET got = got + int8multirange(int8range(%s, %s)) WHERE source = 'sales'"
            inventory.execute(received.encode(), (first, last + 1))
        sales.execute("UPDATE delivery SET published_seq = %s WHERE consumer = 'inventory'", (last,))
        sales.execute("UPDATE stream SET last_seq = %s WHERE epoch = %s", (last, epoch))
    return last


def _page(system: Running, after: int) -> float:
    """Milliseconds of a page of the feed for training, where there is nothing for it; the median of eleven."""
    token = issue(role="service", service="training", lifetime=timedelta(hours=1))
    took = []
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=60) as client:
        for _ in range(11):
            began = time.perf_counter()
            answer = client.get(f"{system.url}/sales/events", params={"after": after, "limit": 250})
            took.append((time.perf_counter() - began) * 1000)
            assert (answer.status_code, answer.json()["events"]) == (200, []), answer.text[:500]
    return median(took)


def _position(system: Running, consumer: str) -> int:
    """Up to which sequence a consumer has received all of sales."""
    with psycopg.connect(system.database_url("sales", owner=True), autocommit=True) as sales:
        epoch = sales.execute("SELECT epoch FROM stream").fetchone()
    with psycopg.connect(system.database_url(consumer, owner=True), autocommit=True) as connection:
        row = connection.execute(_POSITION.encode(), epoch).fetchone()
    return int(row[0]) if row else 0


def _head(system: Running) -> int:
    with psycopg.connect(system.database_url("sales", owner=True), autocommit=True) as connection:
        row = connection.execute("SELECT last_seq + (SELECT count(*) FROM outbox) FROM stream").fetchone()
    return int(row[0]) if row else 0


def _wait(done: Callable[[], bool]) -> float:
    """When it is done."""
    deadline = time.perf_counter() + PATIENCE
    while not done():
        assert time.perf_counter() < deadline, f"waited for {PATIENCE:.0f} s"
        time.sleep(0.05)
    return time.perf_counter()
