"""What is done in a city with a past: each step with how often it is measured."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import psycopg
from uuid_utils.compat import uuid7

from services.system.demo.api import Person, until
from shared.clock import business_day, now
from shared.jsontext import instant
from shared.local.running import Running

#: Goods that the other tills sell: none of those whose price or lot the steps change.
PRODUCTS = (18, 19)

#: A step tells its milliseconds itself, or nothing: then it is timed from outside.
Step = Callable[[], float | None]


class HistoricTill:
    """A register of the history goes on selling: goods without a lot of the history's, at the right price."""

    def __init__(self, url: str, number: int, first: int, products: tuple[int, int] = PRODUCTS) -> None:
        self.products = products
        self.code, self.outlet, self.numbers = f"KASIR-{number}", f"KEDAI-{number}", itertools.count(first)
        self.device = Person(url, "register", {"outlet": self.outlet, "register": self.code})
        self.shift = str(uuid7())
        opened = {"register": self.code, "opened_at": instant(now()), "opening_float": 0, "cashier": "kasir-1"}
        self.device.put(f"/sales/v1/shifts/{self.shift}", opened)

    def post(self, size: int) -> None:
        """Post so many sales of two lines in one batch."""
        answer = self.device.post(
            f"/sales/v1/registers/{self.code}/sales", {"sales": [self._sale() for _ in range(size)]}
        )
        assert all(one["status"] == "recorded" for one in answer["results"]), answer

    def _sale(self) -> dict[str, Any]:
        line = {"lot": None, "quantity": 1, "discount": 0}
        lines = [
            line | {"id": str(uuid7()), "sku": f"BARANG-{k}", "unit_price": 1000 * (1 + k), "amount": 1000 * (1 + k)}
            for k in self.products
        ]
        total = sum(int(str(line["amount"])) for line in lines)
        cash = {"id": str(uuid7()), "kind": "cash", "amount": total, "reference": None}
        sale = {"id": str(uuid7()), "register_no": next(self.numbers), "shift_id": self.shift}
        return sale | {"sold_at": instant(now()), "lines": lines, "payments": [cash], "total": total}


def _get(person: Person, path: str) -> Any:
    """With its query as an argument of its own: httpx forgets the one in the path."""
    where, _, query = path.partition("?")
    return person.get(where, **dict(parse_qsl(query)))


