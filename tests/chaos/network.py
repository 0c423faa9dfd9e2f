"""What is done to the links between processes: see proxy.py."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import signal
import time

import psutil

from tests.chaos.faults import Fault
from tests.chaos.stage import LINKS, Stage


def _weather(stage: Stage, link: str, mode: str, seconds: float, delay: float = 0.0) -> str:
    stage.proxy.set(link, mode, delay)
    time.sleep(seconds)
    stage.proxy.set(link, "open")
    return f"{link} for {seconds:.1f} s"


def cut(stage: Stage, dice: random.Random) -> str:
    """Every connection of one link is reset, and each new one refused, for up to five seconds."""
    return _weather(stage, dice.choice(LINKS), "cut", dice.uniform(0.1, 5))


def slow(stage: Stage, dice: random.Random) -> str:
    """Each piece on one link comes 20 to 300 ms late."""
    delay = dice.uniform(0.02, 0.3)
    return f"{_weather(stage, dice.choice(LINKS), 'slow', dice.uniform(1, 6), delay)}, by {delay * 1000:.0f} ms"


def half_open(stage: Stage, dice: random.Random) -> str:
    """One link swallows everything in silence for up to eight seconds; then its connections are reset."""
    return _weather(stage, dice.choice(LINKS), "half-open", dice.uniform(1, 8))


def lose_answer(stage: Stage, dice: random.Random) -> str:
    """A web worker dies between commit and answer: its answer is held back, and the worker killed."""
    while not stage.proxy.held.empty():
        stage.proxy.held.get_nowait()
    stage.proxy.set("web", "hold")
    try:
        port = stage.proxy.held.get(timeout=2)
        return f"worker {_kill_owner(stage, port)}"
    except queue.Empty:
        return "no answer to lose"
    finally:
        stage.proxy.set("web", "open")


def _kill_owner(stage: Stage, port: int) -> int | None:
    """Kill the web worker at the other end of a connection; its id."""
    for pid in stage.running.web_pids():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if any(one.raddr and one.raddr.port == port for one in psutil.Process(pid).net_connections("tcp")):
                os.kill(pid, signal.SIGKILL)
                return pid
    return None


def lose_redis_for_long(stage: Stage, dice: random.Random) -> str:
    """Nobody reaches Redis for one to two minutes."""
    return _weather(stage, "redis", "cut", dice.uniform(60, 120))


NETWORK: dict[str, Fault] = {"cut": cut, "slow": slow, "half-open": half_open, "lose-answer": lose_answer}
#: Only in runs that are long enough for it.
LONG: dict[str, Fault] = {"lose-redis-for-long": lose_redis_for_long}
