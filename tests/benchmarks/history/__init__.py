"""A year of a city's trade (or less of it), written into the databases by SQL, as registers would have made it.

A process, a test or a benchmark that wants a large past writes one with `write`; what comes after is posted as always.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from shared.events.subscribers import consumers_of, subscription
from shared.local.running import Running, frozen

_FOLDER = Path(__file__).parent
PRODUCTS = 200


def write(url: str, service: str, *, sales: int, until: datetime, log: bool = True, products: int = PRODUCTS) -> None:
    """Write so many sales, the last at `until`, into the service's database, by its owner or (faster) a superuser.

    `products`: of how many something was sold. `log=False` leaves out the event log, which takes as long as all else.
    """
    parts = ["drawn", service, *([f"{service}_log"] if log and (_FOLDER / f"{service}_log.sql").exists() else [])]
    with psycopg.connect(url) as connection:
        connection.execute("SELECT set_config('history.sales', %s, false)", [str(sales)])
        connection.execute("SELECT set_config('history.until', %s, false)", [until.isoformat()])
        connection.execute("SELECT set_config('history.products', %s, false)", [str(products)])
        connection.execute("SET synchronous_commit = off; SET work_mem = '64MB'; SET maintenance_work_mem = '128MB'")
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = current_user AND rolsuper").fetchone():
            connection.execute("SET session_replication_role = replica")  # foreign keys need not be looked at
        for part in parts:
            connection.execute((_FOLDER / f"{part}.sql").read_text(encoding="utf-8"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def write_into(system: Running, *, sales: int, products: int = PRODUCTS) -> None:
    """Write so many sales into a fresh running system, as if all of their events had long been received."""
    until = datetime.now(UTC)
    still = ("sales-courier", "inventory-courier", "training-courier", "inventory-worker", "training-worker")
    with frozen(*(system.pid(name) for name in still)):
        for service in ("sales", "inventory"):
            write(system.database_url(service, owner=True), service, sales=sales, until=until, products=products)
        with psycopg.connect(system.database_url("sales", owner=True)) as connection:
            log = connection.execute(_LOG).fetchone()
            connection.execute("UPDATE delivery SET published_seq = (SELECT last_seq FROM stream)")
        for consumer in consumers_of("sales"):
            _catch_up(system.database_url(consumer, owner=True), consumer, log)


_LOG = "SELECT epoch, last_seq, (SELECT event_id FROM event_log WHERE seq = last_seq) FROM stream"


def _catch_up(url: str, consumer: str, log: Any) -> None:
    epoch, last_seq, last_id = log
    received = """
        INSERT INTO cursor (source, epoch, types, got, last_seq, last_id)
        VALUES ('sales', %(epoch)s, %(types)s, int8multirange(int8range(1, %(last)s + 1)), %(last)s, %(id)s)
    """
    values = {"epoch": epoch, "types": list(subscription(consumer, "sales")), "last": last_seq, "id": last_id}
    with psycopg.connect(url) as connection:
        begun = "DELETE FROM cursor WHERE source = 'sales' AND epoch = %(epoch)s AND types = %(types)s"
        connection.execute(begun, values)
        connection.execute(received, values)
        connection.execute(
            """INSERT INTO source_state (source, epoch, head) VALUES ('sales', %(epoch)s, %(last)s)
               ON CONFLICT (source) DO UPDATE SET epoch = excluded.epoch, head = excluded.head""",
            values,
        )
