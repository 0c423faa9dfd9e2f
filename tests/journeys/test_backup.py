"""`lapak backup` and `lapak restore` on a whole system that works meanwhile: one service alone, and all three."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.jsontext import dumps, loads
from shared.local.running import running_system
from tests.benchmarks import load
from tests.chaos.accounting import settle
from tests.chaos.settling import each_sale_moved_once
from tests.journeys.test_restore import Shop
from tests.waiting import until

pytestmark = pytest.mark.journey

_REGISTERS = 4
_BATCH = 20  # sales in one request; a register may send 100


@pytest.fixture(scope="module")
def shop(keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A system with goods on the shelves, and one register that sells."""
    with running_system(tmp_path_factory.mktemp("backed-up")) as running:
        yield Shop(running)


def _back_up(shop: Shop, folder: Path) -> str:
    done = shop.running.run("backup", str(folder))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def _restore(shop: Shop, backup: str, *services: str) -> None:
    chosen = [word for service in services for word in ("--service", service)]
    done = shop.running.run("restore", backup, "--yes", *chosen)
    assert done.returncode == 0, done.stdout + done.stderr


def _verified(shop: Shop) -> str:
    done = shop.running.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _moved_once(shop: Shop) -> None:
    each_sale_moved_once(shop.running, [sale["id"] for sale in shop.sold])


def _settled(shop: Shop) -> None:
    """Everybody has received everything, and nobody is halted."""
    settle(shop.running)
    assert shop.halted() == set()


def test_sales_alone_goes_back_and_the_others_go_on(shop: Shop, tmp_path: Path) -> None:
    shop.sell(8)
    backup = _back_up(shop, tmp_path)
    shop.sell(7)
    settle(shop.running)  # the others hold what sales is about to lose
    lost = shop.sold[-7:]
    _restore(shop, backup, "sales")
    shop.sell(5)  # in the place of what was lost
    _settled(shop)
    assert shop.send(shop.sold) == {"recorded": len(lost), "duplicate": len(shop.sold) - len(lost)}
    _settled(shop)
    _moved_once(shop)


def test_inventory_alone_goes_back_and_catches_up_from_the_feeds(shop: Shop, tmp_path: Path) -> None:
    shop.product("EARLY-1")
    shop.sell(4)
    settle(shop.running)
    backup = _back_up(shop, tmp_path)
    shop.product("LOST-1")
    shop.sell(6)
    settle(shop.running)
    _restore(shop, backup, "inventory")
    shop.product("LATE-1")
    _settled(shop)
    missed = shop.running.run("verify")
    assert missed.returncode == 1, "sales knows a product of which inventory lost all trace"
    drift = [line for line in missed.stdout.splitlines() if line.startswith("DRIFT")]
    assert all("LOST-1" in line and "announced nothing" in line for line in drift), missed.stdout
    assert len(drift) == 2, missed.stdout
    shop.product("LOST-1")
    _settled(shop)
    _moved_once(shop)  # nobody sent a sale again
    products = "SELECT sku, version FROM product WHERE sku LIKE '%-1' ORDER BY sku"
    assert shop.read("sales", products) == shop.read("inventory", products)


class Register(threading.Thread):
    """A register that sells as fast as it can, and keeps what it sold."""

    def __init__(self, shop: Shop, number: int) -> None:
        super().__init__(daemon=True)
        self.till = load.Till(shop.running.url, number, shop.till.lot)
        self.sold: list[dict[str, Any]] = []
        self.enough = threading.Event()

    def run(self) -> None:
        """Sell, until it is enough."""
        while not self.enough.is_set():
            self.send([self.till.sale() for _ in range(_BATCH)])

    def send(self, sales: list[dict[str, Any]]) -> Counter[str]:
        """Send sales; what became of them."""
        self.sold += [sale for sale in sales if sale["register_no"] > self._last()]
        self.till.connection.request("POST", self.till.path, dumps({"sales": sales}).encode(), self.till.headers)
        answer = self.till.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return Counter(one["status"] for one in loads(text)["results"])

    def _last(self) -> int:
        return int(self.sold[-1]["register_no"]) if self.sold else 0


@contextmanager
def _selling(shop: Shop) -> Iterator[list[Register]]:
    """Several registers sell meanwhile."""
    registers = [Register(shop, number) for number in range(1, 1 + _REGISTERS)]
    for register in registers:
        register.start()
    try:
        until("all of them sell", lambda: all(register.sold for register in registers))
        yield registers
        sold = [len(register.sold) for register in registers]
        until("all of them sell on", lambda: all(len(r.sold) > n for r, n in zip(registers, sold, strict=True)))
    finally:
        for register in registers:
            register.enough.set()
        for register in registers:
            register.join()


def test_all_three_go_back_to_one_moment_in_the_middle_of_trade(shop: Shop, tmp_path: Path) -> None:
    with _selling(shop) as registers:
        backup = _back_up(shop, tmp_path)
    _restore(shop, backup)
    assert "Clean" in _verified(shop)  # before anything is sent again
    assert shop.halted() == set()
    moved = shop.read("inventory", "SELECT DISTINCT document_id FROM stock_move WHERE document_kind = 'sale'")
    assert set(moved) == set(shop.read("sales", "SELECT id FROM sale")), "what moved was not sold"

    sent: Counter[str] = Counter()
    for register in registers:
        register.till.connection.close()  # idle all the while: the server has closed its end, or will
        for start in range(0, len(register.sold), _BATCH):
            sent += register.send(register.sold[start : start + _BATCH])
        shop.sold += register.sold
    assert sent.keys() == {"recorded", "duplicate"}, "the backup was not in the middle"
    assert sum(sent.values()) == sum(len(register.sold) for register in registers)
    _moved_once(shop)
    assert shop.moves() == {1}
