"""What is done to the running system, and undone. Each fault takes at most a few seconds."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable

import redis

from shared.local.home import LocalError
from shared.local.running import Running

PROCESSES = (
    "web",
    "sales-courier",
    "sales-worker",
    "inventory-courier",
    "inventory-worker",
    "training-courier",
    "training-worker",
)
Fault = Callable[[Running, random.Random], str]


def _signal(system: Running, name: str, number: int) -> bool:
    with contextlib.suppress(ProcessLookupError, LocalError):
        system.kill(name, number)
        return True
    return False


def kill(system: Running, dice: random.Random) -> str:
    """kill -9 of any of our processes."""
    name = dice.choice(PROCESSES)
    _signal(system, name, signal.SIGKILL)
    return name


def end(system: Running, dice: random.Random) -> str:
    """SIGTERM to any of our processes."""
    name = dice.choice(PROCESSES)
    _signal(system, name, signal.SIGTERM)
    return name


def kill_web_worker(system: Running, dice: random.Random) -> str:
    """kill -9 of one web worker, also between commit and answer; its parent starts another."""
    with contextlib.suppress(Exception):
        pid = dice.choice(system.web_pids())
        os.kill(pid, signal.SIGKILL)
        return str(pid)
    return "none there"


def pause(system: Running, dice: random.Random) -> str:
    """SIGSTOP for up to seven seconds: a zombie relay whose lead has passed on, a worker whose message is restored."""
    return _freeze(system, dice.choice(PROCESSES[1:]), dice.uniform(0.2, 7))


def _freeze(system: Running, name: str, seconds: float) -> str:
    pid = system.pid(name)
    if pid is None:
        return f"{name} is down"
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
    return f"{name} for {seconds:.1f} s"


def flush_redis(system: Running, dice: random.Random) -> str:
    """FLUSHALL."""
    with contextlib.suppress(redis.RedisError):
        _redis(system).flushall()
    return ""


def kill_redis(system: Running, dice: random.Random) -> str:
    """kill -9 of Redis, which keeps nothing."""
    _signal(system, "redis", signal.SIGKILL)
    return ""


def stop_redis(system: Running, dice: random.Random) -> str:
    """Redis does not answer for up to eight seconds."""
    return _freeze(system, "redis", dice.uniform(1, 8))


def spoil_queue(system: Running, dice: random.Random) -> str:
    """Drop, double or corrupt one entry of a queue, if one can be caught."""
    what, queue = dice.choice(["drop", "double", "corrupt"]), dice.choice(["inventory", "sales", "training"])
    with contextlib.suppress(redis.RedisError):
        client = _redis(system)
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            found = client.rpop(queue)
            if isinstance(found, bytes):
                if what == "double":
                    client.rpush(queue, found, found)
                elif what == "corrupt":
                    client.rpush(queue, found[: len(found) // 2])
                return f"{what} one of {queue}"
    return f"{what}: none caught of {queue}"


def restart_postgres(system: Running, dice: random.Random) -> str:
    """PostgreSQL ends as by `pg_ctl stop -m immediate`; every connection is lost, and it recovers from its log."""
    _signal(system, "postgres", signal.SIGQUIT)
    return ""


def _redis(system: Running) -> redis.Redis:
    return redis.Redis.from_url(system.redis_url, socket_timeout=1, socket_connect_timeout=1)


FAULTS: dict[str, Fault] = {
    "kill": kill,
    "end": end,
    "kill-web-worker": kill_web_worker,
    "pause": pause,
    "flush-redis": flush_redis,
    "kill-redis": kill_redis,
    "stop-redis": stop_redis,
    "spoil-queue": spoil_queue,
    "restart-postgres": restart_postgres,
}
