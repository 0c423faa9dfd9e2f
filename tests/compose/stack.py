"""A Lapak of containers, in a project of its own, for tests; gone with the test run, however that ends."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from shared.local.home import ROOT, free_port
from tests.benchmarks.load import LINES, stock_the_shop
from tests.chaos.actors import Clock
from tests.chaos.load import People, register_residents
from tests.waiting import until

IMAGE = "lapak:test"


def engine_complaint() -> str | None:
    """Why containers cannot be run here; None when they can."""
    try:
        done = subprocess.run(["docker", "compose", "version"], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode == 0:
            done = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"docker does not run: {error}"
    return None if done.returncode == 0 else f"docker says: {done.stderr.strip()[-300:]}"


@dataclass
class Stack:
    """One compose project. `environment`: what its files read."""

    name: str
    port: int = field(default_factory=free_port)
    image: str = IMAGE
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its origin, as people see it."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, *command: str, patience: float = 300.0, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command in the checkout, with this project's environment. Fails with what it said."""
        settings = {"COMPOSE_PROJECT_NAME": self.name, "LAPAK_PORT": str(self.port), "LAPAK_IMAGE": self.image}
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=patience, check=False,
            env={**_without_ours(), **settings, **self.environment},
        )  # fmt: skip
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(command)} → {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}")
        return done

    def compose(self, *arguments: str, patience: float = 300.0, check: bool = True) -> str:
        """What `docker compose …` prints."""
        return self.run("docker", "compose", *arguments, patience=patience, check=check).stdout

    def up(self, *arguments: str) -> None:
        """Everything, and wait until it is healthy."""
        self.compose("up", "-d", "--wait", *arguments)

    def lapak(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """The operator's command line."""
        return self.run("docker", "compose", "run", "--rm", "-T", "lapak", *arguments, check=check)

    def secret(self, path: str) -> str:
        """A file of the volume of secrets."""
        run = ["run", "--rm", "-T", "--no-deps", "--entrypoint", "cat", "lapak"]
        return self.compose(*run, f"/secrets/{path}").strip()

    def sql(self, service: str, query: str) -> list[list[str]]:
        """Rows of a service's database, as text."""
        psql = ["exec", "-T", "postgres", "psql", "-U", "postgres", "-tAF", "\t"]
        answer = self.compose(*psql, "-d", f"lapak_{service}", "-c", query)
        return [line.split("\t") for line in answer.splitlines()]

    def containers(self, service: str) -> list[dict[str, Any]]:
        """What the engine knows of a service's running containers, by their names."""
        ids = self.compose("ps", "-q", service).split()
        found = json.loads(self.run("docker", "inspect", *ids).stdout) if ids else []
        return sorted(found, key=lambda one: str(one["Name"]))

    def kill_inside(self, container: str) -> None:
        """kill -9 of all in a container but its first process, which then ends: so the restart policy counts it."""
        self.run("docker", "exec", container, "sh", "-c", "kill -9 -1", check=False)

    def started_at(self, container: str) -> str:
        """When a running container was last started, in RFC 3339; empty while it does not run."""
        running = "{{if .State.Running}}{{.State.StartedAt}}{{end}}"
        return self.run("docker", "inspect", "-f", running, container).stdout.strip()

    def leader(self, service: str, lock: int) -> str:
        """The address of the container whose session holds this advisory lock; empty while none does."""
        query = f"""SELECT host(client_addr) FROM pg_locks JOIN pg_stat_activity USING (pid)
                     WHERE locktype = 'advisory' AND granted AND objid = {lock} AND datname = 'lapak_{service}'"""
        rows = self.sql(service, query)
        return rows[0][0] if rows else ""

    def by_address(self, service: str) -> dict[str, str]:
        """Names of the containers of a service by their address on the network of the databases."""
        network = f"{self.name}_back"
        return {
            one["NetworkSettings"]["Networks"][network]["IPAddress"]: str(one["Name"]).lstrip("/")
            for one in self.containers(service)
        }

    def down(self) -> None:
        """Remove its containers, networks and volumes."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5")


def _without_ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("LAPAK_", "COMPOSE_"))}


@contextlib.contextmanager
def removed_at_the_end(stack: Stack) -> Iterator[Stack]:
    """Remove the project at the end, also when this process is killed: somebody waits for that."""
    end = f"read -r _; exec docker compose -p {stack.name} --profile '*' down --volumes --remove-orphans --timeout 5"
    waits = subprocess.Popen(
        ["sh", "-c", end], cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield stack
    finally:
        waits.communicate(timeout=120)


@contextlib.contextmanager
def tokens_of(stack: Stack) -> Iterator[None]:
    """Tokens issued in this process are good in that project: it signs as the office."""
    with pytest.MonkeyPatch.context() as patch:
        old = "COMPOSE_FILE" in stack.environment  # a release whose one key lay in a folder for all
        patch.setenv(
            "LAPAK_TOKEN_PRIVATE_KEY", stack.secret("common/token_private_key" if old else "office/private_key")
        )
        yield


@contextlib.contextmanager
def people_at_work(stack: Stack, *, registers: int = 4, seed: int = 1, older: bool = False) -> Iterator[People]:
    """Registers and a workshop, at work through the gateway; each repeats what is not answered.

    `older`: with the pages of the last release, which tell no clock but the one on the wall.
    """
    with tokens_of(stack):  # no longer than they are made: other tests have keys of their own
        people = People(stack.url, stock_the_shop(stack.url), register_residents(stack.url), registers, seed)
    for register in people.registers if older else ():
        register.clock = Clock()
    people.start()
    try:
        yield people
    finally:
        people.stop.set()
    people.finish()


def each_sale_moved_once(stack: Stack, people: People) -> None:
    """Every acknowledged sale is there, nothing else is, and each of its lines has moved once."""
    ids = {row[0] for row in stack.sql("sales", "SELECT id FROM sale WHERE register LIKE 'BENCH-%'")}
    assert people.acknowledged <= ids, "sales were lost"
    assert ids <= people.attempted, "sales that nobody made"
    lines = LINES * len(ids)
    moves = "SELECT count(*), count(DISTINCT line_id) FROM stock_move WHERE document_kind = 'sale' AND sku = 'BENCH-1'"
    until("each line has moved", lambda: stack.sql("inventory", moves) == [[str(lines), str(lines)]])


def each_sale_counts_once(stack: Stack, people: People) -> None:
    """As `each_sale_moved_once`; and the books agree."""
    each_sale_moved_once(stack, people)
    verified = stack.lapak("verify", check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def names(containers: Sequence[dict[str, Any]]) -> list[str]:
    """Their names."""
    return [str(one["Name"]).lstrip("/") for one in containers]
