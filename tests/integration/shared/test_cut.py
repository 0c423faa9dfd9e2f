"""One moment in several databases: they agree, and nobody waits for it longer than milliseconds."""

from __future__ import annotations

import statistics
import threading
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from shared.backup import NotDone, cut, take
from shared.config import SERVICES
from shared.db import Database
from shared.messaging.moving import move
from tests.integration.shared.conftest import Installation
from tests.waiting import PATIENCE, until


def test_the_databases_agree_whatever_is_logged_and_received_meanwhile(lapak: Installation) -> None:
    """Sales logs as fast as it can; inventory notes at once how far it has received. No cut shows more received."""
    stop = threading.Event()
    threads = [threading.Thread(target=work, args=(lapak, stop)) for work in (_sell, _log, _receive)]
    for thread in threads:
        thread.start()
    try:
        urls = {service: lapak.url(service) for service in ("sales", "inventory")}
        logged, held = [], list[float]()
        for _ in range(60):
            with cut.consistent(urls) as (snapshots, seconds):
                logged.append(_as_of(urls["sales"], snapshots["sales"].id, "SELECT last_seq FROM stream"))
                received = _as_of(urls["inventory"], snapshots["inventory"].id, "SELECT max(last_seq) FROM cursor")
                assert (received or 0) <= logged[-1] == snapshots["sales"].last_seq
                held.append(seconds)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(set(logged)) > 30, "hardly anything was logged meanwhile"
    assert statistics.median(held) < 2


def _as_of(url: str, snapshot: str, query: str) -> int:
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'".encode())
        found: int = connection.execute(query.encode()).fetchall()[0][0]
        return found


def _sell(lapak: Installation, stop: threading.Event) -> None:
    event = (
        "INSERT INTO outbox (event_id, type, subject, time, traceparent, data) VALUES (%s, 'x', 'x', now(), 'x', '{}')"
    )
    with psycopg.connect(lapak.url("sales"), autocommit=True) as connection:
        while not stop.is_set():
            connection.execute(event.encode(), (uuid4(),))


def _log(lapak: Installation, stop: threading.Event) -> None:
    database = Database(lapak.url("sales", owner=False), pool_size=1)
    while not stop.is_set():
        with database.transaction() as session:
            move(session)
    database.dispose()


def _receive(lapak: Installation, stop: threading.Event) -> None:
    note = """
        WITH moved AS (
            UPDATE cursor SET last_seq = %(last_seq)s WHERE source = 'sales' AND epoch = %(epoch)s RETURNING 1)
        INSERT INTO cursor (source, epoch, types, last_seq) SELECT 'sales', %(epoch)s, '{}', %(last_seq)s
         WHERE NOT EXISTS (SELECT FROM moved)
    """
    with (
        psycopg.connect(lapak.url("sales"), autocommit=True, row_factory=dict_row) as source,
        psycopg.connect(lapak.url("inventory"), autocommit=True) as own,
    ):
        while not stop.is_set():
            own.execute(note.encode(), source.execute("SELECT epoch, last_seq FROM stream").fetchall()[0])


def test_the_rows_are_let_go_before_anything_is_dumped(lapak: Installation) -> None:
    with cut.consistent({service: lapak.url(service) for service in SERVICES}):
        for service in SERVICES:
            with psycopg.connect(lapak.url(service)) as relay_of:
                relay_of.execute("SELECT FROM stream FOR UPDATE NOWAIT")


def test_a_row_that_somebody_else_holds_is_tried_again(lapak: Installation) -> None:
    waits = """
        SELECT query_start FROM pg_stat_activity
         WHERE application_name = 'lapak backup' AND wait_event_type = 'Lock' AND datname = %s
    """
    with psycopg.connect(lapak.url("sales")) as holding:
        holding.execute("SELECT FROM stream FOR UPDATE")
        begun = lapak.start("backup", str(lapak.folder))
        tries: set[Any] = set()
        with psycopg.connect(lapak.admin_url, autocommit=True) as admin:

            def tried_twice() -> bool:
                tries.update(admin.execute(waits, (lapak.name("sales"),)).fetchall())
                return len(tries) > 1 or begun.poll() is not None

            until("it tries again", tried_twice)
        holding.rollback()
    _, err = begun.communicate(timeout=PATIENCE)
    assert begun.returncode == 0, err
    assert len(lapak.backups()) == 1


def test_a_row_that_somebody_else_holds_is_given_up(lapak: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "PATIENCE", 0.0)
    with psycopg.connect(lapak.url("sales")) as holding:
        holding.execute("SELECT FROM stream FOR UPDATE")
        with pytest.raises(NotDone, match="sales: another session has held the row of `stream` for"):
            take.back_up(lapak.folder, SERVICES, keep=None, say=lambda _: None)
    with psycopg.connect(lapak.url("training")) as free:
        free.execute("SELECT FROM stream FOR UPDATE NOWAIT")
    assert lapak.backups() == []


def test_one_that_hung_while_it_held_the_rows_is_no_backup(
    lapak: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = cut._look

    def end_the_holders(service: str, reader: cut.Connection) -> cut.Snapshot:
        with psycopg.connect(lapak.admin_url, autocommit=True) as admin:  # as idle_in_transaction_session_timeout does
            holds = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE query = %s AND datname = %s"
            admin.execute(holds, (cut._HOLD, lapak.name(service)))
        return look(service, reader)

    monkeypatch.setattr(cut, "_look", end_the_holders)
    with pytest.raises(NotDone, match="training: terminating connection"):
        take.back_up(lapak.folder, SERVICES, keep=None, say=lambda _: None)
    assert lapak.backups() == []
