"""Real servers for tests: started once per test run, and databases made from migrated templates."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql
from sqlalchemy import MetaData

from shared.db import Database
from shared.local import schema
from shared.local.children import child_setup, signal_group
from shared.local.home import ROOT, Home, LocalError, free_port, read_json, write_json
from shared.local.provision import provision
from shared.local.servers import PostgresServer, RedisServer
from shared.local.state import lives


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the test run's servers are. `postgres_url` is a superuser's, `redis_url` names Redis database 0."""

    postgres_url: str
    redis_url: str


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """One database: as the role that owns it, and as the application role of its service."""

    owner: str
    app: str


def _wait_ready(server: PostgresServer | RedisServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while not server.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise LocalError(f"{type(server).__name__} did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)


@contextlib.contextmanager
def start_servers(home_folder: Path) -> Iterator[Servers]:
    """A temporary PostgreSQL and Redis below `home_folder`; stopped, and their data removed, at the end.

    Commits reach the disk as in earnest; only the making of the data folder is not synced.
    """
    home = Home(home_folder.resolve()).create()
    small = {"shared_buffers": "32MB", "max_connections": "300"}
    postgres_port = free_port()
    postgres = PostgresServer(home, postgres_port, secrets.token_urlsafe(16), durable=False, extra=small)
    cache = RedisServer(home, free_port([postgres_port]), secrets.token_urlsafe(16), databases=64)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for server, death in ((postgres, signal.SIGQUIT), (cache, signal.SIGKILL)):
            server.prepare()
            log = home.logs / f"{type(server).__name__}.log"
            with log.open("wb") as output:
                setup = child_setup(user=server.user, death_signal=death)
                process = subprocess.Popen(
                    server.command(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd="/",
                    preexec_fn=setup,  # noqa: PLW1509  (the keeper has one thread)
                )
            running.append(process)
            _wait_ready(server, process, log)
        yield Servers(postgres.url, cache.url)
    finally:
        for process, number in zip(running, (signal.SIGQUIT, signal.SIGKILL), strict=False):
            signal_group(process.pid, number)
            process.wait(timeout=20)
        if home.servers != home.root:
            shutil.rmtree(home.servers, ignore_errors=True)


def shared_servers(home_folder: Path, owner: int) -> Servers:
    """The servers of a test run, started by whoever asks first; they end when the process `owner` ends."""
    ready = home_folder / "servers.json"
    with _locked(home_folder / "servers.lock"):
        if not ready.exists():
            command = [sys.executable, "-m", "shared.local.cluster", str(home_folder), str(owner)]
            log = home_folder / "keeper.log"
            with log.open("wb") as output:
                keeper = subprocess.Popen(
                    command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
                )
            while not ready.exists():
                if keeper.poll() is not None:
                    raise LocalError(f"the test servers did not start:\n{log.read_text(errors='replace')}")
                time.sleep(0.02)
            # Nobody reaps the keeper while the tests run: it lives as long as they do.
            keeper.returncode = 0
    found: dict[str, Any] = read_json(ready)
    return Servers(**found)


def stop_shared_servers(home_folder: Path) -> None:
    """End them now and wait until they are gone; nothing happens when none were started."""
    with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
        keeper = int((home_folder / "keeper.pid").read_text(encoding="utf-8"))
        os.kill(keeper, signal.SIGTERM)
        deadline = time.monotonic() + 20
        while (home_folder / "keeper.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.02)


def _keep(home_folder: Path, owner: int) -> None:
    """Hold the servers until `owner` is gone or SIGTERM comes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    pid_file = home_folder / "keeper.pid"
    pid_file.write_text(str(os.getpid()), encoding="utf-8")
    try:
        with start_servers(home_folder) as servers:
            write_json(home_folder / "servers.json", asdict(servers))
            while lives(owner):
                time.sleep(0.25)
    finally:
        pid_file.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _urls(servers: Servers, service: str, database: str) -> DatabaseUrls:
    """The roles are the same in every database of the run; their passwords are derived so that all workers agree."""
    where = urlsplit(servers.postgres_url).netloc.rpartition("@")[2]
    base = f"lapak_{service}"
    return DatabaseUrls(
        f"postgresql://{base}_owner:test-{base}-owner@{where}/{database}",
        f"postgresql://{base}_app:test-{base}-app@{where}/{database}",
    )


def template(servers: Servers, service: str) -> str:
    """The name of the service's template database: migrated once per test run, by whoever asks first."""
    name = f"template_{service}"
    with psycopg.connect(servers.postgres_url, autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        ready = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", [name]).fetchone()
        if ready is None:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            urls = _urls(servers, service, name)
            provision(servers.postgres_url, urls.owner, urls.app)
            schema.migrate(service, urls.owner, urls.app)
            admin.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(sql.Identifier(name)))
    return name


@contextlib.contextmanager
def service_database(servers: Servers, service: str) -> Iterator[DatabaseUrls]:
    """A fresh database of a service, with its whole schema and its two roles; dropped at the end."""
    urls = _urls(servers, service, f"t_{service}_{uuid.uuid4().hex[:12]}")
    provision(servers.postgres_url, urls.owner, urls.app, template=template(servers, service))
    with _dropped(servers, urls):
        yield urls


@contextlib.contextmanager
def blank_database(servers: Servers, name: str, metadatas: list[MetaData]) -> Iterator[DatabaseUrls]:
    """A fresh database that holds just these tables, with the roles `lapak_<name>_owner` and `_app`."""
    urls = _urls(servers, name, f"t_{name}_{uuid.uuid4().hex[:12]}")
    provision(servers.postgres_url, urls.owner, urls.app)
    with _dropped(servers, urls):
        owner = Database(urls.owner, pool_size=1)
        with owner.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')")  # of no service: nothing lacks
            for metadata in metadatas:
                metadata.create_all(connection)
        owner.dispose()
        schema.grant(urls.owner, urls.app, metadatas)
        yield urls


@contextlib.contextmanager
def maintenance_database(servers: Servers) -> Iterator[str]:
    """A superuser's URL of an empty database: whoever locks something there (one restore at a time) locks it alone."""
    url = urlsplit(servers.postgres_url)._replace(path=f"/t_admin_{uuid.uuid4().hex[:12]}").geturl()
    with psycopg.connect(servers.postgres_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(_database(url)))
    with _dropped(servers, DatabaseUrls(url, url)):
        yield url


def _database(url: str) -> sql.Identifier:
    return sql.Identifier(urlsplit(url).path.lstrip("/"))


@contextlib.contextmanager
def _dropped(servers: Servers, urls: DatabaseUrls) -> Iterator[None]:
    try:
        yield
    finally:
        with psycopg.connect(servers.postgres_url, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(_database(urls.owner)))


def redis_database(servers: Servers, number: int) -> str:
    """The URL of one of the 64 Redis databases, emptied."""
    url = urlsplit(servers.redis_url)._replace(path=f"/{number}").geturl()
    with contextlib.closing(redis.Redis.from_url(url)) as client:
        client.flushdb()
    return url


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), int(sys.argv[2]))
