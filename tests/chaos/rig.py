"""Load on a real system, faults from a seeded schedule, then heal, settle, account."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.local.running import Running
from tests.benchmarks.load import stock_the_shop
from tests.chaos import accounting, faults
from tests.chaos.load import Registers

CLIENTS = 6


@dataclass
class Report:
    """One run: its seed, what was done when (seconds from the start), and the account."""

    seed: int
    seconds: float
    done: list[dict[str, Any]] = field(default_factory=list)
    account: accounting.Account | None = None
    registers: Registers | None = None

    def as_dict(self) -> dict[str, Any]:
        """For the JSON report."""
        account = self.account.as_dict() if self.account else None
        return {"seed": self.seed, "seconds": self.seconds, "faults": self.done, "account": account}


def run(
    system: Running,
    *,
    seed: int,
    seconds: float,
    only: Sequence[str] = (),
    tell: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Report:
    """Sell for so long while faults happen; `only` names the faults to choose from. Raises AssertionError when lost."""
    dice, report = random.Random(seed), Report(seed, seconds)
    lot = stock_the_shop(system.url)
    known = accounting.sales_of(system)
    registers = report.registers = Registers(system.url, lot, CLIENTS, seed)
    registers.start()
    began = time.monotonic()
    try:
        while time.monotonic() - began < seconds:
            time.sleep(dice.uniform(0.2, 2.0))
            name = dice.choice(list(only) or list(faults.FAULTS))
            one = {"at": round(time.monotonic() - began, 2), "fault": name}
            one["what"] = faults.FAULTS[name](system, dice)
            report.done.append(one)
            tell(one)
    finally:
        registers.finish()
    for name in ("postgres", "redis", *faults.PROCESSES):
        system.wait_ready(name)
    caught_up = accounting.settle(system)
    report.account = accounting.account(system, registers, known, caught_up)
    return report
