"""The processes of a whole Lapak on one machine: PostgreSQL, Redis, migrations, web, workers, couriers."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from shared import redis_acl
from shared.config import SERVICES
from shared.local import keys
from shared.local.environment import complete, given_servers, local_environment, of_process
from shared.local.home import (
    COMMAND_LINE,
    ROOT,
    Home,
    LocalError,
    free_port,
    is_free,
    private_ports,
    read_json,
    write_json,
)
from shared.local.process import Spec
from shared.local.servers import PostgresServer, RedisServer

DEFAULT_PORT = 8080
READY = re.compile(rb"\bready\b")


@dataclass(frozen=True)
class System:
    """What `up` runs: the process table, the environment it gives them, and where people find it."""

    specs: list[Spec]
    environment: dict[str, str]
    ports: dict[str, int]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['web']}"


def web_port(wanted: int | None) -> int:
    """The port of the web server: the wanted one, else 8080, else the next free one.

    Raises LocalError when the wanted one is taken.
    """
    if wanted is not None:
        if not is_free(wanted):
            raise LocalError(f"port {wanted} is taken; leave --port out to get a free one")
        return wanted
    return next((port for port in range(DEFAULT_PORT, DEFAULT_PORT + 100) if is_free(port)), 0) or free_port()


def plan(home: Home, environ: Mapping[str, str], *, port: int | None = None, web_workers: int | None = None) -> System:
    """Choose ports, prepare the servers that the environment does not give (first start: 2 s), list the processes."""
    given = given_servers(environ)
    if given.redis:
        from shared import redis_url  # here: the supervisor does without

        redis_url.configured()  # one that cannot be read is said here, once, not by each process again and again
    wanted = [name for name, is_given in (("postgres", given.postgres), ("redis", given.redis)) if not is_given]
    web = web_port(port)
    ports = private_ports(home, wanted, taken=[web]) | {"web": web}
    write_json(home.run / "ports.json", dict(read_json(home.run / "ports.json")) | ports)
    # Logs are read by people here, unless the user wants otherwise.
    defaults = {"LAPAK_LOG_FORMAT": "text", "LAPAK_WEB_WORKERS": "1", "PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}
    environment = complete(environ, local_environment(home, ports) | defaults)
    if web_workers is not None:
        environment["LAPAK_WEB_WORKERS"] = str(web_workers)
    environment["LAPAK_URL"] = f"http://127.0.0.1:{ports['web']}"
    ours = services(home, environment, ports["web"], create=not given.postgres, redis_port=ports.get("redis"))
    specs = [*servers(home, ports), *ours]
    return System(specs, environment, ports)


def servers(home: Home, ports: Mapping[str, int]) -> list[Spec]:
    """PostgreSQL and Redis, as far as `ports` names them, ready to be started."""
    secrets = keys.load(home.secrets)
    found: list[PostgresServer | RedisServer] = []
    if "postgres" in ports:
        found.append(PostgresServer(home, ports["postgres"], secrets["postgres"]))
    if "redis" in ports:
        found.append(RedisServer(home, ports["redis"], secrets["redis"], users=redis_acl.users_of(secrets)))
    specs = []
    for server in found:
        server.prepare()
        is_postgres = isinstance(server, PostgresServer)
        specs.append(
            Spec(
                name="postgres" if is_postgres else "redis",
                command=server.command(),
                stop_order=3 if is_postgres else 2,
                environment={"PATH": os.environ.get("PATH", os.defpath), "LAPAK_HOME": str(home.root)},
                probe=_asks(server.is_ready),
                user=server.user,
                stop_signal=server.stop_signal,
                death_signal=server.death_signal,
            )
        )
    return specs


def services(home: Home, environment: dict[str, str], port: int, *, create: bool, redis_port: int | None) -> list[Spec]:
    """Migrations, then the web server, and a worker and a courier for each service; each with its own secrets only.

    `redis_port`: where our own Redis is reached; None when it is not ours.
    """
    python = [sys.executable, "-m"]
    migrate = [*COMMAND_LINE, "migrate", *(["--create"] if create else [])]
    web = [*python, "shared.server", "services.system.wsgi:create_app", "--port", str(port)]

    def ours(name: str, command: list[str], **more: Any) -> Spec:
        return Spec(name, command, environment=of_process(home, name, environment, redis_port), folder=ROOT, **more)

    worker = partial(ours, stage=2, ready_line=READY, ready_after=10.0)
    specs = [
        ours("migrate", migrate, stage=1, once=True),
        ours("web", web, stage=2, reload_signal=signal.SIGHUP, probe=answers_200(port, "/sales/readyz")),
    ]
    for service in SERVICES:
        takes = [*python, "shared.messaging.worker", f"services.{service}.worker:celery"]
        carries = [*python, "shared.messaging.courier", f"services.{service}.handlers:consumer"]
        specs += [worker(f"{service}-worker", takes), worker(f"{service}-courier", carries)]
    return specs


def _asks(is_ready: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def probe() -> bool:
        return is_ready()  # a refused connection costs no time, and nothing else runs yet

    return probe


def answers_200(port: int, path: str) -> Callable[[], Awaitable[bool]]:
    """A probe: whether a web server of this machine answers 200 there."""

    async def probe() -> bool:
        try:
            async with asyncio.timeout(2):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                    return (await reader.readline()).split(b" ")[1:2] == [b"200"]
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return False

    return probe
