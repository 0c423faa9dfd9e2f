"""What each of Redis's users may do there: written by hand, asked of the real server; and that kombu needs no more."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from celery import Celery

from shared import redis_acl
from shared.local.running import Running
from tests.waiting import until

SERVICES = ("training", "inventory", "sales")
#: Who is told by whom (docs/events.md).
TOLD = {"training": {"inventory", "sales"}, "inventory": {"training", "sales"}, "sales": {"training", "inventory"}}
#: What would let somebody read, change or stop more than his own.
_NOBODYS = [
    ("FLUSHALL",), ("FLUSHDB",), ("CONFIG", "GET", "*"), ("KEYS", "*"), ("SCAN", "0"), ("ACL", "LIST"), ("MONITOR",),
    ("SHUTDOWN",), ("CLIENT", "LIST"), ("CLIENT", "KILL", "ID", "1"), ("DEBUG", "SLEEP", "1"), ("RANDOMKEY",),
    ("EVAL", "return 1", "0"), ("FUNCTION", "LIST"), ("REPLICAOF", "a", "1"), ("SWAPDB", "0", "1"), ("SAVE",),
    ("PSUBSCRIBE", "*"), ("PUBLISH", "other", "x"), ("GET", "other"), ("SET", "other", "x"), ("DEL", "other"),
]  # fmt: skip


def _may(server: redis.Redis, user: str, *command: str) -> bool:
    said: Any = server.execute_command("ACL", "DRYRUN", user, *command)  # type: ignore[no-untyped-call]
    return bool(said in {b"OK", "OK"})


def test_nobody_may_what_would_touch_all(server: redis.Redis) -> None:
    found = [(user, *command) for user in redis_acl.USERS for command in _NOBODYS if _may(server, user, *command)]
    assert found == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_worker_takes_from_its_own_queue_and_touches_no_other(server: redis.Redis, service: str) -> None:
    for other in SERVICES:
        held = f"lapak.{other}.unacked"
        uses = [
            ("BRPOP", other, "1"), ("LLEN", other), ("HSET", held, "tag", "x"), ("HGET", held, "tag"),
            ("HDEL", held, "tag"), ("ZADD", f"{held}_index", "1", "tag"), ("ZREM", f"{held}_index", "tag"),
            ("ZRANGE", f"{held}_index", "1", "0", "BYSCORE", "REV"), ("SET", f"{held}_mutex", "x", "NX"),
            ("EVALSHA", "0" * 40, "1", f"{held}_mutex", "x"), ("WATCH", held), ("RPUSH", other, "x"),
            ("LPUSH", other, "x"),
        ]  # fmt: skip
        assert {_may(server, f"{service}-worker", *one) for one in uses} == {service == other}, other


@pytest.mark.parametrize("service", SERVICES)
def test_a_courier_puts_on_its_subscribers_queues_and_reads_nothing(server: redis.Redis, service: str) -> None:
    user = f"{service}-courier"
    for other in SERVICES:
        told = other in TOLD[service]
        counts = [("LLEN", other), ("HLEN", f"lapak.{other}.unacked")]
        assert {_may(server, user, *one) for one in [("LPUSH", other, "x"), *counts]} == {told}, other
        takes = [("BRPOP", other, "1"), ("RPOP", other), ("LRANGE", other, "0", "9"), ("DEL", other)]
        takes += [("LTRIM", other, "0", "0"), ("HGETALL", f"lapak.{other}.unacked"), ("SET", other, "x")]
        takes += [("RPUSH", other, "x"), ("LSET", other, "0", "x"), ("EXPIRE", other, "1"), ("RENAME", other, "x")]
        assert not any(_may(server, user, *one) for one in takes), other


def test_a_web_process_counts_and_the_others_look(server: redis.Redis) -> None:
    for user in ("web", "flower"):
        for service in SERVICES:
            assert _may(server, user, "LLEN", service)
            for command in ("LPUSH", "BRPOP", "LRANGE", "DEL"):
                assert not _may(server, user, command, service, "1", *(["2"] if command == "LRANGE" else [])), command
    assert [user for user in redis_acl.USERS if not _may(server, user, "PING")] == []
    assert not _may(server, "health", "LLEN", "sales")


def test_who_has_no_password_is_let_in_nowhere(server: redis.Redis) -> None:
    port = server.connection_pool.connection_kwargs["port"]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=port).ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=port, username="sales-worker", password="of-another").ping()


@pytest.mark.journey
def test_nothing_is_refused_while_events_flow(system: Running) -> None:
    """Queues are declared, filled and emptied, and workers look for messages of dead ones, under these users alone."""
    with redis.Redis.from_url(system.redis_url) as server:
        assert system.run("demo").returncode == 0
        wanted = {"cmdstat_lpush", "cmdstat_brpop", "cmdstat_hset", "cmdstat_zrem", "cmdstat_zrange", "cmdstat_evalsha"}
        until("all of them are used", lambda: wanted <= server.info("commandstats").keys())
        assert server.acl_log() == []
        names = {one["user"] for one in server.client_list()}
    assert names >= {f"{service}-{kind}" for service in SERVICES for kind in ("worker", "courier")}


def _celery(server: redis.Redis, folder: Path, user: str) -> Celery:
    """An app whose broker is our server, logged in as one of its users."""
    url = urlsplit((folder / user / "redis_url").read_text(encoding="utf-8").strip())
    port = server.connection_pool.connection_kwargs["port"]
    app = Celery(user, broker=f"redis://{url.username}:{url.password}@127.0.0.1:{port}/0", set_as_current=False)
    app.conf.broker_transport_options = {"max_retries": 0}
    return app


def test_a_monitor_hears_what_workers_tell_and_nothing_is_refused(server: redis.Redis, folder: Path) -> None:
    """What Flower does with its login: it listens to events, asks for workers, and counts what waits."""
    server.acl_log_reset()
    flower, worker = _celery(server, folder, "flower"), _celery(server, folder, "sales-worker")
    heard: list[str] = []
    ended = threading.Event()

    def tell() -> None:
        with worker.connection_for_write() as connection:
            dispatcher = worker.events.Dispatcher(connection, hostname="sales@test")
            while not ended.is_set():
                dispatcher.send("worker-heartbeat", freq=1)
                ended.wait(0.05)

    telling = threading.Thread(target=tell, daemon=True)
    telling.start()
    with flower.connection_for_read() as connection:
        receiver = flower.events.Receiver(connection, handlers={"*": lambda event: heard.append(event["type"])})

        def hears() -> bool:
            receiver.capture(limit=1, timeout=60, wakeup=False)
            return bool(heard)

        until("it hears something", hears)
    ended.set()
    telling.join(timeout=60)
    assert heard[0] == "worker-heartbeat"
    assert flower.control.inspect(timeout=0.1).active_queues() is None, "our workers answer no questions"
    assert [(one["username"], one["object"]) for one in server.acl_log()] == []
