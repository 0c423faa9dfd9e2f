"""How long `lapak verify` takes with so many sales (2.3 lines each), and how much of it is spent where.

The history is made by SQL in servers of its own: what would take days at the doors is there in minutes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from services.system.verify import proving
from services.system.verify.snapshots import Task, View
from shared.config import SERVICES
from shared.db import Database
from shared.local import cluster
from shared.local.provision import part, with_database
from shared.proof.sealing import seal_all

SALES = 1_000_000
_PART = 100_000  # sales made by one statement

_OUTLET, _AT = "'OUT-' || i % 4", "timestamptz '2026-01-01' + i * interval '30 seconds'"
_ID, _LINE_ID = "md5('sale' || i)::uuid", "md5('line' || i || '-' || k)::uuid"
_SKU, _LOT = "'SKU-' || (i * 7 + k) % 30", "'LOT-' || (i * 7 + k) % 30 || '-' || i / 50000"
_LINES = "generate_series(1, CASE WHEN i % 10 < 3 THEN 1 WHEN i % 10 < 4 THEN 2 ELSE 3 END) AS k"
_FROM = "generate_series(:lo, :hi) AS i"
_TOTAL = f"(SELECT sum(5000 * k) FROM {_LINES})"

_IN_SALES = (
    f"""INSERT INTO sale (id, register, outlet, register_no, shift_id, sold_at, received_at, effective_at, business_day,
                          total, sums_ok, content_hash)
        SELECT {_ID}, 'REG-' || i % 8, {_OUTLET}, i / 8 + 1, md5('shift' || i / 800)::uuid, {_AT}, {_AT}, {_AT},
               ({_AT})::date, {_TOTAL}, true, sha256(i::text::bytea) FROM {_FROM}""",
    f"""INSERT INTO sale_line (sale_id, id, sku, lot, quantity, unit_price, discount, amount)
        SELECT {_ID}, {_LINE_ID}, {_SKU}, {_LOT}, k, 5000, 0, 5000 * k FROM {_FROM}, {_LINES}""",
    f"""INSERT INTO payment (sale_id, id, shift_id, kind, amount)
        SELECT {_ID}, md5('paid' || i)::uuid, md5('shift' || i / 800)::uuid, 'cash', {_TOTAL} FROM {_FROM}""",
    f"""INSERT INTO event_log (seq, event_id, type, subject, time, traceparent, data)
        SELECT i, md5('event' || i)::uuid, 'lapak.sales.SaleRecorded.v1', {_ID}, {_AT}, repeat('0', 55),
               jsonb_build_object('sale_id', {_ID}, 'outlet', {_OUTLET}, 'register', 'REG-' || i % 8,
                   'register_no', i / 8 + 1, 'sold_at', {_AT}, 'total', {_TOTAL}, 'lines', (
                   SELECT jsonb_agg(jsonb_build_object('line_id', {_LINE_ID}, 'sku', {_SKU}, 'lot', {_LOT},
                       'quantity', k, 'unit_price', 5000, 'discount', 0, 'amount', 5000 * k)) FROM {_LINES}))
          FROM {_FROM}""",
)
_IN_INVENTORY = f"""
    INSERT INTO stock_move (document_kind, document_id, line_id, lot, leg, source, target, sku, quantity, moved_at)
    SELECT 'sale', {_ID}, {_LINE_ID}, {_LOT}, 0, 'outlet/' || {_OUTLET}, 'customer', {_SKU}, k, {_AT}
      FROM {_FROM}, {_LINES}
"""
_BALANCES = """
    INSERT INTO stock_balance (location, sku, lot, on_hand)
    SELECT place, sku, lot, sum(delta) FROM (
        SELECT source AS place, sku, lot, -quantity AS delta FROM stock_move
        UNION ALL SELECT target, sku, lot, quantity FROM stock_move) AS ends GROUP BY 1, 2, 3
"""
_SHELVES = """
    INSERT INTO outlet_stock (outlet, sku, lot, on_hand)
    SELECT s.outlet, l.sku, l.lot, -sum(l.quantity) FROM sale s JOIN sale_line l ON l.sale_id = s.id GROUP BY 1, 2, 3
"""
_NUMBERS = """
    INSERT INTO register_numbers (register, seen, received)
    SELECT register, range_agg(int8range(register_no, register_no + 1)), count(*) FROM sale GROUP BY register
