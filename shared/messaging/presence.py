"""Which processes of a service are there, seen from its database: each keeps a connection under a name of its own.

So it works across containers and machines, and needs neither a port nor a registry: whoever dies is gone at once.
"""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import QueuePool, text
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database, Session
from shared.messaging.health import RELAY_LOCK

#: How often a process speaks to its database when it has nothing else to say, in seconds.
PERIOD = 3.0
_MOST_BYTES = 63  # of application_name; PostgreSQL cuts off what is longer
_NAME = re.compile(r"lapak [a-z]+ (?P<part>[a-z]+) (?P<pid>\d+)@(?P<host>\S+) (?P<began>[0-9a-f]+)")
_KINDS = {"web": "web", "worker": "worker", "relay": "courier", "reconciler": "courier"}
# A connection that is just being made has a name already, and no state yet.
_CONNECTED = text(f"""
    SELECT a.application_name AS name,
           extract(epoch FROM clock_timestamp() - max(coalesce(a.state_change, a.backend_start))) AS quiet,
           bool_or(l.pid IS NOT NULL) AS leads
      FROM pg_stat_activity a
      LEFT JOIN pg_locks l ON l.pid = a.pid AND l.granted AND l.locktype = 'advisory'
                          AND (l.classid, l.objid, l.objsubid) = (0, {RELAY_LOCK}, 1)
     WHERE a.datname = current_database() AND a.application_name LIKE 'lapak %'
     GROUP BY a.application_name
""")


@cache
def _began(_pid: int) -> int:
    return int(time.time())  # once per process: a courier has several names, and began but once


def connection_name(service: str, part: str) -> str:
    """`lapak sales worker 4711@host 6a3f01b2`: process, host, and when it began (seconds since 1970, in hex).

    A long host name loses its beginning: replicas differ at the end.
    """
    pid = os.getpid()
    head, tail = f"lapak {service} {part} {pid}@", f" {_began(pid):x}"
    host = socket.gethostname().split(".")[0]
    return head + host[-(_MOST_BYTES - len(head) - len(tail)) :] + tail


def stay_seen(database: Database) -> None:
    """Connect now, and from now on say a word every 3 s unless a thread of this process is just speaking."""

    def speak() -> None:
        while True:
            with suppress(SQLAlchemyError):  # whoever needs the database says that it is away
                if not cast(QueuePool, database.engine.pool).checkedout():
                    database.call("SELECT 1", {})
            time.sleep(PERIOD)

    threading.Thread(target=speak, name="presence", daemon=True).start()


def processes(session: Session) -> list[dict[str, Any]]:
    """The service's processes that are connected, the oldest first (see ProcessAnswer)."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in session.execute(_CONNECTED):
        match = _NAME.fullmatch(row.name)
        if match is None or match["part"] not in _KINDS:
            continue
        kind, quiet = _KINDS[match["part"]], max(float(row.quiet), 0.0)
        one = found.setdefault(
            (kind, match["host"], match["pid"]),
            {
                "kind": kind,
                "host": match["host"],
                "pid": int(match["pid"]),
                "since": datetime.fromtimestamp(int(match["began"], 16), UTC),
                "leads": False,
                "quiet_seconds": quiet,
            },
        )
        one["leads"] |= row.leads
        one["quiet_seconds"] = min(one["quiet_seconds"], quiet)
    return sorted(found.values(), key=lambda one: (one["since"], one["kind"], one["host"], one["pid"]))
