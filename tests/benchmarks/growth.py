"""What grows with the past: the same work in a city that has sold ten thousand times, a hundred thousand, a million.

Each past is written into a system of its own. Nothing but reports over all of it may take more than 1.5 times what it
takes with the shortest; and while it is done, no other till may wait for a gate for more than 100 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.benchmarks import history
from tests.benchmarks.growth_steps import City
from tests.benchmarks.others import Others
from tests.benchmarks.stage import bench_system

SIZES = (10_000, 100_000, 1_000_000)
MOST_GROWTH, MOST_WAIT = 1.5, 100.0
#: Below this nobody notices, and the machine's noise is larger than what is measured.
NOTHING_MS = 5.0

Figures = dict[str, float]


def run(console: Console, sizes: Sequence[int] = SIZES) -> bool:
    """Measure at each size, print, and tell whether all aims were met."""
    took: dict[int, Figures] = {}
    waits: dict[int, Mapping[str, float]] = {}
    for size in sizes:
        with bench_system(2) as system:
            began = time.perf_counter()
            history.write_into(system, sales=size)
            console.print(f"{size:,} sales were written in {time.perf_counter() - began:.0f} s")
            city = City(system)
            with Others(system, city) as others:
                calm = others.measure(seconds=10)
                took[size] = {name: _median(step, times) for name, (step, times) in city.steps().items()}
                waits[size] = calm | others.told()
    console.print(_times(took))
    console.print(_waits(waits))
    missed = [*_missed(took), *(f"a till waited {w['gate']:.0f} ms" for w in waits.values() if w["gate"] > MOST_WAIT)]
    for what in missed:
        console.print(f"[red]aim missed:[/] {what}")
    return not missed


def _median(step: Callable[[], float | None], times: int) -> float:
    step()  # connections, plans, what lies on disk
    found = []
    for _ in range(times):
        began = time.perf_counter()
        said = step()
        found.append((time.perf_counter() - began) * 1000 if said is None else said)
    return median(found)


def _growth(took: Mapping[int, Figures], name: str, size: int) -> float:
    first = took[min(took)][name]
    return max(took[size][name], NOTHING_MS) / max(first, NOTHING_MS)


def _missed(took: Mapping[int, Figures]) -> list[str]:
    bounded = [name for name in took[min(took)] if not name.startswith("report")]
    grown = [(name, size, _growth(took, name, size)) for name in bounded for size in took]
    return [f"{name} grew × {by:.1f} at {size:,} sales" for name, size, by in grown if by > MOST_GROWTH]


def _times(took: Mapping[int, Figures]) -> Table:
    table = Table(title="Milliseconds, by the number of sales before (and how often the first)", title_justify="left")
    table.add_column("what")
    for size in took:
        table.add_column(f"{size:,}", justify="right")
    for name in took[min(took)]:
        cells = [f"{took[size][name]:.1f} (× {_growth(took, name, size):.2f})" for size in took]
        table.add_row(name, *cells)
    return table


def _waits(waits: Mapping[int, Mapping[str, float]]) -> Table:
    table = Table(title="Another till meanwhile, in ms", title_justify="left")
    table.add_column("what")
    for size in waits:
        table.add_column(f"{size:,}", justify="right")
    for key, name in Others.NAMES.items():
        table.add_row(name, *(f"{of[key]:.0f}" for of in waits.values()))
    return table
