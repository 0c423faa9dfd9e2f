"""The system that is measured: a whole one, in a folder that goes with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.local.running import Running, running_system


@contextmanager
def bench_system(web_workers: int) -> Iterator[Running]:
    """A system with so many web processes, while the context lasts."""
    with (
        tempfile.TemporaryDirectory(prefix="lapak-bench-") as folder,
        running_system(Path(folder), web_workers=web_workers) as system,
    ):
        yield system
