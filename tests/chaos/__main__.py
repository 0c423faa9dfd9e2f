"""`lapak chaos`: faults under load, over as many seeds as the time allows; a report for each."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from shared.local.keys import fresh_keys
from shared.local.running import running_system
from tests.chaos.faults import FAULTS
from tests.chaos.rig import Report, run

console = Console(width=110)


def main() -> None:
    """Run seeds one after the other, each on a system of its own; exit 1 when any account is not clean."""
    parser = argparse.ArgumentParser(prog="lapak chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each next run takes the next one")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long in all (a run takes about a minute)")
    parser.add_argument("--seconds", type=float, default=45.0, help="how long there are faults in one run")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), default=[], help="only this kind; repeatable")
    parser.add_argument("--report", type=Path, help="write the reports as JSON into this file")
    options = parser.parse_args()
    os.environ.update(fresh_keys())
    until, seed, reports = time.monotonic() + options.minutes * 60, options.seed, list[Report]()
    while not reports or time.monotonic() < until:
        console.rule(f"seed {seed}")
        with (
            tempfile.TemporaryDirectory(prefix="lapak-chaos-") as folder,
            running_system(Path(folder), web_workers=2) as system,
        ):
            reports.append(run(system, seed=seed, seconds=options.seconds, only=options.fault, tell=_tell))
        console.print(reports[-1].account)
        seed += 1
    console.print(_table(reports))
    if options.report:
        text = json.dumps([report.as_dict() for report in reports], indent=1)
        options.report.write_text(f"{text}\n", encoding="utf-8")
    sys.exit(0 if all(report.account and report.account.clean for report in reports) else 1)


def _tell(one: dict[str, Any]) -> None:
    console.print(f"{one['at']:7.2f} s  {one['fault']:<18} {one['what']}")


def _table(reports: list[Report]) -> Table:
    table = Table(box=None, header_style="bold")
    names = {
        "attempted": "tried",
        "acknowledged": "acked",
        "lost": "lost",
        "unexpected": "strange",
        "recovered": "recovered",
        "moves_missing": "unmoved",
        "moves_doubled": "doubled",
        "dead_letters": "dead",
        "caught_up_seconds": "caught up",
        "verify": "verify",
        "clean": "clean",
    }
    for name in ("seed", "faults", *names.values()):
        table.add_column(name, justify="right", no_wrap=True)
    for report in reports:
        account = report.account.as_dict() if report.account else {}
        table.add_row(str(report.seed), str(len(report.done)), *(str(account.get(name, "–")) for name in names))
    return table


if __name__ == "__main__":
    main()
