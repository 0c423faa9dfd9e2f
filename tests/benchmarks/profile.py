"""Where the time of a sale goes: the web process's Python, by library, measured in this process."""

from __future__ import annotations

import cProfile
import os
import pstats
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from flask import Flask
from rich.table import Table

from shared.auth import issue
from shared.db import Database
from shared.jsontext import dumps
from shared.local import cluster
from tests.benchmarks.load import Till, outlet_of

#: Part of a file's path → what it is called in the table; the first that fits counts.
_PARTS = {
    "marshmallow": "marshmallow (validation)",
    "psycopg": "psycopg (and waiting for PostgreSQL)",
    "sqlalchemy": "SQLAlchemy",
    "werkzeug": "HTTP: werkzeug, flask, smorest",
    "flask": "HTTP: werkzeug, flask, smorest",
    "webargs": "HTTP: werkzeug, flask, smorest",
    "/json/": "JSON",
    "msgspec": "JSON",
    "/services/": "sales' own code",
    "/shared/": "shared plumbing (hash, outbox, guard)",
}


@contextmanager
def _app() -> Iterator[Flask]:
    from services.sales.app import create_app

    with tempfile.TemporaryDirectory(prefix="lapak-profile-") as folder, cluster.start_servers(Path(folder)) as servers:
        os.environ |= {"LAPAK_REDIS_URL": servers.redis_url, "LAPAK_LOG_LEVEL": "warning"}
        with cluster.service_database(servers, "sales") as urls:
            database = Database(urls.app)
            yield create_app(database)
            database.dispose()


def _profile(app: Flask, *, posts: int, size: int) -> dict[str, float]:
    """Milliseconds per sale by part."""
    till, client = Till("http://profile", 0, "LOT"), app.test_client()
    token = issue(role="register", outlet=outlet_of(0), register="BENCH-0", lifetime=timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    bodies = [dumps({"sales": [till.sale() for _ in range(size)]}) for _ in range(posts + 10)]
    for body in bodies[:10]:
        client.post(till.path, data=body, headers=headers)
    profiler = cProfile.Profile()
    profiler.enable()
    for body in bodies[10:]:
        assert client.post(till.path, data=body, headers=headers).status_code == 200
    profiler.disable()
    found: dict[str, float] = {}
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    for (file, _, _), (_, _, own, _, _) in stats.items():
        part = next((name for marker, name in _PARTS.items() if marker in file), "other Python and C")
        found[part] = found.get(part, 0.0) + own * 1000 / (posts * size)
    return found


def table() -> Table:
    """Milliseconds per sale, single and in batches, by part (the profiler itself slows Python code down)."""
    with _app() as app:
        single, batch = _profile(app, posts=300, size=1), _profile(app, posts=10, size=100)
    shown = Table(title="Where the time goes: ms per sale under cProfile", title_justify="left")
    for name in ("part", "single", "in batches of 100"):
        shown.add_column(name, justify="left" if name == "part" else "right")
    for part in sorted(single.keys() | batch.keys(), key=lambda name: -single.get(name, 0)):
        shown.add_row(part, f"{single.get(part, 0):.3f}", f"{batch.get(part, 0):.3f}")
    shown.add_row("all", f"{sum(single.values()):.3f}", f"{sum(batch.values()):.3f}")
    return shown