"""
_RECEIVED = """
    INSERT INTO cursor (source, epoch, types, got)
    VALUES ('sales', %(epoch)s, %(types)s, int8multirange(int8range(1, %(end)s)));
"""


@dataclass
class Clock:
    """Seconds by check, and the bar that nobody sees."""

    spent: Counter[str] = field(default_factory=Counter)

    def begin(self, steps: int) -> None:
        """Nothing."""

    def step(self) -> None:
        """Nothing."""

    def timed(self, task: Task) -> Task:
        """The task, with its time noted under the name of its check."""

        def run(view: View) -> Any:
            began = time.monotonic()
            check = task(view)
            self.spent[check.name] += time.monotonic() - began  # type: ignore[assignment]
            return check

        return run


def run(console: Console, sales: int = SALES) -> None:
    """Make the history, verify it, say how long each took."""
    with TemporaryDirectory(prefix="lapak-proof-") as folder, ExitStack() as stack:
        servers = stack.enter_context(cluster.start_servers(Path(folder)))
        urls = {name: stack.enter_context(cluster.service_database(servers, name)) for name in SERVICES}
        databases = {
            name: Database(urls[name].app, pool_size=6, options=proving.PATIENT, application_name="lapak bench")
            for name in SERVICES
        }
        for database in databases.values():
            stack.callback(database.dispose)
        made = _took(lambda: _make(servers, urls, databases, sales))
        sealed = _took(lambda: seal_all(databases["sales"])) + _took(lambda: seal_all(databases["inventory"]))
        clock, tasks = Clock(), proving.tasks
        proving.tasks = lambda *given: [clock.timed(task) for task in tasks(*given)]
        try:
            began = time.monotonic()
            proof = proving.prove(databases, bar=clock)
            seconds = time.monotonic() - began
        finally:
            proving.tasks = tasks
    drift = [line for check in proof.checks for line in check.drift]
    console.print(
        f"{sales:,} sales made in {made:.0f} s, sealed in {sealed:.0f} s ({sealed / sales * 1e6:.0f} µs a sale)"
    )
    _show(console, clock, seconds)
    assert proof.code == 0, (proof.lagging, drift[:5])


def _took(do: Callable[[], Any]) -> float:
    began = time.monotonic()
    do()
    return time.monotonic() - began


def _make(servers: cluster.Servers, urls: dict[str, Any], databases: dict[str, Database], sales: int) -> None:
    with databases["sales"].transaction() as session:
        epoch = session.execute(text("SELECT epoch FROM stream")).scalar_one()
    at = {name: with_database(servers.postgres_url, part(urls[name].app, "dbname")) for name in SERVICES}
    with psycopg.connect(at["sales"]) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in _IN_SALES:
            _by_parts(connection, statement, sales)
        connection.execute(_SHELVES)
        connection.execute(_NUMBERS)
        connection.execute("UPDATE stream SET last_seq = %s", [sales])
    with psycopg.connect(at["inventory"]) as connection:
        connection.execute("SET session_replication_role = replica")
        _by_parts(connection, _IN_INVENTORY, sales)
        connection.execute(_BALANCES)
        types = ["lapak.sales.SaleRecorded.v1"]
        connection.execute(_RECEIVED, {"epoch": epoch, "types": types, "end": sales + 1})
        connection.execute("INSERT INTO source_state (source, epoch) VALUES ('sales', %s)", [epoch])
        connection.execute("SET session_replication_role = DEFAULT")
        connection.execute(
            "SELECT watch(table_name, keeps, key, view, event) FROM watched WHERE table_name = 'stock_move'"
        )
    with psycopg.connect(at["training"]) as connection:
        connection.execute(_RECEIVED, {"epoch": epoch, "types": ["-"], "end": sales + 1})
        connection.execute("INSERT INTO source_state (source, epoch) VALUES ('sales', %s)", [epoch])
    for url in at.values():
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def _by_parts(connection: psycopg.Connection[Any], statement: str, sales: int) -> None:
    for lo in range(1, sales + 1, _PART):
        connection.execute(statement.replace(":lo", str(lo)).replace(":hi", str(min(lo + _PART - 1, sales))).encode())


def _show(console: Console, clock: Clock, seconds: float) -> None:
    table = Table(title=f"lapak verify: {seconds:.1f} s on two connections", title_justify="left")
    table.add_column("check")
    table.add_column("seconds", justify="right")
    for name, spent in clock.spent.most_common(14):
        table.add_row(name, f"{spent:.1f}")
    console.print(table)
