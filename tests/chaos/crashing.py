"""A relay or a worker that dies, as by kill -9, at its n-th boundary: before or after a commit, a publish, an ack.

python -m tests.chaos.crashing N FILE relay|worker PLACE: the boundaries passed are written into FILE, one per line.
With N = 0 it never dies.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import psycopg
import redis.connection

from shared import config
from shared.db import Database
from shared.messaging import worker
from shared.messaging.consumer import Consumer
from shared.messaging.relay import SESSION_OPTIONS, Relay

#: What a worker or relay writes to Redis. (That it asks again and again for more is no boundary.)
COMMANDS = {b"LPUSH": "publish", b"ZADD": "note as held", b"HSET": "note as held", b"ZREM": "ack", b"HDEL": "ack"}
DIED = 77


def arm(number: int, passed: Path) -> None:
    """Die at the boundary of this number from now on."""
    count = 0

    def boundary(name: str) -> None:
        nonlocal count
        count += 1
        with passed.open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
        if count == number:
            os._exit(DIED)  # no handler, no finally, no flush: the same to everybody else as kill -9

    connection: Any = psycopg.Connection
    connection.commit = _between(connection.commit, lambda _: "commit", boundary)
    link: Any = redis.connection.AbstractConnection
    link.send_packed_command = _between(link.send_packed_command, _written, boundary)


def _between(call: Callable[..., Any], name_of: Callable[..., str | None], boundary: Callable[[str], None]) -> Any:
    @wraps(call)
    def wrapped(self: Any, *arguments: Any, **options: Any) -> Any:
        name = name_of(*arguments) if arguments else name_of(None)
        if name is None:
            return call(self, *arguments, **options)
        boundary(f"before {name}")
        done = call(self, *arguments, **options)
        boundary(f"after {name}")
        return done

    return wrapped


def _written(packed: Any) -> str | None:
    text = packed if isinstance(packed, bytes) else b"".join(packed or [])
    return next((name for command, name in COMMANDS.items() if b"\r\n%s\r\n" % command in text), None)


def main(number: str, passed: str, program: str, place: str) -> None:
    """Run the program; a relay makes one turn and ends, a worker runs until it is ended."""
    if program == "relay":
        consumer: Consumer = importlib.import_module(place).consumer
        url = config.get("LAPAK_{SERVICE}_DATABASE_URL", consumer.service)
        relay = Relay(consumer.service, Database(url, pool_size=2, options=SESSION_OPTIONS))
        arm(int(number), Path(passed))
        relay.turn()
    else:
        arm(int(number), Path(passed))
        worker.main(place)


if __name__ == "__main__":
    main(*sys.argv[1:])
