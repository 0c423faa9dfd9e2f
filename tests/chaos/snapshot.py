"""Transactions that see every database as it was, for as long as they are let: what a backup or a report holds open."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

import psycopg

from shared.config import SERVICES


class Snapshot:
    """Begun anew when a server goes down, or a database is replaced."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, url_of: Callable[..., str]) -> bool:
        """Whether it was not held before; `url_of(service, owner=True)` says where a database is."""
        if self._thread is not None:
            return False
        urls = [url_of(service, owner=True) for service in SERVICES]
        self._thread = threading.Thread(target=self._hold, args=(urls,), daemon=True)
        self._thread.start()
        return True

    def _hold(self, urls: list[str]) -> None:
        while not self._over.is_set():
            with contextlib.suppress(psycopg.Error), contextlib.ExitStack() as stack:
                held = [stack.enter_context(psycopg.connect(url, connect_timeout=5)) for url in urls]
                for connection in held:
                    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                    connection.execute("SELECT count(*) FROM outbox")
                while not self._over.wait(0.5):
                    for connection in held:
                        connection.execute("SELECT 1")  # it is noticed when one is gone
            self._over.wait(0.5)

    def end(self) -> None:
        """Let go."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
