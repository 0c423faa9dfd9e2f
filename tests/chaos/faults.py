"""What is done to processes, servers and queues, and undone. See network.py for what is done to links."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable

import psycopg
import redis
from uuid_utils.compat import uuid7

from shared.events.sales import SaleRecorded
from shared.events.subscribers import BY_TYPE
from shared.local.home import LocalError
from shared.local.running import frozen
from tests.chaos.stage import PROCESSES, Stage

Fault = Callable[[Stage, random.Random], str]


def _signal(stage: Stage, name: str, number: int) -> bool:
    with contextlib.suppress(ProcessLookupError, LocalError):
        stage.running.kill(name, number)
        return True
    return False


def kill(stage: Stage, dice: random.Random) -> str:
    """kill -9 of any of our processes."""
    name = dice.choice(PROCESSES)
    _signal(stage, name, signal.SIGKILL)
    return name


def end(stage: Stage, dice: random.Random) -> str:
    """SIGTERM to any of our processes."""
    name = dice.choice(PROCESSES)
    _signal(stage, name, signal.SIGTERM)
    return name


def kill_web_worker(stage: Stage, dice: random.Random) -> str:
    """kill -9 of one web worker; its parent starts another."""
    with contextlib.suppress(Exception):
        pid = dice.choice(stage.running.web_pids())
        os.kill(pid, signal.SIGKILL)
        return str(pid)
    return "none there"


def pause(stage: Stage, dice: random.Random) -> str:
    """SIGSTOP for up to seven seconds: a zombie relay whose lead has passed on, a worker whose message is restored."""
    return _freeze(stage, dice.choice(PROCESSES[1:]), dice.uniform(0.2, 7))


def pause_both(stage: Stage, dice: random.Random) -> str:
    """SIGSTOP of both workers or both couriers of a service: nobody is left to stand in."""
    name, seconds = dice.choice([one for one in PROCESSES[1:] if f"{one}-2" in PROCESSES]), dice.uniform(0.2, 4)
    pids = [stage.running.pid(one) for one in (name, f"{name}-2")]
    with frozen(*pids, below=False):
        time.sleep(seconds)
    return f"{name} and its copy for {seconds:.1f} s"


def _freeze(stage: Stage, name: str, seconds: float) -> str:
    pid = stage.running.pid(name)
    with frozen(pid, below=False):
        time.sleep(seconds if pid else 0)
    return f"{name} for {seconds:.1f} s" if pid else f"{name} is down"


def flush_redis(stage: Stage, dice: random.Random) -> str:
    """FLUSHALL."""
    with contextlib.suppress(redis.RedisError):
        _redis(stage).flushall()
    return ""


def kill_redis(stage: Stage, dice: random.Random) -> str:
    """kill -9 of Redis, which keeps nothing."""
    _signal(stage, "redis", signal.SIGKILL)
    return ""


def stop_redis(stage: Stage, dice: random.Random) -> str:
    """Redis does not answer for up to eight seconds."""
    return _freeze(stage, "redis", dice.uniform(1, 8))


def fill_redis(stage: Stage, dice: random.Random) -> str:
    """No memory is left for Redis for up to five seconds: with noeviction it refuses every write."""
    seconds = dice.uniform(1, 5)
    with contextlib.suppress(redis.RedisError):
        client = _redis(stage)
        client.config_set("maxmemory", "1mb")
        time.sleep(seconds)
        client.config_set("maxmemory", "256mb")  # as shared/local/servers.py gives it
    return f"{seconds:.1f} s"


def spoil_queue(stage: Stage, dice: random.Random) -> str:
    """Drop, double or corrupt one entry of a queue, if one can be caught."""
    what, queue = dice.choice(["drop", "double", "corrupt"]), dice.choice(["inventory", "sales", "training"])
    with contextlib.suppress(redis.RedisError):
        client = _redis(stage)
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


def restart_postgres(stage: Stage, dice: random.Random) -> str:
    """PostgreSQL ends as by `pg_ctl stop -m immediate`; every connection is lost, and it recovers from its log."""
    _signal(stage, "postgres", signal.SIGQUIT)
    return ""


def stop_postgres(stage: Stage, dice: random.Random) -> str:
    """PostgreSQL takes no new connection for up to three seconds: its first process is stopped, its backends go on."""
    return _freeze(stage, "postgres", dice.uniform(0.5, 3))


def poison(stage: Stage, dice: random.Random) -> str:
    """An event that does not keep its contract gets into an outbox, as by a bug of its source.

    `verify` rightly says that its source does not hold what it announced (see accounting.py). No sale: moves are
    counted.
    """
    name = dice.choice(sorted(set(BY_TYPE) - {SaleRecorded.type_name()}))
    source, event_id = BY_TYPE[name].SOURCE, uuid7()
    stage.poison[str(event_id)] = name
    with contextlib.suppress(psycopg.Error):
        with psycopg.connect(stage.running.database_url(source), connect_timeout=3) as connection:
            connection.execute(_POISON, (str(event_id), name))
        return name
    return f"{name}: not taken"


_POISON = """
    INSERT INTO outbox (event_id, type, subject, time, traceparent, data)
    VALUES (%s, %s, 'poison', now(), '00-00000000000000000000000000000001-0000000000000001-01', '{"poison": "seven"}')
"""


def _redis(stage: Stage) -> redis.Redis:
    return redis.Redis.from_url(stage.running.redis_url, socket_timeout=1, socket_connect_timeout=1)


FAULTS: dict[str, Fault] = {
    "kill": kill,
    "end": end,
    "kill-web-worker": kill_web_worker,
    "pause": pause,
    "pause-both": pause_both,
    "flush-redis": flush_redis,
    "kill-redis": kill_redis,
    "stop-redis": stop_redis,
    "fill-redis": fill_redis,
    "spoil-queue": spoil_queue,
    "restart-postgres": restart_postgres,
    "stop-postgres": stop_postgres,
    "poison": poison,
}
