"""`lapak bench`: sales per second, event to effect, draining a backlog; beside their baseline in the same run.

Then a consumer's catching up, while sales go on; what more processes give; and what grows with the past."""

from __future__ import annotations

import argparse
import os
import sys
from statistics import median

from rich.console import Console
from rich.table import Table

from shared.local.keys import fresh_keys
from shared.local.running import Running
from tests.benchmarks import (
    baseline,
    catchup,
    containers,
    events,
    far_behind,
    growth,
    load,
    price_back,
    profile,
    proof,
    scaling,
    shifts,
    snapshot,
)
from tests.benchmarks.stage import bench_system

ROUNDS = 3
PARTS = ("speed", "catch-up", "far-behind", "snapshot", "scaling", "containers", "growth", "price-back", "proof")
console = Console(width=110)


def main() -> None:
    """Start a system of its own, measure, print."""
    parser = argparse.ArgumentParser(prog="lapak bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the load, to see that it works")
    parser.add_argument("--web-workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long the snapshot is held")
    parser.add_argument("--part", choices=PARTS, help="only this one")
    parser.add_argument("--sizes", nargs="*", default=[], help="sales in the pasts of --part growth")
    options = parser.parse_args()
    scale = 5 if options.quick else 1
    os.environ.update(fresh_keys())
    if options.part in {None, "speed"}:
        with bench_system(options.web_workers) as system:
            measure(system, scale)
        console.print(profile.table())
    if options.part in {None, "catch-up"}:
        with bench_system(options.web_workers) as system:
            catchup.run(system, console, events=100_000 // scale)
    if options.part in {None, "far-behind"}:
        with bench_system(options.web_workers) as system:
            far_behind.run(system, console, count=far_behind.EVENTS // scale)
    if options.part in {None, "snapshot"}:
        with bench_system(options.web_workers) as system:
            snapshot.run(system, console, minutes=options.minutes / scale)
    if options.part in {None, "scaling"}:
        scaling.run(console, scale)
    if options.part in {None, "containers"}:
        containers.run(console)
    if options.part in {None, "proof"}:
        proof.run(console, proof.SALES // scale)
    if options.part in {None, "price-back"} and not price_back.run(console, price_back.SALES // scale):
        sys.exit(1)
    if options.part in {None, "growth"} and not growth.run(
        console, [int(size) for size in options.sizes] or growth.SIZES
    ):
        sys.exit(1)


def measure(system: Running, scale: int) -> None:
    """All figures, as one table."""
    lot = load.stock_the_shop(system.url)
    tills = [load.Till(system.url, client, lot) for client in range(load.CLIENTS)]
    urls = {name: system.database_url(name, owner=True) for name in ("sales", "inventory")}
    baseline.prepare(urls["sales"], urls["inventory"])
    load.post_sales(tills, each=20, size=1)  # warm up: connections, plans
    table = Table(title="Lapak against plain SQL, 8 clients, sales of 2 lines", title_justify="left")
    for name in ("what", "Lapak", "baseline", "ratio", "aim"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for what, each, size, aim in (("single posts", 300, 1, 0.15), ("batches of 100", 15, 100, 0.25)):
        ours, plain = _rounds(urls["sales"], tills, each=each // scale, size=size)
        row = (f"{ours:,.0f} sales/s", f"{plain:,.0f} sales/s", f"{ours / plain:.2f}", f"≥ {aim}")
        table.add_row(f"{what}, sales per second", *row)
    count = 50_000 // scale
    drained, moved = events.drain(system, tills, events=count), events.move_rows(urls["inventory"], lot, events=count)
    ratio = drained.per_second / moved.per_second
    speeds = (f"{drained.per_second:,.0f} events/s", f"{moved.per_second:,.0f} events/s", f"{ratio:.2f}")
    table.add_row(f"draining {drained.count:,} events, one consumer", *speeds, "≥ 5,000/s")
    took = events.latencies(system, tills, per_second=100, seconds=20 // scale)
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    table.add_row("event to effect at 100 sales/s, p50", f"{p50:.0f} ms", "–", "–", "≤ 60 ms")
    table.add_row("event to effect at 100 sales/s, p99", f"{p99:.0f} ms", "–", "–", "≤ 300 ms")
    for size, milliseconds in zip(shifts.SIZES, shifts.closes(system.url, tills[0]), strict=True):
        table.add_row(f"closing a shift of {size:,} sales", f"{milliseconds:.0f} ms", "–", "–", "≤ 2,000 ms")
    console.print(table)


def _rounds(url: str, tills: list[load.Till], *, each: int, size: int) -> tuple[float, float]:
    """Medians of alternating rounds, so that a noisy neighbour meets both: (ours, the baseline's) sales per second."""
    pairs = [
        (load.post_sales(tills, each=each, size=size), load.write_rows(url, tills, each=each, size=size))
        for _ in range(ROUNDS)
    ]
    return median(ours.per_second for ours, _ in pairs), median(plain.per_second for _, plain in pairs)


if __name__ == "__main__":
    main()
