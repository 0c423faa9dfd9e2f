"""PostgreSQL and Redis of a local system: how they are prepared, started and asked whether they answer."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from shared import redis_acl
from shared.local.binaries import find_postgres, find_redis
from shared.local.children import child_setup
from shared.local.home import NOBODY, Home, LocalError, write_private

#: For a laptop: small memory, few background processes; a commit still reaches the disk before it is answered.
POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_worker_processes": "2",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "15s",  # a fresh system gets its first statistics soon
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "wal_level": "minimal",
    "max_wal_size": "256MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%p %q%d %a ",
    "log_checkpoints": "off",
}


def _answer(port: int, question: bytes) -> bytes:
    """What a server on 127.0.0.1 says first; empty when it says nothing within half a second."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(question)
            return connection.recv(1024)
    except OSError:
        return b""


@dataclass(frozen=True)
class PostgresServer:
    """One PostgreSQL server: its data under `home.servers`, on `port` of 127.0.0.1, superuser `postgres`."""

    home: Home
    port: int
    password: str
    durable: bool = True
    extra: dict[str, str] = field(default_factory=dict)

    #: Fast shutdown (cut the connections, keep the data tidy) when asked to stop and when its starter is gone.
    stop_signal = signal.SIGINT
    death_signal = signal.SIGINT

    @property
    def data(self) -> Path:
        return self.home.servers / "postgres"

    @property
    def user(self) -> int | None:
        """The user to become: PostgreSQL refuses to run as root."""
        return NOBODY if os.geteuid() == 0 else None

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def prepare(self) -> None:
        """Make the data folder on the first start (2 s); forget a server that died without saying so.

        Raises LocalError when the data were made by another major version.
        """
        folder, version = find_postgres(self.home)
        if not self.data.exists():
            self._initialise(folder, version)
        made_by = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        if made_by != str(version):
            raise LocalError(
                f"{self.data} was made by PostgreSQL {made_by}, and this is {version}. Move it away (its data are then "
                "not seen), or put that version back."
            )
        forget_dead_postmaster(self.data)

    def _initialise(self, folder: Path, version: int) -> None:
        building = self.data.with_name(f"postgres.new.{os.getpid()}")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        password = building.with_name(f"{building.name}.password")
        write_private(password, self.password)
        if self.user is not None:
            for path in (building, password):
                os.chown(path, self.user, self.user)
        provider = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(folder / "initdb"), "-D", str(building), "-U", "postgres", f"--pwfile={password}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", *(provider if version >= 17 else ["--locale=C.UTF-8"])]
        done = subprocess.run(
            [*command, *([] if self.durable else ["--no-sync"])],
            capture_output=True, text=True, check=False, cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"},
            preexec_fn=child_setup(user=self.user),
        )  # fmt: skip
        password.unlink()
        if done.returncode != 0:
            shutil.rmtree(building, ignore_errors=True)
            raise LocalError(f"initdb failed:\n{done.stdout}\n{done.stderr}")
        building.rename(self.data)  # in one step: a first start that was cut off leaves nothing half made

    def command(self) -> list[str]:
        folder, version = find_postgres(self.home)
        fewer = {"io_method": "sync"} if version >= 18 else {}  # no pool of reading processes
        settings = POSTGRES_SETTINGS | fewer | {"port": str(self.port)} | self.extra
        return [str(folder / "postgres"), "-D", str(self.data)] + [
            part for name, value in settings.items() for part in ("-c", f"{name}={value}")
        ]

    def is_ready(self) -> bool:
        """Whether it takes connections. It asks for a password then; while it starts, it answers an error."""
        parameters = b"user\0postgres\0database\0postgres\0\0"
        question = struct.pack("!II", 8 + len(parameters), 196608) + parameters
        return _answer(self.port, question).startswith(b"R")


def forget_dead_postmaster(data: Path) -> None:
    """Remove the lock file of a server that was killed, when its process id is another program's by now.

    PostgreSQL itself sees through a lock file whose process is gone; one whose id was given anew it believes.
    """
    lock = data / "postmaster.pid"
    try:
        process = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if os.fsencode(data) not in command:
        lock.unlink(missing_ok=True)


@dataclass(frozen=True)
class RedisServer:
    """One Redis (or Valkey) server: memory only, bounded, on `port` of 127.0.0.1; each of `users` may do little.

    `password` is that of the user `default`, who may do all.
    """

    home: Home
    port: int
    password: str
    databases: int = 16
    users: dict[str, str] = field(default_factory=dict)
    stop_signal = signal.SIGTERM
    death_signal = signal.SIGKILL
    user = None

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def _configuration(self) -> Path:
        return self.home.run / "redis.conf"

    def prepare(self) -> None:
        """Write its configuration and its users: a password on the command line could be read by everybody."""
        users = self.home.run / "redis.acl"
        write_private(users, redis_acl.acl(self.users, self.password))
        lines = [
            "bind 127.0.0.1", f"port {self.port}", f'aclfile "{users}"', f"databases {self.databases}",
            "maxmemory 256mb", "maxmemory-policy noeviction", 'save ""', "appendonly no",
            f"dir {self.home.run}", "daemonize no", 'logfile ""', "loglevel warning",
        ]  # fmt: skip
        write_private(self._configuration, "\n".join(lines) + "\n")

    def command(self) -> list[str]:
        return [str(find_redis()), str(self._configuration)]

    def is_ready(self) -> bool:
        return _answer(self.port, f"AUTH {self.password}\r\n".encode()).startswith(b"+OK")
