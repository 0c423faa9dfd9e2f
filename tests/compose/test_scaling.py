"""`docker compose up --scale …` under load: replicas share the work, one leads, and nothing is lost (P32)."""

from __future__ import annotations

import re
import time

import pytest

from shared.messaging.relay import LOCK
from tests.compose.stack import Stack, each_sale_counts_once, names, people_at_work
from tests.waiting import until

SCALED = ("--scale", "sales-web=3", "--scale", "inventory-worker=4", "--scale", "inventory-courier=2")
_FIGURES = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/sales/metrics').read().decode())"
AGAIN = ("--scale", "sales-web=1", "--scale", "inventory-worker=1", "--scale", "inventory-courier=1")


@pytest.mark.timeout(600)
def test_scaled_up_and_down_under_load_with_its_leader_killed(stack: Stack) -> None:
    with people_at_work(stack) as people:
        stack.up("--no-recreate", *SCALED)
        assert len(stack.containers("sales-web")) == 3
        _all_take_part(stack)
        moved = _kill_the_leader(stack)
        stack.up("--no-recreate", *AGAIN)
        assert len(stack.containers("inventory-worker")) == 1
        before = len(people.acknowledged)
        until("sales go on", lambda: len(people.acknowledged) > before + 20)
    print(
        f"{len(people.acknowledged)} sales, {people.unanswered.total()} unanswered, another leads after {moved:.1f} s"
    )
    each_sale_counts_once(stack, people)


def _all_take_part(stack: Stack) -> None:
    """Each web replica records sales, and each worker applies events."""

    def shares() -> bool:
        return all(_recorded(stack, one) for one in names(stack.containers("sales-web"))) and all(
            re.search(r'"handled": ?[1-9]', stack.run("docker", "logs", one).stderr)
            for one in names(stack.containers("inventory-worker"))
        )

    until("each replica takes part", shares)


def _recorded(stack: Stack, container: str) -> bool:
    figures = stack.run("docker", "exec", container, "python", "-c", _FIGURES).stdout
    return bool(re.search(r"lapak_http_requests_total.*registers/<code>/sales.* [1-9]", figures))


def _kill_the_leader(stack: Stack) -> float:
    """Seconds until another container's relay leads; the killed one comes back by itself."""
    couriers = stack.by_address("inventory-courier")
    leader = until("a relay leads", lambda: stack.leader("inventory", LOCK))
    killed = couriers[leader]
    before, began = stack.started_at(killed), time.monotonic()
    stack.kill_inside(killed)
    until("another leads", lambda: stack.leader("inventory", LOCK) not in {"", leader}, 15)
    seconds = time.monotonic() - began
    until("it came back", lambda: stack.started_at(killed) > before)
    return seconds
