"""Putting a backup in place: built beside the present databases, and swapped with them in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from alembic.util import CommandError
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError

from shared import config
from shared.backup import NotDone, one_line, programs
from shared.backup.manifest import Manifest
from shared.backup.take import Say
from shared.clock import now
from shared.db import Database, Session
from shared.events.subscribers import sources_of
from shared.local import schema
from shared.local.binaries import find_postgres_client
from shared.local.provision import part, provision, with_database
from shared.messaging import epoch, following, log
from shared.messaging.batch import Batch

# Who is there reconnects by itself; from the moment of its RENAME on nobody gets in.
_END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s) AND backend_type = 'client backend'"
)
_ONE_AT_A_TIME = "SELECT pg_try_advisory_lock(hashtext('lapak restore'))"
_SERVER = "the database server"
_LONGEST_NAME = 63  # bytes; PostgreSQL would cut off the rest, and take one database for another

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Target:
    """One service's database: `name` now, `building` until all is ready, `before` for what it replaces.

    `owner` and `app` are the URLs of `building`.
    """

    service: str
    name: str
    building: str
    before: str
    owner: str
    app: str


def targets(services: Collection[str]) -> list[Target]:
    """What a restore of these services would replace. Raises NotDone for a name too long to be put aside."""
    stamp = f"{now():%Y%m%dt%H%M%Sz}"
    return [_target(service, stamp) for service in services]


def _target(service: str, stamp: str) -> Target:
    owner = config.get("LAPAK_{SERVICE}_OWNER_DATABASE_URL", service)
    name = part(owner, "dbname")
    building, before = f"{name}_restoring", f"{name}_before_{stamp}"
    if len(before.encode()) > _LONGEST_NAME:
        raise NotDone(f"{service}: the name {before} would be longer than PostgreSQL's {_LONGEST_NAME} bytes")
    app = config.get("LAPAK_{SERVICE}_DATABASE_URL", service)
    return Target(service, name, building, before, with_database(owner, building), with_database(app, building))


def restore(folder: Path, manifest: Manifest, aims: Sequence[Target], *, say: Say) -> list[Target]:
    """Put the dumps of a checked backup in the place of the present databases; those of which one was put aside.

    Raises NotDone; then every database is as it was before.
    """
    admin_url = config.get("LAPAK_POSTGRES_ADMIN_URL")
    with _administrator(admin_url) as admin:
        program = find_postgres_client(max(manifest.pg_dump, admin.info.server_version // 10_000))[0] / "pg_restore"
        try:
            with _named(_SERVER):
                _drop(admin, aims)  # what a killed restore has left
            for aim in aims:
                with _named(aim.service):
                    _build(aim, folder / manifest.services[aim.service].file, program, admin_url)
                say(f"{aim.service}: ready")
            with _named(_SERVER):
                _follow(aims)
                return _swap(admin, admin_url, aims)
        finally:
            with suppress(psycopg.Error):
                _drop(admin, aims)


@contextmanager
def _administrator(url: str) -> Iterator[Connection]:
    with _named(_SERVER):
        admin = psycopg.connect(url, connect_timeout=5, autocommit=True)
    with closing(admin):
        with _named(_SERVER):
            alone = admin.execute(_ONE_AT_A_TIME).fetchone() == (True,)
        if not alone:
            raise NotDone("another restore is at work")
        yield admin


@contextmanager
def _named(what: str) -> Iterator[None]:
    try:
        yield
    except NotDone as error:
        raise NotDone(f"{what}: {error}") from None
    except SQLAlchemyError as error:
        raise NotDone(f"{what}: {one_line(getattr(error, 'orig', error))}") from None
    except (psycopg.Error, CommandError) as error:
        raise NotDone(f"{what}: {one_line(error)}") from None


def _drop(admin: Connection, aims: Sequence[Target]) -> None:
    for aim in aims:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(aim.building)))


def _build(aim: Target, dump: Path, pg_restore: Path, admin_url: str) -> None:
    """A database of the dump's content, with this code's schema and rights, in a new epoch of its log."""
    provision(admin_url, aim.owner, aim.app)
    options = ("--no-owner", "--no-privileges", "--single-transaction", "--no-password", f"--dbname={aim.building}")
    programs.call(pg_restore, *options, str(dump), url=aim.owner)
    schema.migrate(aim.service, aim.owner, aim.app)
    with closing(psycopg.connect(aim.owner, autocommit=True)) as owner:
        owner.execute("ANALYZE")  # a session keeps the plans that it makes in its first seconds
    with _opened(aim) as session:
        epoch.begin(session)


def _follow(aims: Sequence[Target]) -> None:
    """Have who is restored together with its source follow that one's new epoch from the first moment on.

    Batches of the epoch that was left may still lie on its queue: their events are lost, and none of them may take
    effect any more.
    """
    logs = {}
    for aim in aims:
        with _opened(aim) as session:
            at = log.stream(session)
            end = at.last_seq + 1
            logs[aim.service] = Batch(at.source, at.epoch, end, end, (), (), ancestors=at.ancestors)
    for aim in aims:
        with _opened(aim) as session:
            for source in sources_of(aim.service):
                if source in logs:
                    following.enter(session, logs[source], sideways=True)


@contextmanager
def _opened(aim: Target) -> Iterator[Session]:
    database = Database(aim.app, pool_size=1, application_name="lapak restore")
    try:
        with database.transaction() as session:
            yield session
    finally:
        database.dispose()


def _swap(admin: Connection, admin_url: str, aims: Sequence[Target]) -> list[Target]:
    """Rename all of them in one transaction: whatever happens, also to us, all are swapped or none."""
    names = [aim.name for aim in aims]
    found = admin.execute("SELECT datname FROM pg_database WHERE datname = ANY(%s)", [names]).fetchall()
    replacing = [aim for aim in aims if (aim.name,) in found]
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with closing(psycopg.connect(admin_url, connect_timeout=5)) as swap, _ending_sessions(admin, names):
        swap.execute("SET LOCAL lock_timeout = '5s'")
        for aim in aims:
            name, building, before = (sql.Identifier(text) for text in (aim.name, aim.building, aim.before))
            if aim in replacing:
                swap.execute(rename.format(name, before))
            swap.execute(rename.format(building, name))
        swap.commit()
    return replacing


@contextmanager
def _ending_sessions(admin: Connection, names: Sequence[str]) -> Iterator[None]:
    """End whoever is connected to these databases, again and again: PostgreSQL waits 5 s for the last to be gone."""
    done = threading.Event()

    def end() -> None:
        with suppress(psycopg.Error):  # then RENAME says who is in the way
            while not done.is_set():
                admin.execute(_END, [names])
                done.wait(0.02)

    thread = threading.Thread(target=end, name="end sessions", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
