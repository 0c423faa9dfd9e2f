"""How long a container takes from its start until its process is ready (`lapak bench --part containers`)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime
from statistics import median

from rich.console import Console

from tests.compose.stack import Stack, engine_complaint, removed_at_the_end

ROUNDS = 5


def run(console: Console) -> None:
    """Measure and print; only say so where there is no engine."""
    if complaint := engine_complaint():
        console.print(f"containers: not measured, {complaint}")
        return
    with removed_at_the_end(Stack(f"lapak-bench-{os.getpid()}")) as stack:
        stack.up("--build")
        answers = ["exec", "-T", "sales-web", "python", "-m", "shared.alive"]
        ready: dict[str, Callable[[], bool]] = {
            "sales-web": lambda: "alive" in stack.compose(*answers, check=False),
            "sales-courier": lambda: "courier ready" in _log_since(stack, "sales-courier"),
            "sales-worker": lambda: "ready." in _log_since(stack, "sales-worker"),
        }
        for service, is_ready in ready.items():
            took = [_start(stack, service, is_ready) for _ in range(ROUNDS)]
            console.print(f"{service}: ready {median(took):.1f} s after its start (most {max(took):.1f} s; aim ≤ 2 s)")


def _start(stack: Stack, service: str, is_ready: Callable[[], bool]) -> float:
    """Seconds; a little more than it was, since asking takes time."""
    stack.compose("stop", service)
    stack.compose("start", service)
    began = datetime.fromisoformat(_started(stack, service)[:26] + "+00:00").timestamp()
    while not is_ready():
        time.sleep(0.02)
    return time.time() - began


def _started(stack: Stack, service: str) -> str:
    (one,) = stack.containers(service)
    return str(one["State"]["StartedAt"])


def _log_since(stack: Stack, service: str) -> str:
    return stack.compose("logs", "--no-log-prefix", "--since", _started(stack, service), service)
