"""Load on a real system, faults from a seeded schedule, then heal, settle, account, and compare with a calm run."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.local.home import Home
from tests.benchmarks.load import stock_the_shop
from tests.chaos import accounting, comparing
from tests.chaos.actors import EPOCH_IS_TOLD, Actor
from tests.chaos.faults import FAULTS
from tests.chaos.load import People, register_residents
from tests.chaos.mishaps import MISHAPS
from tests.chaos.network import LONG, NETWORK
from tests.chaos.stage import Stage, copy_home, remove_home, staged
from tests.chaos.watch import Watch

REGISTERS = 6
NEMESES = 2  # faults at the same time
LONG_RUN = 180.0  # seconds from which on the long faults take part
CATCH_UP_WITHIN = 5.0  # seconds from the end of all faults to everybody caught up: the aim
EFFECT_WITHIN = 10.0  # seconds from event to effect while there are faults, for 99 of 100: the aim

EVERY_FAULT = FAULTS | NETWORK | MISHAPS | LONG
Tell = Callable[["Report", str], None]  # what has changed, and the phase of the run
Look = Callable[[Stage, "Report", set[str]], None]


@dataclass
class Report:
    """One run: its seed, what was done when (seconds from the start), and what came of it."""

    seed: int
    seconds: float
    done: list[dict[str, Any]] = field(default_factory=list)
    account: accounting.Account | None = None
    hashes: dict[str, tuple[str, str]] = field(default_factory=dict)
    differences: dict[str, list[str]] = field(default_factory=dict)
    caught_up: float = 0.0
    effect_p50: float = 0.0
    effect_p99: float = 0.0
    effect_worst: float = 0.0
    events: int = 0
    retries: int = 0
    people: People | None = None
    watch: Watch | None = None
    failure: str = ""

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or invented, and every service knows what it would know without faults."""
        whole = self.account is not None and self.account.clean and bool(self.hashes)
        return whole and not self.differences and not self.failure

    def as_dict(self) -> dict[str, Any]:
        """For the JSON report."""
        return {
            "seed": self.seed,
            "seconds": self.seconds,
            "clean": self.clean,
            "failure": self.failure,
            "account": self.account.as_dict() if self.account else None,
            "caught_up_seconds": round(self.caught_up, 2),
            "event_to_effect_seconds": {
                "events": self.events,
                "p50": round(self.effect_p50, 3),
                "p99": round(self.effect_p99, 3),
                "worst": round(self.effect_worst, 3),
            },
            "requests_repeated": self.retries,
            "state": {
                name: {"with_faults": one[:16], "without": other[:16]} for name, (one, other) in self.hashes.items()
            },
            "differences": self.differences,
            "faults": self.done,
        }


def run(
    folder: Path,
    report: Report,
    *,
    only: Sequence[str] = (),
    tell: Tell = lambda *_: None,
    look: Look = lambda *_: None,
) -> None:
    """One run below `folder`; `only` names the faults to choose from.

    `look` may look at the system before it is stopped. Raises AssertionError when people were refused, or when it does
    not catch up; LocalError when a process does not come back, or is left behind.
    """
    before, calm = Home(folder / "before"), Home(folder / "calm")
    try:
        with staged(before.root) as stage:
            lot, residents = stock_the_shop(stage.url), register_residents(stage.url)
            accounting.settle(stage.running)
            copy_home(stage.running, calm)
            known = accounting.sales_of(stage.running)
            people = report.people = People(stage.url, lot, residents, REGISTERS, report.seed)
            stage.registers = people.registers
            _break(stage, report, people, only, tell)
            report.account = accounting.account(stage, people, known)
            broken = comparing.state_of(stage.running, people.actors)
            look(stage, report, known)
        tell(report, "telling the same to a system without faults")
        with staged(calm.root) as stage:
            _compare(report, broken, _calmly(stage, people))
    finally:
        for home in (before, calm):
            remove_home(home)


def _break(stage: Stage, report: Report, people: People, only: Sequence[str], tell: Tell) -> None:
    watch = report.watch = Watch(stage.running).start()
    began = time.monotonic()
    people.start()
    everything = (stage, report, began, only, tell)
    nemeses = [threading.Thread(target=_nemesis, args=(n, *everything), daemon=True) for n in range(NEMESES)]
    try:
        for nemesis in nemeses:
            nemesis.start()
        for nemesis in nemeses:
            nemesis.join()
        tell(report, "healing, settling, accounting")
        stage.heal()
        report.caught_up = accounting.settle(stage.running, accounting.heads(stage.running))
        people.finish()
        if stage.restored:
            time.sleep(EPOCH_IS_TOLD)
            people.look_once_more()
    finally:
        people.stop.set()  # also after Ctrl-C
    accounting.settle(stage.running)
    watch.finish()
    report.events, report.retries = len(watch.samples), people.retries
    report.effect_p50, report.effect_p99 = watch.percentile(0.5), watch.percentile(0.99)
    report.effect_worst = watch.percentile(1.0)


def _nemesis(number: int, stage: Stage, report: Report, began: float, only: Sequence[str], tell: Tell) -> None:
    """One fault after the other, until the time is over."""
    dice, deck = random.Random(f"{report.seed}/{number}"), list[str]()
    while time.monotonic() - began < report.seconds:
        time.sleep(dice.uniform(0.2, 3.0))
        deck = deck or _dealt(number, report, only, dice)
        name = deck.pop()
        one: dict[str, Any] = {"at": round(time.monotonic() - began, 2), "fault": name, "what": "…"}
        report.done.append(one)
        tell(report, "breaking it")
        try:
            one["what"] = EVERY_FAULT[name](stage, dice)
        except Exception as error:  # a fault that fails is a fault of ours: nobody else would see it
            one["what"] = report.failure = f"{name}: {error!r}"
        one["until"] = round(time.monotonic() - began, 2)
        tell(report, "breaking it")


def _dealt(number: int, report: Report, only: Sequence[str], dice: random.Random) -> list[str]:
    """One nemesis's share of the kinds, in an order of its own: each comes before any comes again."""
    usual = [*FAULTS, *NETWORK, *MISHAPS, *(LONG if report.seconds >= LONG_RUN else ())]
    deck = list(only) or usual
    random.Random(report.seed).shuffle(deck)
    mine = deck[number::NEMESES] or deck
    return dice.sample(mine, len(mine))


def _calmly(stage: Stage, people: People) -> dict[str, list[str]]:
    """What another system knows, that was told the same in peace."""
    told: list[Actor] = people.tell_again(stage.running.url)
    accounting.settle(stage.running)
    return comparing.state_of(stage.running, told)


def _compare(report: Report, broken: dict[str, list[str]], calm: dict[str, list[str]]) -> None:
    for service, rows in broken.items():
        report.hashes[service] = (comparing.hash_of(rows), comparing.hash_of(calm[service]))
        if rows != calm[service]:
            report.differences[service] = comparing.difference(rows, calm[service])
