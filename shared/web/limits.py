"""How often an address (or a device) may guess at what is secret: pairing codes, lot numbers, badges.

Counts in the memory of each web process: several processes allow several times as much, which is still few. The views
that are limited pay for it, and no other request: flask-limiter, on the same library, looks at each one three times.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, after_this_request, request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

View = TypeVar("View", bound=Callable[..., Any])

#: Wrong codes only; fifty bits, gone after a quarter of an hour.
GUESSES = "10 per minute"

#: Public pages: enough for a stall full of buyers behind one address, too few to try codes.
LOOKS = "60 per minute"

#: Receipts of other outlets that a device may look up: a busy counter's refunds, too few to read them all.
FOREIGN_RECEIPTS = "30 per minute"

_counts = MemoryStorage()
_counter = FixedWindowRateLimiter(_counts)


def forget() -> None:
    """Begin to count anew."""
    _counts.reset()


def address() -> str:
    """Where the request comes from."""
    return request.remote_addr or ""


def at_most(
    limit: str,
    *,
    of: Callable[[], str] = address,
    counts: Callable[[Response], bool] = lambda _: True,
    unless: Callable[[], bool] = lambda: False,
) -> Callable[[View], View]:
    """Let a view be asked so often, `of` one who asks; only answers that `counts` do, and none `unless` says so.

    A view counts on its own, for all services of the process together. Raises 429 with Retry-After.
    """
    item = parse(limit)

    def mark(view: View) -> View:
        name = f"{view.__module__}.{view.__qualname__}"

        @wraps(view)
        def limited(*args: Any, **kwargs: Any) -> Any:
            if not unless():
                _stop_or_count(name, of())
            return view(*args, **kwargs)

        def _stop_or_count(*key: str) -> None:
            stopped = not _counter.test(item, *key)

            @after_this_request  # whoever makes the answer
            def tell_or_count(answer: Response) -> Response:
                if stopped:
                    left = _counter.get_window_stats(item, *key).reset_time - time.time()
                    answer.headers["Retry-After"] = str(max(1, math.ceil(left)))
                elif counts(answer):
                    _counter.hit(item, *key)
                return answer

            if stopped:
                raise TooManyRequests(f"{item}")

        return cast(View, limited)

    return mark
