"""A price that is set back over all sales of a product that there ever were, while other tills sell it.

The worst case of a correction in the past: one product is in each of 160,000 sales, and each has to be judged anew.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import psycopg
from rich.console import Console
from rich.table import Table

from shared.clock import now
from shared.jsontext import instant
from tests.benchmarks import history
from tests.benchmarks.growth_steps import City
from tests.benchmarks.others import Others
from tests.benchmarks.stage import bench_system

SALES = 160_000
CALM_SECONDS, AIM = 30.0, 2.0

_JUDGED = "SELECT count(*) FROM work_item WHERE code = 'price-differs' AND sku = 'BARANG-0' AND closed_at IS NULL"


def run(console: Console, sales: int = SALES) -> bool:
    """Measure, print, and tell whether the aim was met."""
    with bench_system(2) as system:
        history.write_into(system, sales=sales, products=1)
        city = City(system)
        with Others(system, city, products=(0, 19)) as others:
            before = others.measure(CALM_SECONDS)["calm"]
            began = time.perf_counter()
            city.city.put("/sales/v1/prices/BARANG-0", {"price": 1500, "valid_from": instant(_before_all())})
            answered = time.perf_counter() - began
            city.settled(seconds=3600)
            took, found = time.perf_counter() - began, others.told()
            after = others.measure(CALM_SECONDS)["calm"]
        with psycopg.connect(system.database_url("sales", owner=True)) as connection:
            row = connection.execute(_JUDGED).fetchone()
    table = Table(title=f"A price set back over {sales:,} sales", title_justify="left", show_header=False)
    table.add_row("answered after", f"{answered * 1000:.0f} ms")
    table.add_row("until all is judged", f"{took:.1f} s")
    table.add_row("lines that are work items now", f"{row[0] if row else 0:,}")
    table.add_row("another till: p99 before / after", f"{before:.0f} / {after:.0f} ms")
    table.add_row("another till: p99 meanwhile", f"{found['p99']:.0f} ms")
    table.add_row(f"ratio to the lower one (aim: ≤ {AIM:.0f})", f"{found['p99'] / min(before, after):.2f}")
    table.add_row("the longest post / wait for a gate", f"{found['most']:.0f} / {found['gate']:.0f} ms")
    console.print(table)
    return found["p99"] <= AIM * min(before, after)


def _before_all() -> datetime:
    return now() - timedelta(days=500)