class City:
    """The people of a system with a past, and what they do."""

    def __init__(self, system: Running) -> None:
        url = system.url
        self.sales = system.database_url("sales", owner=True)
        self.inventory = system.database_url("inventory", owner=True)
        self.city, self.staff = Person(url, "city"), Person(url, "staff")
        self.manager = Person(url, "outlet", {"outlet": "KEDAI-0"})
        self.feed = Person(url, "service", {"service": "inventory"})
        self.till = HistoricTill(url, 0, self.next_number(0))
        self.count = itertools.count()
        self.open = self._rows(
            "SELECT id, sku FROM work_item WHERE code = 'lot-missing' AND closed_at IS NULL LIMIT 100"
        )
        self.lots = [row[0] for row in self._rows("SELECT code FROM lot ORDER BY code LIMIT 100")]
        self.head = self._rows("SELECT last_seq FROM stream")[0][0]

    def next_number(self, register: int) -> int:
        """The number of the next receipt of one of the history's registers."""
        found = self._rows(f"SELECT coalesce(max(register_no), 0) FROM sale WHERE register = 'KASIR-{register}'")
        return int(found[0][0]) + 1

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.sales) as connection:
            return connection.execute(statement).fetchall()

    def steps(self) -> dict[str, tuple[Step, int]]:
        """Name → (step, how often). A page is as long as the shortest past can fill it."""
        look, report = self._look, self._report
        return {
            "post one": (lambda: self.till.post(1), 40),
            "post 100": (lambda: self.till.post(100), 8),
            "assign a lot": (self._assign, 10),
            "a price from now on": (lambda: self._price(timedelta()), 10),
            "a price set back two days": (lambda: self._price(timedelta(days=2)), 10),
            "  until all is judged": (self._price_settled, 5),
            "a recall, until all is judged": (self._recall, 10),
            "a list price, until sales know": (self._list_price, 10),
            "sales of a register": (look("/sales/v1/sales?register=KASIR-0"), 10),
            "open work items of one code": (look("/sales/v1/work-items?state=open&code=price-differs&limit=2"), 10),
            "work items of a code that there is not": (look("/sales/v1/work-items?code=refund-exceeds-sale"), 10),
            "shifts of a register": (look("/sales/v1/shifts?register=KASIR-0&limit=3"), 10),
            "returns that wait": (look("/sales/v1/returns?status=exceeds&register=KASIR-0"), 10),
            "moves of a place where nothing happens": (look("/inventory/v1/moves?location=scrap"), 10),
            "moves of a lot": (look(f"/inventory/v1/moves?lot={self.lots[0]}"), 10),
            "stock of a lot": (look(f"/inventory/v1/stock?lot={self.lots[0]}"), 10),
            "trace of a lot": (look(f"/inventory/v1/lots/{self.lots[0]}/trace"), 10),
            "catalogue of an outlet": (self._catalogue, 5),
            "sync": (lambda: self._none(self.till.device.get("/sales/v1/registers/KASIR-0/sync")), 10),
            "a page of the feed": (self._feed, 10),
            "report of three days, by workshop": (report("workshop", 3), 5),
            "report of a year, by day": (report("day", 366), 1),
            "report of a year, by product": (report("sku", 366), 1),
        }

    def _none(self, _: Any) -> None:
        return None

    def _look(self, path: str) -> Step:
        person = self.staff if path.startswith("/inventory") else self.city
        return lambda: self._none(_get(person, path))

    def _report(self, group: str, days: int) -> Step:
        today = business_day(now())
        path = f"/sales/v1/reports/sales?from={today - timedelta(days=days)}&to={today}&group={group}"
        return lambda: self._none(_get(self.city, path))

    def _catalogue(self) -> None:
        self.till.device.get("/sales/v1/catalogue", outlet="KEDAI-0")

    def _feed(self) -> None:
        self.feed.get("/sales/events", after=self.head - 250, limit=250)

    def _assign(self) -> None:
        item, sku = self.open[next(self.count) % len(self.open)]
        self.city.post(f"/sales/v1/work-items/{item}/resolution", {"lot": f"{sku}-0"})

    def _price(self, back: timedelta) -> None:
        number = next(self.count)
        body = {"price": 10_000 + number, "valid_from": instant(now() - back)}
        self.city.put(f"/sales/v1/prices/BARANG-{number % 15}", body)

    def _price_settled(self) -> float:
        self._price(timedelta(days=2))
        return self.settled()

    def settled(self, seconds: float = 600) -> float:
        """Wait until all is judged that has to be judged anew."""
        with psycopg.connect(self.sales, autocommit=True) as connection:
            left = "SELECT 1 FROM reconsideration LIMIT 1"
            return until("all is judged", lambda: connection.execute(left).fetchone() is None, seconds=seconds)

    def _heard(self, statement: str) -> float:
        with psycopg.connect(self.sales, autocommit=True) as connection:
            return until("sales hear", lambda: connection.execute(statement).fetchone() is not None, seconds=600)

    def _recall(self) -> float:
        lot = self.lots[next(self.count) % len(self.lots)]
        self.staff.post(f"/inventory/v1/lots/{lot}/recall", {"reason_code": "bench"})
        return self._heard(f"SELECT 1 FROM lot_recall WHERE lot = '{lot}'") + self.settled()

    def _list_price(self) -> float:
        number = next(self.count)
        sku, price = f"BARANG-{150 + number % 20}", 20_000 + number
        told = self.staff.get(f"/inventory/v1/products/{sku}")
        body = {key: value for key, value in told.items() if key not in {"sku", "version", "materials", "care"}}
        self.staff.put(f"/inventory/v1/products/{sku}", body | {"list_price": price})
        return self._heard(f"SELECT 1 FROM product WHERE sku = '{sku}' AND list_price = {price}")
