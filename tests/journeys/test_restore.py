"""A service restored from an older backup: the alarm, and the runbook's own commands, on a whole system."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql
from uuid_utils.compat import uuid7

from services.system.demo.api import Person
from shared.clock import business_day, now
from shared.local.home import ROOT
from shared.local.running import Running, running_system
from tests.benchmarks import load
from tests.chaos.accounting import settle
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def shop(keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A system with goods on the shelves, and one register that sells."""
    with running_system(tmp_path_factory.mktemp("restored")) as running:
        yield Shop(running)


class Shop:
    """A running system and those who work with it; `sold` are the register's sales, which it keeps."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.till = load.Till(running.url, 0, load.stock_the_shop(running.url))
        self.staff, self.instructor = Person(running.url, "staff"), Person(running.url, "instructor")
        self.device = Person(running.url, "register", {"outlet": load.outlet_of(0), "register": "BENCH-0"})
        self.sold: list[dict[str, Any]] = []

    def sell(self, count: int) -> None:
        """The register sells, online."""
        self.send([self.till.sale() for _ in range(count)])

    def send(self, sales: list[dict[str, Any]]) -> Counter[str]:
        """Send sales, once more for all that is known; what became of them."""
        self.sold += [sale for sale in sales if sale not in self.sold]
        answers = self.device.post("/sales/v1/registers/BENCH-0/sales", {"sales": sales})["results"]
        return Counter(answer["status"] for answer in answers)

    def product(self, sku: str) -> None:
        """A product as staff put it; putting it again is no change."""
        body: dict[str, Any] = {"name": {"id": sku, "en": sku}, "workshop": load.WORKSHOP, "category": "bench"}
        body |= {"unit": "buah", "required_skill": load.SKILL, "list_price": 1000, "material_cost": 0}
        self.staff.put(f"/inventory/v1/products/{sku}", body | {"shelf_life_days": None, "active": True})

    def certify(self) -> None:
        """Training announces a skill."""
        ref = self.instructor.post("/training/v1/residents", {"name": "Bench"})["worker_ref"]
        body = {"worker_ref": ref, "skill": "bench", "kind": "competency", "number": ref, "issuer": "Bench"}
        day = business_day(now()).isoformat()
        self.instructor.put(f"/training/v1/certificates/{uuid7()}", body | {"valid_from": day, "valid_until": None})

    def read(self, service: str, query: str) -> list[Any]:
        """Rows of a service's database."""
        with psycopg.connect(self.running.database_url(service, owner=True)) as connection:
            return connection.execute(query.encode()).fetchall()

    def halted(self) -> set[tuple[str, str]]:
        """(consumer, source) by the alarm's own gauge."""
        found = set()
        for consumer in ("training", "inventory", "sales"):
            text = httpx.get(f"{self.running.url}/{consumer}/metrics", trust_env=False, timeout=PATIENCE).text
            gauges = re.findall(r'lapak_halted\{service="\w+",source="(\w+)"\} 1\.0', text)
            found |= {(consumer, source) for source in gauges}
        return found

    def moves(self) -> set[int]:
        """How often each line of a kept sale has moved."""
        rows = self.read("inventory", "SELECT line_id::text FROM stock_move WHERE document_kind = 'sale'")
        count = Counter(row[0] for row in rows)
        return {count[line["id"]] for sale in self.sold for line in sale["lines"]}

    @contextmanager
    def _alone_with(self, service: str) -> Iterator[tuple[psycopg.Connection[Any], dict[str, sql.Identifier]]]:
        """The server's administrator; nobody is connected to the service's database, nor can be."""
        url = urlsplit(self.running.database_url(service, owner=True))
        names = {"d": url.path.lstrip("/"), "b": f"backup_{service}", "o": url.username or ""}
        quoted = {name: sql.Identifier(value) for name, value in names.items()}
        with psycopg.connect(self.running.environment["LAPAK_POSTGRES_ADMIN_URL"], autocommit=True) as admin:
            admin.execute(sql.SQL("ALTER DATABASE {d} ALLOW_CONNECTIONS false").format(**quoted))
            end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
            admin.execute(end, [names["d"]])
            yield admin, quoted

    def back_up(self, service: str) -> datetime:
        """Copy a service's database; when."""
        moment = now()
        with self._alone_with(service) as (admin, names):
            admin.execute(sql.SQL("CREATE DATABASE {b} OWNER {o} TEMPLATE {d}").format(**names))
            admin.execute(sql.SQL("ALTER DATABASE {d} ALLOW_CONNECTIONS true").format(**names))
        return moment

    def restore(self, service: str) -> None:
        """Put the copy in place of the database; the processes of the service meet it without being told."""
        with self._alone_with(service) as (admin, names):
            admin.execute(sql.SQL("DROP DATABASE {d}").format(**names))
            admin.execute(sql.SQL("ALTER DATABASE {b} RENAME TO {d}").format(**names))
        ready = f"{self.running.url}/{service}/readyz"
        until("the service is back", lambda: httpx.get(ready, trust_env=False, timeout=PATIENCE).status_code == 200)

    def runbook(self, service: str, moment: datetime) -> Iterator[str]:
        """Run the commands of "After a restore" in turn; what each one printed. Each must exit 0."""
        text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        section = text[text.index("### After a restore") :]
        block = section[section.index("```sh") + 5 : section.index("```\n", section.index("```sh") + 5)]
        for line in block.strip().splitlines():
            words = shlex.split(line, comments=True)
            assert words.pop(0) == "./lapak"
            given = {"SERVICE": service, "TIME": moment.isoformat()}
            done = self.running.run(*(given.get(word, word) for word in words))
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            yield done.stdout


