"""What scales how: sales by the number of web processes, events by the number of workers; and what a country needs.

Ratios are against one process in the same run. On a machine whose cores are all busy with one, more of them gain
nothing: what a sale costs in processor time says what more machines would give.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from shared.config import SERVICES
from shared.local import state
from shared.local.children import child_setup
from shared.local.home import ROOT
from shared.local.running import Running
from tests.benchmarks import events, load
from tests.benchmarks.stage import bench_system
from tests.chaos.accounting import settle

COUNTS = (1, 2, 4)

#: A country: prisons and cities, shops of a city, sales of a shop in a day, which are made within so many hours; the
#: busiest moment has so many times the average of these hours.
PRISONS, CITIES, SHOPS, SALES, HOURS, PEAK = 500, 500, 20, 500, 12, 3
#: Sales that one post carries: registers with a network send each sale at once, those that come back send a hundred.
SINGLE, BATCH = 1, 100


@dataclass(frozen=True)
class Cost:
    """Per sale: processor milliseconds by kind of process, and bytes in all databases."""

    milliseconds: Mapping[str, float]
    stored: float


def run(console: Console, scale: int) -> None:
    """Measure and print."""
    rates, costs = {}, {}
    for count in COUNTS:
        with bench_system(count) as system:
            tills = _tills(system)
            rates[count] = (
                load.post_sales(tills, each=300 // scale, size=SINGLE).per_second,
                load.post_sales(tills, each=20 // scale, size=BATCH).per_second,
            )
            if count == 1:
                costs = {size: _cost(system, tills, 2400 // scale, size) for size in (SINGLE, BATCH)}
    drained = {count: _drain(count, 50_000 // scale) for count in COUNTS}
    console.print(_speeds(rates, drained))
    console.print(_costs(costs))
    console.print(country(costs[SINGLE], costs[BATCH]))


def _tills(system: Running) -> list[load.Till]:
    lot = load.stock_the_shop(system.url)
    tills = [load.Till(system.url, client, lot) for client in range(load.CLIENTS)]
    load.post_sales(tills, each=20, size=SINGLE)  # warm up: connections, plans
    return tills


def _cost(system: Running, tills: Sequence[load.Till], sales: int, size: int) -> Cost:
    """Processor time and storage of so many sales, until all of their events have taken effect."""
    settle(system)
    times, stored = _processor(system), _stored(system)
    made = load.post_sales(tills, each=max(1, sales // len(tills) // size) * (10 if size > 1 else 1), size=size).count
    settle(system)
    spent = {kind: (now - times[kind]) * 1000 / made for kind, now in _processor(system).items()}
    return Cost(spent, (_stored(system) - stored) / made)


def _processor(system: Running) -> dict[str, float]:
    """Seconds of processor time so far, by kind of process."""
    found = dict.fromkeys(("web", "courier", "worker", "postgres", "redis"), 0.0)
    for row in state.load(system.home)["processes"]:
        if row["pid"]:
            process = psutil.Process(row["pid"])
            spent = sum(process.cpu_times()[2:4])  # of children that have ended
            for member in [process, *process.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    spent += sum(member.cpu_times()[:2])
            found[row["name"].rpartition("-")[2]] += spent
    return found


def _stored(system: Running) -> int:
    """Bytes of the three databases, with their indexes."""
    total = 0
    for service in SERVICES:
        with psycopg.connect(system.database_url(service, owner=True)) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            total += row[0] if row else 0
    return total


def _drain(workers: int, count: int) -> float:
    """Events per second that so many workers of inventory take off a backlog."""
    with bench_system(2) as system, _more_workers(system, workers - 1) as more:
        tills = _tills(system)
        settle(system)
        return events.drain(system, tills, events=count, also=more).per_second


@contextmanager
def _more_workers(system: Running, count: int) -> Iterator[list[int]]:
    command = [sys.executable, "-m", "shared.messaging.worker", "services.inventory.worker:celery"]
    with (system.home.logs / "more-workers.log").open("wb") as log:
        how: dict[str, Any] = {
            "cwd": ROOT,
            "env": system.environment,
            "stdout": log,
            "stderr": log,
            "preexec_fn": child_setup(),
        }
        made = [subprocess.Popen[bytes](command, **how) for _ in range(count)]
    try:
        yield [process.pid for process in made]
    finally:
        for process in made:
            process.terminate()
        for process in made:
            process.wait(timeout=10)


def _speeds(rates: Mapping[int, tuple[float, float]], drained: Mapping[int, float]) -> Table:
    table = Table(title=f"More processes on {os.cpu_count()} cores", title_justify="left")
    for name in ("what", *(str(count) for count in COUNTS)):
        table.add_column(name, justify="left" if name == "what" else "right")
    rows = {
        "web processes: single posts, sales/s": [rates[count][0] for count in COUNTS],
        "web processes: batches of 100, sales/s": [rates[count][1] for count in COUNTS],
        "workers of inventory: draining, events/s": [drained[count] for count in COUNTS],
    }
    for what, values in rows.items():
        table.add_row(what, *(f"{value:,.0f} (× {value / values[0]:.2f})" for value in values))
    return table


def _costs(costs: Mapping[int, Cost]) -> Table:
    table = Table(title="What a sale of two lines costs, in ms of one processor", title_justify="left")
    kinds = list(costs[SINGLE].milliseconds)
    for name in ("posted", *kinds, "all", "bytes stored"):
        table.add_column(name, justify="left" if name == "posted" else "right")
    for size, cost in costs.items():
        values = [*cost.milliseconds.values(), sum(cost.milliseconds.values())]
        name = "one by one" if size == SINGLE else f"in batches of {size}"
        table.add_row(name, *(f"{value:.2f}" for value in values), f"{cost.stored:,.0f}")
    return table


def country(single: Cost, batch: Cost) -> Table:
    """What a whole country needs, from the cost of one sale."""
    sales = CITIES * SHOPS * SALES
    peak = sales / (HOURS * 3600) * PEAK
    table = Table(title=f"{PRISONS} prisons, {CITIES} cities, {sales:,} sales a day", title_justify="left")
    table.add_column("what")
    table.add_column("a country", justify="right")
    table.add_column("a city", justify="right")

    def cores(cost: Cost, rate: float, kinds: Sequence[str]) -> float:
        return rate * sum(cost.milliseconds[kind] for kind in kinds) / 1000

    table.add_row("sales per second, at the peak", f"{peak:,.0f}", f"{peak / CITIES:.2f}")
    for what, kinds in (
        ("web", ("web",)),
        ("workers and couriers", ("worker", "courier")),
        ("PostgreSQL", ("postgres",)),
        ("Redis", ("redis",)),
    ):
        need = cores(single, peak, kinds)
        table.add_row(f"busy cores for {what}, all posted one by one", f"{need:.2f}", f"{need / CITIES:.4f}")
    whole = cores(single, peak, tuple(single.milliseconds))
    table.add_row("busy cores in all, one by one", f"{whole:.1f}", f"{whole / CITIES:.4f}")
    whole = cores(batch, peak, tuple(batch.milliseconds))
    table.add_row("busy cores in all, in batches", f"{whole:.1f}", f"{whole / CITIES:.4f}")
    year = sales * 365 * single.stored / 10**12
    table.add_row("stored in a year, TB", f"{year:.1f}", f"{year / CITIES * 1000:.1f} GB")
    return table
