"""What people see of a run: live while it lasts, a table at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tests.chaos.rig import CATCH_UP_WITHIN, EFFECT_WITHIN, Report

SHOWN = 14  # faults, newest last


class View:
    """Draws the report as it grows; where there is no terminal, prints each fault when it is over."""

    def __init__(self, console: Console, seed: int) -> None:
        self.console, self.seed, self.began = console, seed, time.monotonic()
        self.phase = "starting the system, stocking the shops"
        self.report: Report | None = None
        self._told: set[int] = set()
        self._lock = threading.Lock()
        self._live = Live(get_renderable=self._draw, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> View:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.console.is_terminal:
            self._live.stop()

    def tell(self, report: Report, phase: str) -> None:
        """Something has changed."""
        self.report, self.phase = report, phase
        if self.console.is_terminal:
            return
        with self._lock:
            for number, one in enumerate(report.done):
                if "until" in one and number not in self._told:
                    self._told.add(number)
                    self.console.print(f"{one['at']:7.2f} s  {one['fault']:<18} {one['what']}")

    def _draw(self) -> Group:
        elapsed = time.monotonic() - self.began
        lines: list[Any] = [Text(f"seed {self.seed} · {self.phase} · {elapsed:.0f} s", style="bold")]
        if self.report is not None and self.report.people is not None:
            lines += [Text(_people(self.report)), _faults(self.report.done[-SHOWN:])]
        return Group(*lines)


def _people(report: Report) -> str:
    people, watch = report.people, report.watch
    if people is None or watch is None:
        return ""
    tried, acked = len(people.attempted), len(people.acknowledged)
    times = f"p50 {watch.percentile(0.5):.2f} s, p99 {watch.percentile(0.99):.2f} s"
    return (
        f"{tried:,} sales sent, {acked:,} acknowledged, {people.retries:,} requests repeated; event to effect {times}"
    )


def _faults(faults: Sequence[dict[str, Any]]) -> Table:
    table = Table(box=None, show_header=False)
    for one in faults:
        style = "" if "until" in one else "bold red"
        table.add_row(f"{one['at']:.1f} s", one["fault"], str(one["what"]), style=style)
    return table


def summary(reports: Sequence[Report]) -> Table:
    """One row for each seed."""
    table = Table(box=None, header_style="bold", title="Runs under faults", title_justify="left")
    for name in (
        "seed", "faults", "sales", "lost", "doubled", "strange", "poison", "dead", "untrue", "state", "verify",
        "caught up", "p99", "clean",
    ):  # fmt: skip
        table.add_column(name, justify="right", no_wrap=True)
    for report in reports:
        table.add_row(*_row(report))
    return table


def _row(report: Report) -> list[str]:
    one = report.account
    if one is None:
        return [str(report.seed), str(len(report.done)), *["–"] * 11, "[red]no[/]"]
    same = all(left == right for left, right in report.hashes.values())
    return [
        str(report.seed),
        str(len(report.done)),
        f"{one.attempted:,}",
        str(one.lost + one.moves_missing),
        str(one.moves_doubled),
        str(one.unexpected),
        str(one.poison),
        str(one.poison - one.poison_missing + one.dead_strange),
        str(one.truths.wrong),
        "same" if same else "[red]differs[/]",
        str(one.verify),
        _timed(report.caught_up, CATCH_UP_WITHIN),
        _timed(report.effect_p99, EFFECT_WITHIN),
        "[green]yes[/]" if report.clean else "[red]no[/]",
    ]


def _timed(seconds: float, aim: float) -> str:
    return f"{seconds:.1f} s" if seconds <= aim else f"[yellow]{seconds:.1f} s[/]"
