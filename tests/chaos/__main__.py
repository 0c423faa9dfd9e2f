"""`lapak chaos`: faults under load, over as many seeds as the time allows; a report for each."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from shared.local.home import LocalError
from shared.local.keys import fresh_keys
from tests.chaos.rig import EVERY_FAULT, Report, run
from tests.chaos.view import View, summary

console = Console(width=None if sys.stdout.isatty() else 120)


def main() -> None:
    """Run seeds one after the other, each on a system of its own; exit 1 when any account is not clean."""
    parser = argparse.ArgumentParser(prog="lapak chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each next run takes the next one")
    parser.add_argument("--minutes", type=float, default=1.0, help="begin no run after this many minutes")
    parser.add_argument("--runs", type=int, default=1, help="at least so many runs, however long they take")
    parser.add_argument("--seconds", type=float, default=45.0, help="how long there are faults in one run")
    parser.add_argument("--fault", action="append", choices=list(EVERY_FAULT), default=[], help="only this; repeatable")
    parser.add_argument("--report", type=Path, help="write the reports as JSON into this file")
    options = parser.parse_args()
    os.environ.update(fresh_keys())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    until, seed, reports = time.monotonic() + options.minutes * 60, options.seed, list[Report]()
    while len(reports) < options.runs or time.monotonic() < until:
        reports.append(_one(seed, options.seconds, options.fault))
        if options.report:
            text = json.dumps([report.as_dict() for report in reports], indent=1)
            options.report.write_text(f"{text}\n", encoding="utf-8")
        seed += 1
    console.print(summary(reports))
    sys.exit(0 if all(report.clean for report in reports) else 1)


def _one(seed: int, seconds: float, only: list[str]) -> Report:
    with tempfile.TemporaryDirectory(prefix="lapak-chaos-") as folder, View(console, seed) as view:
        report = Report(seed, seconds)
        try:
            run(Path(folder).resolve(), report, only=only, tell=view.tell)
        except (AssertionError, LocalError) as error:
            report.failure = str(error)
    console.print(f"seed {seed}: {'clean' if report.clean else 'NOT CLEAN'}")
    drift = report.account.drift if report.account else []
    for what in [report.failure, *drift, *(row for rows in report.differences.values() for row in rows)]:
        if what:
            console.print(f"  {what}", style="red", markup=False)
    return report


if __name__ == "__main__":
    main()
