"""The docker engine itself is killed under load, and started again: everything comes back without hands."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.compose.stack import Stack, each_sale_counts_once, engine_complaint, people_at_work
from tests.compose.test_hardening import STANDING
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def start_engine() -> Path:
    """The script that starts an engine of our own. Nobody else's is killed."""
    script = os.environ.get("COMPOSE_ENGINE_UP", "")
    if not Path(script).is_file():
        pytest.skip("NOT RUN: COMPOSE_ENGINE_UP names no script that starts an engine, and a foreign one is left alone")
    return Path(script)


def _engine_processes() -> list[int]:
    """The engine that answers at DOCKER_HOST, and its containerd."""
    folder = str(Path(os.environ["DOCKER_HOST"].removeprefix("unix://")).parent)
    commands = {process.pid: process.info["cmdline"] or [""] for process in psutil.process_iter(["cmdline"])}
    return [
        pid
        for pid, command in commands.items()
        if Path(command[0]).name in {"dockerd", "containerd"} and folder in " ".join(command)
    ]


def test_killed_and_started_again_under_load(stack: Stack, start_engine: Path) -> None:
    with people_at_work(stack) as people:
        until("sales", lambda: len(people.acknowledged) > 50)
        pids = _engine_processes()
        assert pids, "no engine found"
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        until("it is gone", lambda: engine_complaint() is not None)
        subprocess.run(shlex.split(str(start_engine)), check=True, capture_output=True, timeout=120)
        for service in STANDING:
            until(f"{service} is healthy", partial(_healthy, stack, service), 120)
        again = len(people.acknowledged)
        until("sales go on", lambda: len(people.acknowledged) > again + 20)
    print(f"{len(people.acknowledged)} sales, {people.unanswered.total()} unanswered")
    each_sale_counts_once(stack, people)


def _healthy(stack: Stack, service: str) -> bool:
    return [one["State"]["Health"]["Status"] for one in stack.containers(service)] == ["healthy"]
