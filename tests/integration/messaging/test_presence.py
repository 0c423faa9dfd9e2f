"""Which processes are there is seen in the database that they share, on whatever machine they run (P14)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import text

from shared.db import Database
from shared.local.cluster import DatabaseUrls, Servers
from shared.local.home import ROOT, free_port
from shared.local.provision import part, with_database
from shared.messaging import presence
from tests.waiting import PATIENCE, until

#: Of this database: the server serves other tests, too.
_END = """
    SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
     WHERE application_name LIKE 'lapak %' AND datname = current_database()
"""
COMMANDS = {
    "worker": ("shared.messaging.worker", "services.inventory.worker:celery"),
    "courier": ("shared.messaging.courier", "services.inventory.handlers:consumer"),
    "web": ("shared.server", "services.inventory.app:create_app"),
}


@contextmanager
def _running(kind: str) -> Iterator[subprocess.Popen[bytes]]:
    """One of inventory's processes, as it is run."""
    more = ["--port", str(free_port())] if kind == "web" else []
    command = [sys.executable, "-m", *COMMANDS[kind], *more]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(PATIENCE)


def _seen(database: Database) -> list[dict[str, Any]]:
    with database.transaction() as session:
        return presence.processes(session)


def _until(database: Database, condition: Callable[[list[dict[str, Any]]], Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    def seen() -> bool:
        found[:] = _seen(database)
        return bool(condition(found))

    until("the processes are seen", seen, told=lambda: found)
    return found


_HOLD_LOGINS = """
    CREATE FUNCTION hold() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('application_name') LIKE '%@newborn%' THEN PERFORM pg_advisory_lock(77); END IF; END $$;
    CREATE EVENT TRIGGER hold ON login EXECUTE FUNCTION hold();
"""


def test_a_process_that_is_just_connecting_is_seen(
    database_for: Callable[..., Database], urls_for: Callable[..., DatabaseUrls], servers: Servers
) -> None:
    """PostgreSQL 18 shows a connection's name before it has any state."""
    database, url = database_for("inventory"), urls_for("inventory").app
    admin = with_database(servers.postgres_url, part(url, "dbname"))
    with psycopg.connect(admin, autocommit=True) as gate, ThreadPoolExecutor(1) as pool:
        gate.execute(_HOLD_LOGINS)
        gate.execute("SELECT pg_advisory_lock(77)")
        late = pool.submit(lambda: psycopg.connect(url, application_name="lapak inventory web 7@newborn 6a3f01b2"))
        try:
            (one,) = _until(database, lambda found: [one for one in found if one["host"] == "newborn"])
        finally:
            gate.execute("SELECT pg_advisory_unlock(77)")
            late.result().close()
            gate.execute("DROP EVENT TRIGGER hold")
    assert (one["kind"], one["pid"], 0 <= one["quiet_seconds"] < PATIENCE) == ("web", 7, True)


def _kinds(found: list[dict[str, Any]]) -> list[str]:
    return sorted(one["kind"] for one in found)


def test_every_process_is_seen_from_its_start_to_its_end(
    database_for: Callable[..., Database], environment: Callable[..., Any]
) -> None:
    environment("inventory")
    database = database_for("inventory")
    with ExitStack() as stack:
        started = {kind: stack.enter_context(_running(kind)) for kind in COMMANDS}
        # Nobody was asked anything, and no event has come.
        found = _until(database, lambda found: _kinds(found) == ["courier", "web", "worker"] and _leaders(found))
        pids = {one["kind"]: one["pid"] for one in found}
        (child,) = psutil.Process(started["web"].pid).children()
        assert pids == {"web": child.pid, "worker": started["worker"].pid, "courier": started["courier"].pid}
        assert {one["host"] for one in found} == {socket.gethostname().split(".")[0]}
        assert _leaders(found) == ["courier"]
        for one in found:
            assert abs(one["since"].timestamp() - psutil.Process(one["pid"]).create_time()) < 60
        _end_connections(database)
        again = _until(database, lambda found: _kinds(found) == ["courier", "web", "worker"])
        assert {(one["pid"], one["since"]) for one in again} == {(one["pid"], one["since"]) for one in found}
        os.kill(pids["worker"], signal.SIGSTOP)
        _until(database, lambda found: [one["kind"] for one in found if one["quiet_seconds"] > 6] == ["worker"])
        os.kill(pids["worker"], signal.SIGCONT)
        _until(database, lambda found: all(one["quiet_seconds"] < 4 for one in found))
    assert _until(database, lambda found: not found) == []


def _leaders(found: list[dict[str, Any]]) -> list[str]:
    return [one["kind"] for one in found if one["leads"]]


def _end_connections(database: Database) -> None:
    """As a restart of PostgreSQL does; idle processes must show themselves again."""
    with database.transaction() as session:
        session.execute(text(_END))


def test_two_courier_processes_of_which_one_leads(
    database_for: Callable[..., Database], environment: Callable[..., Any]
) -> None:
    environment("inventory")
    database = database_for("inventory")
    with _running("courier") as first:
        _until(database, _leaders)
        with _running("courier") as second:
            found = _until(database, lambda found: len(found) == 2)
            assert {one["pid"]: one["leads"] for one in found} == {first.pid: True, second.pid: False}
            first.kill()
            found = _until(database, lambda found: [one["pid"] for one in found if one["leads"]] == [second.pid])
            assert [one["pid"] for one in found] == [second.pid]


def test_replicas_with_long_host_names_are_told_apart(
    urls_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, database_for: Callable[..., Database]
) -> None:
    hosts = ["inventory-reconciler-5d9f8c7b6d-abcde", "inventory-reconciler-5d9f8c7b6d-fghij.cluster.example"]
    others = []
    for host in hosts:
        monkeypatch.setattr(socket, "gethostname", lambda host=host: host)
        name = presence.connection_name("inventory", "reconciler")
        assert len(name) <= 63
        others.append(Database(urls_for("inventory").app, application_name=name))
    for other in others:
        other.call("SELECT 1", {})
    found = _seen(database_for("inventory"))
    assert sorted(one["host"][-5:] for one in found) == ["abcde", "fghij"]
    assert {(one["kind"], one["pid"]) for one in found} == {("courier", os.getpid())}
    for other in others:
        other.dispose()
