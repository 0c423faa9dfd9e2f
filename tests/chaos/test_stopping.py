"""Whatever a process is doing, it is gone within 2 s of SIGTERM, and nothing is lost or doubled by that."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from shared.jsontext import dumps
from shared.local import state
from shared.local.home import ROOT
from shared.local.process import POSTGRES_PATIENCE
from shared.local.running import Running, frozen, running_system
from shared.messaging import relay
from tests.benchmarks.load import Till, stock_the_shop
from tests.chaos.clients import at_work, finish
from tests.chaos.settling import each_sale_moved_once
from tests.waiting import PATIENCE, machine, until

LIMIT = 2.0
KINDS = ("web", "sales-worker", "sales-courier")


@pytest.fixture(scope="module")
def shop(keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A whole system of these tests' own, with something to sell: (system, lot)."""
    with running_system(tmp_path_factory.mktemp("stopping")) as system:
        yield system, stock_the_shop(system.url)


def _end(system: Running, name: str, number: int = signal.SIGTERM) -> int:
    """Ask a process to end, and see it gone in time; the id it had."""
    with machine() as clock:
        pid = system.kill(name, number)
        clock.gone(pid, name, LIMIT)
    return pid


def _end_gracefully(system: Running, name: str, number: int = signal.SIGTERM) -> None:
    """The same, and all that it had in hand is done; on a busy machine its 1.4 s may be over before that."""

    def ended() -> bool:
        system.wait_ready(name)
        pid = _end(system, name, number)
        system.wait_ready(name, other_than=pid)
        return "ended with code 0" in _how_it_ended(system, name)

    until(f"{name} ends with code 0", ended, patience=PATIENCE)


def _how_it_ended(system: Running, name: str) -> str:
    """What the supervisor saw last of it, once it has seen it."""
    log = system.home.logs / "supervisor.log"
    return next(line for line in reversed(log.read_text(encoding="utf-8").splitlines()) if line.startswith(name))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_process_ends_at_once_and_gracefully(shop: tuple[Running, str], number: int) -> None:
    system, _ = shop
    for name in KINDS if number == signal.SIGTERM else ("sales-courier",):
        _end_gracefully(system, name, number)


def test_a_process_under_load_ends_in_time_and_nothing_is_lost_or_doubled(shop: tuple[Running, str]) -> None:
    system, lot = shop
    clients = at_work(system.url, lot, (0.02, 0.02))
    for name in ("sales-courier", "inventory-worker", "inventory-courier"):
        _end_gracefully(system, name)
    sold = finish(clients)
    assert [failure for client in clients for failure in client.failures] == []
    each_sale_moved_once(system, sold)


def test_a_request_under_way_is_answered(shop: tuple[Running, str]) -> None:
    system, lot = shop
    till = Till(system.url, 7, lot)
    answered: list[bool] = []
    body = till.body(1)
    with psycopg.connect(system.database_url("sales", owner=True)) as blocking:
        blocking.execute("LOCK TABLE sale IN EXCLUSIVE MODE")
        request = threading.Thread(target=lambda: (till.post(body), answered.append(True)))  # type: ignore[func-returns-value]
        request.start()
        until("the request waits for the lock", lambda: _waiting(system, "sales"))
        pid = system.kill("web", signal.SIGTERM)
        until("it has heard", lambda: _closed(system.url))
    with machine() as clock:
        request.join()
        clock.gone(pid, "web", LIMIT)
    assert answered == [True]
    system.wait_ready("web", other_than=pid)
    assert "web ended with code 0" in _how_it_ended(system, "web")


def test_what_hangs_in_a_statement_is_cut_off_and_takes_effect_later(shop: tuple[Running, str]) -> None:
    system, lot = shop
    till = Till(system.url, 6, lot)
    sale = till.sale()
    with psycopg.connect(system.database_url("inventory", owner=True)) as blocking:
        blocking.execute("LOCK TABLE stock_move IN EXCLUSIVE MODE")
        till.post(dumps({"sales": [sale]}).encode())
        until("the worker's batch waits for the lock", lambda: _waiting(system, "inventory"))
        pid = _end(system, "inventory-worker")
        system.wait_ready("inventory-worker", other_than=pid)
    assert "ended with code 1" in _how_it_ended(system, "inventory-worker")
    assert "not done in time" in (system.home.logs / "inventory-worker.log").read_text(encoding="utf-8")
    each_sale_moved_once(system, [sale["id"]])


def test_a_standby_leads_within_a_second(shop: tuple[Running, str]) -> None:
    system, _ = shop
    command = [sys.executable, "-m", "shared.messaging.courier", "services.sales.handlers:consumer"]
    environment = {**os.environ, **system.environment}
    system.wait_ready("sales-courier")
    leader = _leader(system)
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as standby:
        assert standby.stderr is not None
        next(line for line in standby.stderr if b"courier ready" in line)
        pid = _end(system, "sales-courier")
        with machine() as clock:
            clock.sees("another leads", lambda: _leader(system) not in {leader, None}, 1.0)
        system.wait_ready("sales-courier", other_than=pid)
        standby.terminate()
        assert standby.wait(PATIENCE) == 0


