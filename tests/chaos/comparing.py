"""Two systems that were told the same history know the same, whatever happened to one of them on the way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

import psycopg

from services.inventory import state as inventory
from services.sales import state as sales
from services.training import state as training
from shared.config import SERVICES
from shared.local.running import Running
from tests.chaos.actors import Actor

PARTS: dict[str, Sequence[str]] = {"inventory": inventory.PARTS, "sales": sales.PARTS, "training": training.PARTS}

#: A UUID of version 5 is made from other values of its row.
_DERIVED = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def state_of(running: Running, actors: Sequence[Actor]) -> dict[str, list[str]]:
    """Every row of every part of each service's state (services/*/state.py), sorted, as text.

    What a server chose by itself, such as the code of a lot, is named by the request that it answered.
    """
    names = {value: name for actor in actors for name, value in actor.chosen.items()}
    return {service: _rows(running.database_url(service, owner=True), PARTS[service], names) for service in SERVICES}


def _rows(url: str, parts: Sequence[str], names: Mapping[str, str]) -> list[str]:
    found = []
    with psycopg.connect(url, connect_timeout=5) as connection:
        connection.execute("SET timezone = 'UTC'")
        for number, part in enumerate(parts):
            for row in connection.execute(part.encode()):
                values = [_DERIVED.sub("derived", names.get(str(value), str(value))) for value in row]
                found.append(f"{number}: {' | '.join(values)}")
    return sorted(found)


def hash_of(rows: Sequence[str]) -> str:
    """SHA-256 (hex)."""
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def difference(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """The rows that only one of them has, marked - and +; at most twenty."""
    left, right = set(one), set(other)
    return [f"- {row}" for row in sorted(left - right)][:10] + [f"+ {row}" for row in sorted(right - left)][:10]
