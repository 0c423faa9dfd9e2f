"""What a person reads of it: a bar while it goes on, a table, the rows that differ, and one sentence."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.system.verify.findings import Check
from services.system.verify.proving import CLEAN, DRIFT, Proof

_SHOWN = 20  # rows named of one check


class Bar:
    """A progress bar on standard error, where that is a terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("Proving"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        console = Console(stderr=True)
        self.progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self.task = self.progress.add_task("proving", total=None)

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.progress.stop()

    def begin(self, steps: int) -> None:
        """So many steps are to come."""
        self.progress.update(self.task, total=steps)

    def step(self) -> None:
        """One is done."""
        self.progress.advance(self.task)


def show(console: Console, proof: Proof, waited: float) -> None:
    """All of it, on standard output."""
    if proof.lagging:
        console.print(f"[yellow]Lagging[/yellow] after {waited:.0f} s; nothing was compared:")
        for line in (*proof.lagging, *proof.halted):
            console.print(f"  {line}", markup=False)
        return
    console.print(_table(proof.checks))
    for check in proof.checks:
        for kind, rows in (("DRIFT", check.drift), ("explained", check.explained)):
            for row in rows[:_SHOWN]:
                console.print(f"{kind}: {check.name}: {row}", markup=False)
            if len(rows) > _SHOWN:
                console.print(f"{kind}: {check.name}: … and {len(rows) - _SHOWN} more", markup=False)
    for kind, lines in (("halted", proof.halted), ("waits for a person", proof.undecided)):
        for line in lines[:_SHOWN]:
            console.print(f"{kind}: {line}", markup=False)
    console.print(_sentence(proof), markup=False)


def _sentence(proof: Proof) -> str:
    if proof.code == CLEAN and proof.since:
        return f"Clean since {proof.since.made_at}: every unit and every rupiah posted since is accounted for."
    if proof.code == CLEAN:
        return "Clean: every unit and every rupiah is accounted for."
    if proof.code == DRIFT:
        return "There is drift."
    reasons = [f"{len(proof.halted)} consumers have halted"] if proof.halted else []
    if proof.undecided:
        why = "dead letters that nobody has replayed or discarded, or parked for more than a minute"
        reasons.append(f"{len(proof.undecided)} events are {why}")
    return f"No drift, but not all is accounted for: {' and '.join(reasons)}."


def _table(checks: list[Check]) -> Table:
    table = Table(title="Verified", title_justify="left")
    table.add_column("check", overflow="fold")
    for name in ("compared", "drift", "explained"):
        table.add_column(name, justify="right")
    for check in checks:
        drift = f"[red]{len(check.drift)}[/red]" if check.drift else "0"
        table.add_row(check.name, f"{check.compared:,}", drift, str(len(check.explained)))
    return table
