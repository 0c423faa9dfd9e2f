"""The poisonous inventory as real processes that are started again when they die, and what feeds it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import redis
from sqlalchemy import text

from shared.clock import now
from shared.db import Database
from shared.events import Event
from shared.events.inventory import LotRecalled
from shared.events.sales import SaleRecorded
from shared.events.training import SkillGranted
from shared.local.children import child_setup
from shared.local.home import COMMAND_LINE, ROOT, free_port
from shared.messaging import publish
from shared.messaging.relay import Relay
from shared.redis_acl import unacked_key
from tests.integration.messaging.plane import sale
from tests.waiting import PATIENCE, until

#: Numbers of sales (`register_no`) that the poisonous handler cannot take, by how it fails.
RAISES, KILLS, STALLS, HANGS, WAITS_THEN_KILLS, CROWDS = range(9001, 9007)

GRANIAN = [str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--factory"]


class Kept:
    """A process that is started again when it dies, as a supervisor does; `deaths` are its exit codes."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.command, self.environment, self.log = command, environment, log
        self.deaths: list[int] = []
        self.stopping = threading.Event()
        self.process: subprocess.Popen[bytes] | None = None
        self.thread = threading.Thread(target=self._keep, daemon=True)
        self.thread.start()

    def _keep(self) -> None:
        with self.log.open("ab") as log:
            while not self.stopping.is_set():
                # By this thread, which lives as long as it: a child dies with the thread that started it.
                self.process = subprocess.Popen(
                    self.command,
                    cwd=ROOT,
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                    preexec_fn=child_setup(),  # noqa: PLW1509  (it takes no lock)
                )
                if self.stopping.is_set():
                    self.process.terminate()
                code = self.process.wait()
                if not self.stopping.is_set():
                    self.deaths.append(code)
                self.stopping.wait(0.2)

    def stop(self) -> None:
        """End it for good."""
        self.stopping.set()
        if self.process is not None:
            self.process.terminate()
        self.thread.join(timeout=PATIENCE)
        if self.thread.is_alive() and self.process is not None:
            self.process.kill()
            self.thread.join()


class Plant:
    """Sales and training announce; inventory is a web process, a worker and a courier."""

    def __init__(self, databases: Mapping[str, Database], redis_url: str, folder: Path, statement_seconds: int) -> None:
        self.databases, self.folder, self.redis = databases, folder, redis.Redis.from_url(redis_url)
        port = free_port()
        self.environment = {
            **os.environ,
            **{f"LAPAK_{name.upper()}_DATABASE_URL": database.url for name, database in databases.items()},
            **{f"LAPAK_{name.upper()}_URL": f"http://127.0.0.1:{port}/{name}" for name in databases},
            "LAPAK_STATEMENT_SECONDS": str(statement_seconds),
            "LAPAK_LOG_FORMAT": "text",
            "POISONOUS": str(folder),
        }
        self.health = f"http://127.0.0.1:{port}/inventory/healthz"
        self.relays = {name: Relay(name, databases[name]) for name in ("sales", "training")}
        self.kept: dict[str, Kept] = {}
        self.keep("web", [*GRANIAN, "--port", str(port), "tests.chaos.poisonous:create_web"])

    def keep(self, name: str, command: list[str]) -> None:
        """Start a process."""
        self.kept[name] = Kept(command, self.environment, self.folder / f"{name}.log")

    def start(self) -> None:
        """Start worker and courier, and wait until inventory follows both logs."""
        for relay in self.relays.values():
            relay.turn()  # meets its consumers
        self.until("web answers", self._answers)
        for name, place in (("worker", "celery"), ("courier", "consumer")):
            self.keep(name, [sys.executable, "-m", f"shared.messaging.{name}", f"tests.chaos.poisonous:{place}"])
        self.until("inventory follows", lambda: len(self.rows("SELECT DISTINCT source FROM cursor")) == 2)

    def stop(self) -> None:
        """End all processes."""
        for kept in self.kept.values():
            kept.stop()

    def _answers(self) -> bool:
        try:
            return httpx.get(self.health, trust_env=False, timeout=PATIENCE).status_code == 200
        except httpx.HTTPError:
            return False

    def until(self, what: str, condition: Callable[[], bool], patience: float = 2 * PATIENCE) -> None:
        """Wait for a condition; who waits in vain is told what the processes logged."""
        until(what, condition, patience, told=self.logs)

    def logs(self) -> str:
        """The end of each process's log."""
        return "\n".join(f"— {name}: {kept.deaths}\n{kept.log.read_text()[-3000:]}" for name, kept in self.kept.items())

    @property
    def deaths(self) -> list[int]:
        """How worker and courier have ended so far."""
        return [code for name in ("worker", "courier") for code in self.kept[name].deaths]

    # -- events ----------------------------------------------------------------------------------------------

    def announce(self, *numbers: int) -> list[UUID]:
        """Sales of these numbers, in one batch on the queue; their ids."""
        sales: list[SaleRecorded] = [sale(number) for number in numbers]
        self._publish("sales", *sales)
        return [one.sale_id for one in sales]

    def grant(self) -> UUID:
        """A skill, from training; the reference by which its effect is noted."""
        reference = uuid4()
        grant = SkillGranted(
            worker_ref="wabcdefg1", skill="BAKE", basis="certificate", reference=str(reference),
            valid_from=now().date(), valid_until=None, version=1,
        )  # fmt: skip
        self._publish("training", grant)
        return reference

    def recall(self) -> None:
        """An event of inventory's own."""
        event = LotRecalled(lot="AAAAABBBBB", sku="RTI-001", reason_code="dirty", recalled_at=now())
        with self.databases["inventory"].transaction() as session:
            publish(session, event)

    def _publish(self, service: str, *events: Event) -> None:
        with self.databases[service].transaction() as session:
            publish(session, *events)
        for _ in range(2):
            self.relays[service].turn()

    # -- what became of them ---------------------------------------------------------------------------------

    def rows(self, query: str) -> list[Any]:
        """Rows of inventory's database."""
        with self.databases["inventory"].transaction() as session:
            return list(session.execute(text(query)))

    def effects(self) -> Counter[UUID]:
        """How often each event took effect."""
        return Counter(row.sale_id for row in self.rows("SELECT sale_id FROM effect"))

    def letters(self) -> list[Any]:
        """The dead letters, with the number of their sale."""
        return self.rows("SELECT *, CAST(event -> 'data' ->> 'register_no' AS int) AS number FROM dead_letter")

    def restore_messages(self) -> None:
        """Messages that dead workers held come again now, not after the visibility timeout of a minute."""
        index = "lapak.inventory.unacked_index"
        tags: Any = self.redis.zrange(index, 0, -1)
        for tag in tags:
            self.redis.zadd(index, {tag: 0})
        self.until("held messages are done", lambda: not self.redis.hlen(unacked_key("inventory")))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line."""
        return subprocess.run(
            [*COMMAND_LINE, *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=2 * PATIENCE, check=False,
        )  # fmt: skip
