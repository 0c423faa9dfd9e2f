"""A register at work, and what befalls its tablet: it is wiped, its clock is wrong, it stands in another shop."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from uuid_utils.compat import uuid7

from shared.auth import issue
from shared.clock import now
from shared.jsontext import instant
from tests.benchmarks.load import CLIENTS, PRICE, Till, outlet_of
from tests.chaos.actors import Actor, Clock


@dataclass(kw_only=True)
class Register(Actor):
    """Sells in batches of one to five and now and then takes something back; knows what it was promised."""

    till: Till
    dice: random.Random
    attempted: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    #: What happens to it between two customers.
    mishaps: queue.SimpleQueue[Callable[[], None]] = field(default_factory=queue.SimpleQueue)
    clock: Clock = field(default_factory=Clock)
    outlet: str = ""
    #: Sale → when it really was sold; what only people know.
    sold: dict[str, datetime] = field(default_factory=dict)
    #: Numbers on paper receipts that no device knows any more.
    lost_receipts: set[int] = field(default_factory=set)
    moves: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.outlet = self.outlet or outlet_of(self.till.client)
        self.till.number = 0  # a receipt that is missing shows as a gap after the first one
        self._switch_on()

    def _switch_on(self) -> None:
        """Every other register is of the kind that tells the clock of its page's run, too."""
        self.clock = Clock(run=str(uuid4()) if self.till.client % 2 else None)

    @property
    def code(self) -> str:
        """Of this register."""
        return f"BENCH-{self.till.client}"

    def work(self, stop: threading.Event) -> None:
        """Sell until told to stop; what is under way is repeated until it is answered."""
        while not stop.is_set():
            sales = self.make(self.dice.randint(1, 5))
            self.sell(sales)
            if self.dice.random() < 0.1:
                self.take_back(self.dice.choice(sales))
            while not self.mishaps.empty():
                self.mishaps.get()()
            time.sleep(self.dice.random() * 0.1)

    def make(self, count: int) -> list[dict[str, Any]]:
        """Goods and receipts go out; the device has it, the server does not."""
        made = []
        for _ in range(count):
            sale = self.till.sale()
            self.sold[sale["id"]] = now()
            made.append(sale | {"sold_at": self.clock.wall()} | self.clock.told("device_clock"))
        return made

    def sell(self, sales: Sequence[dict[str, Any]]) -> None:
        """Post a batch."""
        self.attempted |= {sale["id"] for sale in sales}
        answer = self.say("POST", self.till.path, "register", {"sales": list(sales)}, self.clock)
        done = {one["id"] for one in answer["results"] if one["status"] in {"recorded", "duplicate"}}
        self.acknowledged |= done

    def take_back(self, sale: dict[str, Any]) -> None:
        """One line of a sale comes back, for cash."""
        line = sale["lines"][0]
        back = {"id": str(uuid7()), "line_id": line["id"], "sku": line["sku"], "lot": line["lot"], "quantity": 1}
        back |= {"amount": PRICE, "reason_code": "taste", "restock": True}
        whole = {"id": str(uuid7()), "sale_id": sale["id"], "returned_at": self.clock.wall(), "lines": [back]}
        whole |= {"shift_id": sale["shift_id"], "refund": {"kind": "cash", "amount": PRICE}}
        whole |= self.clock.told("device_clock")
        path = self.till.path.removesuffix("sales") + "returns"
        self.say("POST", path, "register", {"returns": [whole]}, self.clock)

    # -- what befalls it -------------------------------------------------------------------------------------------

    def is_wiped(self) -> None:
        """Receipts were printed and not sent; then the tablet loses all its memory, and begins anew as this register.

        It is told the number on the last paper receipt, and goes on after that.
        """
        self.lost_receipts |= {sale["register_no"] for sale in self.make(self.dice.randint(1, 4))}
        on_paper, self.till = self.till.number, Till(self.url, self.till.client, self.till.lot)
        known = self.ask(f"/sales/v1/registers/{self.code}/sync", "register")
        assert known["last_no"] <= on_paper, "the server knows a receipt that nobody has printed"
        self.till.number = max(known["last_no"], on_paper)
        self._switch_on()

    def has_a_wrong_clock(self) -> None:
        """It sells by a clock that is years off; some of it is sent by that clock, some after it was put right."""
        off = timedelta(days=self.dice.choice((-1, 1)) * self.dice.uniform(300, 4000))
        self.clock = replace(self.clock, off=off)
        self.sell(self.make(self.dice.randint(1, 3)))
        unsent = self.make(self.dice.randint(1, 3))
        self.clock = replace(self.clock, off=timedelta())
        self.sell(unsent)

    def is_moved(self) -> None:
        """It is carried to another shop with sales that it has not sent; there it is paired anew."""
        unsent = self.make(self.dice.randint(1, 3))
        self.outlet = outlet_of(self.dice.choice([n for n in range(CLIENTS) if outlet_of(n) != self.outlet]))
        moved = {"outlet": self.outlet, "name": self.code, "since": instant(now())}
        self.say("PUT", f"/sales/v1/registers/{self.code}", "city", moved)
        self.moves += 1
        self.tokens["register"] = issue(
            role="register", outlet=self.outlet, register=self.code, lifetime=timedelta(hours=3)
        )
        self.sell(unsent)
