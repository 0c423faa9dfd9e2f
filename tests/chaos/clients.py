"""Clients over persistent connections that count what goes wrong, and repeat only what every client library repeats."""

from __future__ import annotations

import http.client
import socket
import threading
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

from shared.jsontext import dumps
from tests.benchmarks.load import Till, outlet_of


class Client(threading.Thread):
    """A register that sells and looks at its shelf, over one connection, until it is stopped.

    A connection that was open already, and that the server closed before it said a byte of the answer, is the one
    thing that HTTP/1.1 cannot rule out: then it asks again over a new one, once (`renewed`). All else is a failure.
    """

    def __init__(self, url: str, number: int, lot: str, pause: float) -> None:
        super().__init__(daemon=True)
        self.till = Till(url, number, lot)
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self.asked_to_stop, self.pause = threading.Event(), pause
        self.sold: list[str] = []
        self.answers: Counter[int] = Counter()
        self.renewed = 0
        self.failures: list[str] = []

    def run(self) -> None:
        """Sell and look, one after the other."""
        headers, outlet = self.till.headers, outlet_of(self.till.client)
        while not self.asked_to_stop.is_set():
            sale = self.till.sale()
            if self._ask("POST", self.till.path, dumps({"sales": [sale]}), headers) == 200:
                self.sold.append(sale["id"])
            self._ask("GET", f"/sales/v1/catalogue?outlet={outlet}", None, headers)
            self.asked_to_stop.wait(self.pause)

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> int:
        kept = self.connection.sock is not None
        try:
            status = self._once(method, path, body, headers)
        except _ClosedBeforeAnswer as closed:
            self.connection.close()
            if not kept:
                return self._failed(f"{method} over a new connection: {closed!r}")
            self.renewed += 1
            try:
                status = self._once(method, path, body, headers)
            except (_ClosedBeforeAnswer, OSError, http.client.HTTPException) as error:
                return self._failed(f"{method}, again: {error!r}")
        except (OSError, http.client.HTTPException) as error:
            return self._failed(f"{method}: {error!r}")
        self.answers[status] += 1
        return status if status == 200 else self._failed(f"{method} {path}: {status}")

    def _once(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> int:
        if self.connection.sock is None:
            self.connection.connect()  # refused: a failure
        try:
            self.connection.request(method, path, body, headers)
            begun = self.connection.sock.recv(1, socket.MSG_PEEK)
        except ConnectionError as error:
            raise _ClosedBeforeAnswer(repr(error)) from error
        if not begun:
            raise _ClosedBeforeAnswer("end of stream")
        answer = self.connection.getresponse()
        answer.read()
        return answer.status

    def _failed(self, why: str) -> int:
        self.failures.append(why)
        self.connection.close()
        return 0


class _ClosedBeforeAnswer(Exception):
    """The connection ended, and not a byte of the answer had come."""


def at_work(url: str, lot: str, pauses: Sequence[float]) -> list[Client]:
    """A client for each of these pauses (in seconds, between two sales), each with a shop of its own, at work."""
    clients = [Client(url, number, lot, pause) for number, pause in enumerate(pauses)]
    for client in clients:
        client.start()
    return clients


def finish(clients: Sequence[Client]) -> list[str]:
    """Let them end; the ids of the sales that were answered."""
    for client in clients:
        client.asked_to_stop.set()
    for client in clients:
        client.join()
    return [sale for client in clients for sale in client.sold]
