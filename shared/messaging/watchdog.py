"""Ends a process that hangs while it applies events, as kill -9 would: rolled back, and the slow lane counts the death.

A statement that hangs is cut off by PostgreSQL, and its handler fails. Nothing can cut off other code that hangs, nor
bounds a batch in which one statement after the other does. The kernel's alarm ends the process, even while C code (a
regular expression, say) keeps the interpreter to itself.
"""

from __future__ import annotations

import faulthandler
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from shared.db import transaction_seconds

_STANDARD_ERROR = 2
_limit: list[float] = []  # empty: not armed


def arm() -> None:
    """From now on a transaction that applies events may take only so long. For worker and courier.

    The log tells where each thread was, without values. Web processes do without: they serve others besides.
    """
    faulthandler.register(signal.SIGALRM, file=_STANDARD_ERROR, all_threads=True, chain=True)
    _limit[:] = [transaction_seconds()]


@contextmanager
def watched() -> Iterator[None]:
    """What must not hang. Only one thread of a process may be in here: there is one alarm."""
    if not _limit:
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, _limit[0])
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
