"""How long it takes to close a shift, by the number of its sales."""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import uuid4

from services.system.demo.api import Person
from shared.clock import now
from shared.jsontext import dumps, instant
from tests.benchmarks.load import Till, outlet_of

SIZES = (100, 1_000, 10_000)


def closes(url: str, till: Till, sizes: Sequence[int] = SIZES) -> list[float]:
    """Milliseconds of closing a shift with so many sales, for each size."""
    register = f"BENCH-{till.client}"
    device = Person(url, "register", {"outlet": outlet_of(till.client), "register": register})
    took = []
    for size in sizes:
        shift = str(uuid4())
        opened = {"register": register, "opened_at": instant(now()), "opening_float": 0, "cashier": "bench"}
        device.put(f"/sales/v1/shifts/{shift}", opened)
        for first in range(0, size, 500):
            sales = [till.sale() | {"shift_id": shift} for _ in range(min(500, size - first))]
            till.post(dumps({"sales": sales}).encode())
        began = time.perf_counter()
        answer = device.post(
            f"/sales/v1/shifts/{shift}/close", {"closed_at": instant(now()), "counted": {"cash": size * 10_000}}
        )
        took.append((time.perf_counter() - began) * 1000)
        assert answer["variance"] == 0, answer
    return took