def test_a_frozen_redis_holds_nobody_up(shop: tuple[Running, str]) -> None:
    system, _ = shop
    with frozen(system.pid("redis")):
        ended = {name: _end(system, name) for name in KINDS}
        until("the worker starts again", lambda: system.pid("sales-worker") not in {None, ended["sales-worker"]})
        _end(system, "sales-worker")  # while it starts
    for name in KINDS:
        system.wait_ready(name, other_than=ended[name])


def test_redis_away_holds_up_no_worker_that_tries_to_reach_it(shop: tuple[Running, str]) -> None:
    system, _ = shop
    log = system.home.logs / "sales-worker.log"
    before = log.read_text(encoding="utf-8").count("Cannot connect")
    os.kill(state.load(system.home)["pid"], signal.SIGSTOP)  # else the supervisor starts it again at once
    try:
        system.kill("redis")
        pid = system.pid("sales-worker")
        assert pid is not None
        until("it looks for Redis", lambda: not _connected_to(pid, urlsplit(system.redis_url).port))
        with machine() as clock:
            os.kill(pid, signal.SIGTERM)
            clock.gone(pid, "sales-worker", LIMIT)
    finally:
        os.kill(state.load(system.home)["pid"], signal.SIGCONT)
    system.wait_ready("sales-worker", other_than=pid)
    assert log.read_text(encoding="utf-8").count("Cannot connect") > before


def test_a_frozen_postgres_holds_nobody_up(shop: tuple[Running, str]) -> None:
    system, _ = shop
    for name in KINDS:
        system.wait_ready(name)
    with frozen(system.pid("postgres")):
        _a_few_turns()  # each loop is in a statement by now
        ended = {name: _end(system, name) for name in KINDS}
    for name in KINDS:
        system.wait_ready(name, other_than=ended[name])


def test_a_feed_that_does_not_answer_holds_no_courier_up_and_a_frozen_web_worker_not_the_server(
    shop: tuple[Running, str],
) -> None:
    system, _ = shop
    system.wait_ready("inventory-courier")
    with frozen(*system.web_pids()):
        _a_few_turns()  # the reconciler asks once a second
        courier = _end(system, "inventory-courier")
        web = _end(system, "web")
    system.wait_ready("inventory-courier", other_than=courier)
    system.wait_ready("web", other_than=web)


def test_the_whole_system_ends_in_time_with_every_one_of_its_processes(shop: tuple[Running, str]) -> None:
    system, lot = shop
    for name in KINDS:
        system.wait_ready(name)
    clients = at_work(system.url, lot, (0.02,))
    until("it sells", lambda: len(clients[0].sold) > 5)
    sold = finish(clients)
    each_sale_moved_once(system, sold)
    found = state.load(system.home)
    rows = {row["name"]: row["pid"] for row in found["processes"] if row["pid"]}
    postgres = rows.pop("postgres")
    with machine() as clock:
        os.kill(found["pid"], signal.SIGTERM)
        for name, pid in rows.items():
            clock.gone(pid, name, LIMIT)
        clock.gone(postgres, "postgres", POSTGRES_PATIENCE)  # it writes a checkpoint, be it ever so long
        clock.gone(found["pid"], "the supervisor", POSTGRES_PATIENCE + LIMIT)
    assert not state.is_held(system.home)


def _a_few_turns() -> None:
    """What stands in a loop that turns once a second comes round in this time; nothing shows when it has."""
    threading.Event().wait(1.5)


def _closed(url: str) -> bool:
    """Whether nobody takes connections at this address any more."""
    where = urlsplit(url)
    try:
        socket.create_connection((where.hostname, where.port), PATIENCE).close()
    except OSError:
        return True
    return False


def _connected_to(pid: int, port: int | None) -> bool:
    found = psutil.Process(pid).net_connections("tcp")
    return any(one.status == psutil.CONN_ESTABLISHED and one.raddr and one.raddr.port == port for one in found)


def _waiting(system: Running, service: str) -> bool:
    """Whether a session of this database waits for a lock on a table."""
    query = """
        SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
         WHERE NOT granted AND locktype = 'relation' AND datname = current_database()
    """
    with psycopg.connect(system.database_url(service, owner=True)) as connection:
        return bool((connection.execute(query).fetchone() or (0,))[0])


def _leader(system: Running) -> int | None:
    """The backend that holds the lock of sales' relay."""
    query = """
        SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
         WHERE l.locktype = 'advisory' AND l.objid = %s AND l.granted AND d.datname = current_database()
    """
    with psycopg.connect(system.database_url("sales", owner=True)) as connection:
        found = connection.execute(query, (relay.LOCK,)).fetchone()
    return int(found[0]) if found else None