def _statuses(shop: Shop) -> str:
    return shop.running.run("events", "status", "--once").stdout


def test_sales_restored(shop: Shop) -> None:
    shop.sell(8)
    settle(shop.running)
    moment = shop.back_up("sales")
    shop.sell(7)
    settle(shop.running)
    lost = shop.sold[-7:]

    shop.restore("sales")
    shop.sell(5)  # nobody has noticed anything yet
    until("the alarm", lambda: shop.halted() == {("inventory", "sales"), ("training", "sales")})
    assert "See 'Consumer halted' in docs/operations.md" in _statuses(shop)
    granted = "SELECT count(*) FROM skill_grant"
    before = shop.read("inventory", granted)
    shop.certify()
    until("another source goes on", lambda: shop.read("inventory", granted) != before)

    commands = shop.runbook("sales", moment)
    assert "go on by themselves" in next(commands)
    until("nobody is halted", lambda: not shop.halted())
    assert shop.send(shop.sold) == {"recorded": len(lost), "duplicate": len(shop.sold) - len(lost)}
    settle(shop.running)
    assert "halted:" not in next(commands)
    assert "Clean" in next(commands)
    assert shop.moves() == {1}


def test_inventory_restored(shop: Shop) -> None:
    shop.product("EARLY-1")
    shop.sell(4)
    settle(shop.running)
    moment = shop.back_up("inventory")
    shop.product("LOST-1")
    shop.sell(6)  # inventory has received these, and will know nothing of it
    settle(shop.running)

    shop.restore("inventory")
    shop.product("LATE-1")
    until("the alarm", lambda: shop.halted() == {("sales", "inventory"), ("training", "inventory")})
    shop.sell(3)
    received = "SELECT count(DISTINCT document_id) FROM stock_move WHERE document_kind = 'sale'"
    everything = [(len(shop.read("sales", "SELECT id FROM sale")),)]
    until("as a consumer it catches up", lambda: shop.read("inventory", received) == everything)

    commands = shop.runbook("inventory", moment)
    assert "go on by themselves" in next(commands)
    until("nobody is halted", lambda: not shop.halted())
    shop.product("LOST-1")
    settle(shop.running)
    assert "halted:" not in next(commands)
    assert "Clean" in next(commands)
    assert shop.moves() == {1}
    products = "SELECT sku, version FROM product WHERE sku LIKE '%-1' ORDER BY sku"
    assert shop.read("sales", products) == shop.read("inventory", products)
    states = json.loads(shop.running.run("events", "status", "--json").stdout)
    assert all(not source["halted"] for one in states for source in one["sources"])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nowhere",), "Invalid value"),
        (("sales", "--as-of", "yesterday"), "is no time"),
        (("sales", "--as-of", "2026-03-02T04.30+08:00"), "is no time"),
        (("sales", "--as-of", "2026-03-02T04:00:00"), "has no offset"),
        (("sales", "--as-of", "2999-01-01T00:00:00Z"), "still to come"),
        (("sales",), "its courier runs"),
    ],
)
def test_a_new_epoch_refuses_nonsense(shop: Shop, arguments: tuple[str, ...], complaint: str) -> None:
    before = shop.read("sales", "SELECT epoch FROM stream")
    done = shop.running.run("events", "new-epoch", *arguments)
    assert done.returncode in {1, 2}
    assert complaint in done.stderr
    assert shop.read("sales", "SELECT epoch FROM stream") == before
