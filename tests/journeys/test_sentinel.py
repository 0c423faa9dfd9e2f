"""Redis behind Sentinel: its master is killed under load, another leads, and the queues are used again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from shared.local.binaries import find_redis
from shared.local.children import child_setup
from shared.local.home import free_port
from shared.local.running import Running, running_system
from tests.benchmarks.load import stock_the_shop
from tests.chaos.clients import at_work, finish
from tests.chaos.settling import each_sale_moved_once
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.journey

NAME, PASSWORD = "shops", "a:secret/of@servers"


@dataclass
class Watched:
    """Two servers and three sentinels, each a process of ours."""

    folder: Path
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    sentinels: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        """As an operator writes it."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"sentinel://:{PASSWORD.replace('/', '%2F').replace('@', '%40')}@{hosts}/0?master={NAME}"

    def start(self, port: int, *lines: str, watches: bool = False) -> None:
        """One more process."""
        file = self.folder / f"{port}.conf"
        file.write_text("\n".join([f"port {port}", "bind 127.0.0.1", f"dir {self.folder}", *lines]), encoding="ascii")
        command = [str(find_redis()), str(file), *(["--sentinel"] if watches else [])]
        with (self.folder / f"{port}.log").open("wb") as log:
            self.processes[port] = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=child_setup())  # noqa: PLW1509  (takes no lock)

    def kill(self, port: int) -> None:
        """As a machine dies."""
        self.processes[port].kill()
        self.processes[port].wait()

    def leader(self) -> int:
        """The port of the server that the sentinels hold for the master; 0 while they do not agree."""
        said = set()
        for port in self.sentinels:
            with redis.Redis(port=port, socket_timeout=2) as sentinel:
                found = sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
                said.add(int(found[1]) if found else 0)
        return said.pop() if len(said) == 1 else 0

    def server(self, port: int) -> redis.Redis:
        """A client of one server."""
        return redis.Redis(port=port, password=PASSWORD, socket_timeout=2)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """They know each other."""
    found = Watched(tmp_path_factory.mktemp("sentinel"))
    ports = [free_port()]
    while len(ports) < 5:
        ports.append(free_port(ports))
    auth = [f'requirepass "{PASSWORD}"', f'masterauth "{PASSWORD}"', "maxmemory-policy noeviction", 'save ""']
    try:
        found.start(ports[0], *auth)
        found.start(ports[1], *auth, f"replicaof 127.0.0.1 {ports[0]}")
        watch = [f"sentinel monitor {NAME} 127.0.0.1 {ports[0]} 2", f'sentinel auth-pass {NAME} "{PASSWORD}"']
        watch += [f"sentinel down-after-milliseconds {NAME} 1000", f"sentinel failover-timeout {NAME} 5000"]
        found.sentinels = ports[2:]
        for port in found.sentinels:
            found.start(port, *watch, watches=True)
        until("the replica is known", lambda: _answers(found) and _knows_all(found))
        yield found
    finally:
        for port in found.processes:
            found.kill(port)


def _answers(watched: Watched) -> bool:
    try:
        return bool(watched.leader())
    except (redis.RedisError, OSError):
        return False


def _knows_all(watched: Watched) -> bool:
    for port in watched.sentinels:
        with redis.Redis(port=port, socket_timeout=2, decode_responses=True) as sentinel:
            (about,) = sentinel.sentinel_masters().values()
            if (about["num-slaves"], about["num-other-sentinels"]) != (1, 2):
                return False
    return True


@pytest.fixture(scope="module")
def running(keys: None, watched: Watched, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A system that is given this Redis, and starts none of its own."""
    environment = {"LAPAK_REDIS_URL": watched.url}
    with running_system(tmp_path_factory.mktemp("watched"), environment=environment) as found:
        yield found


@pytest.mark.slow
def test_a_failover_under_load(watched: Watched, running: Running) -> None:
    """The Sentinel that is asked first is gone, too."""
    clients = at_work(running.url, stock_the_shop(running.url), (0.1, 0.1, 0.3))
    try:
        first = watched.leader()
        until("messages go by it", lambda: _through(watched, first) > 20)
        watched.kill(watched.sentinels.pop(0))
        watched.kill(first)
        until("another leads", lambda: watched.leader() not in {0, first})
        second = watched.leader()
        before = _through(watched, second)
        until("messages go by that", lambda: _through(watched, second) > before + 20)
    finally:
        sold = finish(clients)
    assert [failure for client in clients for failure in client.failures] == [], "a sale needs no Redis"
    each_sale_moved_once(running, sold)
    assert '"redis":"up"' in _ready(running)
    assert [log.name for log in running.home.logs.iterdir() if b"a:secret" in log.read_bytes()] == []


def _through(watched: Watched, port: int) -> int:
    """How many messages were put on a queue of this server and taken off by a worker."""
    with watched.server(port) as server:
        calls = server.info("commandstats")
    pushed, popped = (calls.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("lpush", "hset"))
    return int(min(pushed, popped))


def _ready(running: Running) -> str:
    import httpx

    return httpx.get(f"{running.url}/sales/readyz", trust_env=False, timeout=PATIENCE).text.replace(" ", "")
