"""People at work for as long as they are let: what was not answered is repeated, and what was said is noted down.

Registers sell and take goods back; a workshop makes, hands over and delivers. All that they say is a history that can
be told again to another system.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from uuid_utils.compat import uuid7

from services.system.demo.api import Person
from shared.auth import issue
from shared.clock import business_day, now
from shared.jsontext import instant
from tests.benchmarks.load import SKILL, SKU, WORKSHOP, Till, outlet_of
from tests.chaos.actors import Actor
from tests.chaos.register import Register

RESIDENTS = 200  # registered before the load: a resident has no id of the client's, so a repeat would make another


@dataclass(kw_only=True)
class Workshop(Actor):
    """From a certificate to the shelf: each lap makes news for all three services, each the cause of the next."""

    residents: Sequence[str]
    dice: random.Random

    def work(self, stop: threading.Event) -> None:
        """A lap for each resident until told to stop; a lap is finished."""
        for maker in self.residents:
            if stop.is_set():
                return
            self._lap(maker)
            time.sleep(self.dice.random() * 0.2)

    def _lap(self, maker: str) -> None:
        day, moment, output, handover = business_day(now()).isoformat(), instant(now()), str(uuid7()), str(uuid7())
        paper: dict[str, Any] = {"worker_ref": maker, "skill": SKILL, "kind": "competency", "number": maker}
        paper |= {"issuer": "Chaos", "valid_from": day, "valid_until": None}
        self.say("PUT", f"/training/v1/certificates/{uuid7()}", "instructor", paper)
        made = {"id": output, "workshop": WORKSHOP, "sku": SKU, "good": 10, "rejected": 1, "made_at": moment}
        made |= {"recorded_at": moment, "makers": [{"worker_ref": maker, "share_bp": 10_000}]}
        self.say("POST", "/inventory/v1/outputs", "terminal", {"outputs": [made]})
        accept = f"/inventory/v1/outputs/{output}/acceptance"
        lot = self.say("POST", accept, "staff", {"good": 10, "rejected": 1})["lot"]
        line = {"sku": SKU, "lot": lot}
        note = {"id": handover, "from": WORKSHOP, "outlet": outlet_of(0), "lines": [line | {"quantity": 8}]}
        self.say("POST", "/inventory/v1/consignments", "staff", note)
        self.say("POST", f"/inventory/v1/consignments/{handover}/dispatch", "staff", {})
        count = {"id": str(uuid7()), "received_at": instant(now()), "lines": [line | {"good": 7, "damaged": 1}]}
        self.say("POST", f"/inventory/v1/consignments/{handover}/receipts", "register", count)


class People:
    """All of them, each in a thread; they reach the system at `url`."""

    def __init__(self, url: str, lot: str, residents: Sequence[str], registers: int, seed: int) -> None:
        self.stop = threading.Event()
        self.registers = [_register(url, lot, number, seed) for number in range(registers)]
        dice = random.Random(f"{seed}/workshop")
        self.workshop = Workshop(url, "workshop", _workshop_tokens(), residents=residents, dice=dice)
        self.actors: list[Register | Workshop] = [*self.registers, self.workshop]
        self.threads = [threading.Thread(target=self._work, args=(actor,), daemon=True) for actor in self.actors]

    def _work(self, actor: Register | Workshop) -> None:
        try:
            actor.work(self.stop)
        except BaseException as error:
            actor.failure = error

    def start(self) -> None:
        """Begin."""
        for thread in self.threads:
            thread.start()

    def finish(self) -> None:
        """End, each with an answer to the last thing said. Raises AssertionError when somebody was refused."""
        self.stop.set()
        for thread in self.threads:
            thread.join()
        for actor in self.actors:
            if actor.failure is not None:
                raise actor.failure

    def look_once_more(self) -> None:
        """Whoever has nothing more to say hears of a log that is another than before, too."""
        for register in self.registers:
            register.ask(f"/sales/v1/registers/{register.code}/sync", "register")
        self.workshop.ask("/inventory/v1/workshops", "staff")

    @property
    def attempted(self) -> set[str]:
        """Sales that were sent at least once."""
        return set[str]().union(*(register.attempted for register in self.registers))

    @property
    def acknowledged(self) -> set[str]:
        """Sales that a server said it has."""
        return set[str]().union(*(register.acknowledged for register in self.registers))

    @property
    def retries(self) -> int:
        """How often something had to be said again."""
        return sum(actor.retries for actor in self.actors)

    @property
    def unanswered(self) -> Counter[str]:
        """Of these: what was said, or what happened, instead of an answer."""
        return sum((actor.unanswered for actor in self.actors), Counter[str]())

    def tell_again(self, url: str) -> list[Actor]:
        """The whole history to another system, everybody at once as before; those who told it."""
        told: dict[str, Actor] = {}
        failures: list[BaseException] = []

        def tell(actor: Actor) -> None:
            try:
                told[actor.name] = actor.tell_again(url)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=tell, args=(actor,)) for actor in self.actors]
        _run(threads)
        if failures:
            raise failures[0]
        return [told[actor.name] for actor in self.actors]


def _run(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _register(url: str, lot: str, number: int, seed: int) -> Register:
    till = Till(url, number, lot)
    token = till.headers["Authorization"].removeprefix("Bearer ")
    tokens = {"register": token, "city": issue(role="city", subject="chaos-city", lifetime=timedelta(hours=3))}
    return Register(url, f"register {number}", tokens, till=till, dice=random.Random(f"{seed}/{number}"))


def _workshop_tokens() -> dict[str, str]:
    long = timedelta(hours=3)
    return {
        "instructor": issue(role="instructor", subject="chaos-instructor", lifetime=long),
        "staff": issue(role="staff", subject="chaos-staff", lifetime=long),
        "terminal": issue(role="terminal", workshop=WORKSHOP, lifetime=long),
        "register": issue(role="register", outlet=outlet_of(0), register="BENCH-0", lifetime=long),
    }


def register_residents(url: str) -> list[str]:
    """Makers for the workshop; their worker_refs."""
    instructor = Person(url, "instructor")
    return [instructor.post("/training/v1/residents", {"name": f"Chaos {n}"})["worker_ref"] for n in range(RESIDENTS)]
