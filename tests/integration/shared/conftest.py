"""The three databases with nobody at work on them, and the command line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from shared.config import SERVICES
from shared.local import cluster
from shared.local.home import COMMAND_LINE, ROOT
from tests.waiting import PATIENCE

#: Rows that tell one state of a service from another.
# Where nothing has to be announced with it, so that the books stay in order.
_MARK = "INSERT INTO delivery (consumer, published_seq) VALUES (%s, 0)"
_MARKS = "SELECT consumer FROM delivery ORDER BY consumer"

_RIGHTS = """
    SELECT relname, kind FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS kind
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
       AND has_table_privilege(%(role)s, c.oid, kind)
    UNION ALL SELECT relname, 'USAGE' FROM pg_class c
     WHERE relnamespace = 'public'::regnamespace
       AND CASE relkind WHEN 'S' THEN has_sequence_privilege(%(role)s, c.oid, 'USAGE') END
    UNION ALL SELECT proname, 'EXECUTE' FROM pg_proc p
     WHERE pronamespace = 'public'::regnamespace AND has_function_privilege(%(role)s, p.oid, 'EXECUTE')
     ORDER BY 1, 2
"""


class Installation:
    """`folder` is where its backups go; `environment` names its databases by service."""

    def __init__(self, folder: Path, environment: dict[str, str], admin_url: str) -> None:
        self.folder, self.environment, self.admin_url = folder, environment, admin_url

    def url(self, service: str, *, owner: bool = True) -> str:
        """A service's database."""
        return self.environment[f"LAPAK_{service.upper()}_{'OWNER_' if owner else ''}DATABASE_URL"]

    def name(self, service: str) -> str:
        """The name of a service's database."""
        return urlsplit(self.url(service)).path.lstrip("/")

    def start(
        self, *arguments: str, settings: Mapping[str, str] = MappingProxyType({}), largest: int | None = None
    ) -> subprocess.Popen[str]:
        """Begin a command under other settings; `largest` is how many bytes a file may have."""
        limit = [] if largest is None else ["sh", "-c", f'ulimit -f {largest // 512}; exec "$@"', "sh"]
        environment = {**os.environ, **self.environment, **settings}
        return subprocess.Popen(
            [*limit, *COMMAND_LINE, *arguments], cwd=ROOT, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; options as for `start`."""
        with self.start(*arguments, **options) as started:
            out, err = started.communicate(timeout=2 * PATIENCE)
        return subprocess.CompletedProcess(arguments, started.returncode, out, err)

    def back_up(self, *options: str) -> Path:
        """A new backup."""
        done = self.run("backup", str(self.folder), *options)
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.splitlines()[-1])

    def backups(self) -> list[str]:
        """What looks like a backup."""
        return sorted(path.name for path in self.folder.glob("lapak-*"))

    def mark(self, mark: str) -> None:
        """Leave a row in every database."""
        for service in SERVICES:
            with psycopg.connect(self.url(service, owner=False)) as connection:
                connection.execute(_MARK, (mark,))

    def marks(self, service: str) -> list[str]:
        """The rows that a service's database holds."""
        with psycopg.connect(self.url(service, owner=False)) as connection:
            return [row[0] for row in connection.execute(_MARKS)]

    def rights(self, service: str) -> list[tuple[Any, ...]]:
        """What the application role may do with each table, view, sequence and function."""
        role = urlsplit(self.url(service, owner=False)).username
        with psycopg.connect(self.url(service)) as connection:
            return connection.execute(_RIGHTS, {"role": role}).fetchall()

    def epochs(self) -> dict[str, UUID]:
        """The epoch of each log: a new one means that something was replaced."""
        found = {}
        for service in SERVICES:
            with psycopg.connect(self.url(service)) as connection:
                found[service] = connection.execute("SELECT epoch FROM stream").fetchall()[0][0]
        return found

    def beside(self) -> list[str]:
        """What else stands beside these databases: put aside, or left over."""
        with psycopg.connect(self.admin_url) as admin:
            names = [row[0] for row in admin.execute("SELECT datname FROM pg_database ORDER BY 1")]
        mine = [self.name(service) for service in SERVICES]
        return [name for name in names if name not in mine and name.startswith(tuple(mine))]

    def drop_beside(self) -> None:
        """Drop it."""
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            for name in self.beside():
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def lapak(
    environment: Callable[..., dict[str, str]],
    servers: cluster.Servers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Installation]:
    """Three fresh databases, each with the mark `one`."""
    monkeypatch.setenv("LAPAK_HOME", str(tmp_path / "home"))
    with cluster.maintenance_database(servers) as admin_url:
        monkeypatch.setenv("LAPAK_POSTGRES_ADMIN_URL", admin_url)
        yield from _installed(environment, admin_url, tmp_path, monkeypatch)


def _installed(
    environment: Callable[..., dict[str, str]], admin_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    for service in SERVICES:
        monkeypatch.setenv(f"LAPAK_{service.upper()}_URL", f"http://127.0.0.1:1/{service}")
    made = Installation(tmp_path / "backups", environment(*SERVICES), admin_url)
    made.mark("one")
    yield made
    made.drop_beside()


def rewrite(backup: Path, **changes: Any) -> None:
    """Change a backup's manifest; `dump={…}` changes what it says of each service."""
    path = backup / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for dump in manifest["services"].values():
        dump.update(changes.get("dump", {}))
    changes.pop("dump", None)
    path.write_text(json.dumps(manifest | changes), encoding="utf-8")
