"""Registers that sell for as long as they are let, and repeat what was not answered; they note what was promised."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.jsontext import dumps
from tests.benchmarks.load import Till, outlet_of


@dataclass
class Ledger:
    """What a register knows: sales that it sent at least once, and those that were acknowledged."""

    attempted: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    retries: int = 0


class Registers:
    """Each client is a shop of its own with one register; it sends batches of one to five, one after the other."""

    def __init__(self, url: str, lot: str, clients: int, seed: int) -> None:
        self.url, self.stop = url, threading.Event()
        self.tills = [Till(url, client, lot) for client in range(clients)]
        self.ledgers = [Ledger() for _ in self.tills]
        self.seed = seed
        self.threads = [threading.Thread(target=self._sell, args=(client,)) for client in range(clients)]

    def start(self) -> None:
        """Begin to sell."""
        for thread in self.threads:
            thread.start()

    def finish(self) -> None:
        """Sell no more; what is under way is repeated until it is answered."""
        self.stop.set()
        for thread in self.threads:
            thread.join()

    @property
    def attempted(self) -> set[str]:
        """Sales that were sent at least once."""
        return set().union(*(ledger.attempted for ledger in self.ledgers))

    @property
    def acknowledged(self) -> set[str]:
        """Sales that a server said it has."""
        return set().union(*(ledger.acknowledged for ledger in self.ledgers))

    def _sell(self, client: int) -> None:
        dice = random.Random(f"{self.seed}/{client}")
        till, ledger = self.tills[client], self.ledgers[client]
        with httpx.Client(base_url=self.url, headers=till.headers, timeout=10, trust_env=False) as http:
            while not self.stop.is_set():
                sales = [till.sale() for _ in range(dice.randint(1, 5))]
                self._send(http, till, ledger, sales)
                time.sleep(dice.random() * 0.1)

    def _send(self, http: httpx.Client, till: Till, ledger: Ledger, sales: list[dict[str, Any]]) -> None:
        body = dumps({"sales": sales})
        ledger.attempted |= {sale["id"] for sale in sales}
        while True:
            try:
                answer = http.post(till.path, content=body)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code == 200:
                done = {one["id"] for one in answer.json()["results"] if one["status"] in {"recorded", "duplicate"}}
                ledger.acknowledged |= done
                return
            if answer is not None and answer.status_code < 500:
                raise AssertionError(f"{outlet_of(till.client)} was refused: {answer.status_code} {answer.text[:300]}")
            ledger.retries += 1
            time.sleep(0.1)  # as a register does: the same again, until it is answered
