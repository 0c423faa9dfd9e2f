"""`lapak verify`: every unit and every rupiah can be proved. Exits 0 clean, 1 drift (naming the row), 3 lagging.

2: a database cannot be reached, nothing was compared.
"""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError

from services.system.verify.between import check_between
from services.system.verify.findings import Check
from services.system.verify.heads import capture, set_aside, wait_for_all
from services.system.verify.ledger import check_ledgers
from shared import config
from shared.config import SERVICES
from shared.db import Database

CLEAN, DRIFT, UNREACHABLE, LAGGING = 0, 1, 2, 3
_SHOWN = 20  # rows named of one check


def prove(databases: dict[str, Database], *, seconds: float = 30.0) -> tuple[int, list[Check], list[str]]:
    """(exit code, checks, who lags). Captures the heads, waits for the cursors, compares up to them."""
    heads = capture(databases)
    lagging = wait_for_all(databases, heads, seconds=seconds)
    if lagging:
        return LAGGING, [], lagging
    checks = [*check_ledgers(databases), *check_between(databases, heads, set_aside(databases))]
    return (DRIFT if any(check.drift for check in checks) else CLEAN), checks, []


def _table(checks: list[Check]) -> Table:
    table = Table(title="Verified", title_justify="left")
    table.add_column("check", overflow="fold")
    for name in ("compared", "drift", "explained"):
        table.add_column(name, justify="right")
    for check in checks:
        drift = f"[red]{len(check.drift)}[/red]" if check.drift else "0"
        table.add_row(check.name, f"{check.compared:,}", drift, str(len(check.explained)))
    return table


@click.command()
@click.option("--wait", default=30.0, show_default=True, help="How long to wait for consumers that lag, in seconds.")
def command(wait: float) -> None:
    """Recompute balances and compare the three services. 0 clean, 1 drift (names the row), 2 unreachable, 3 lagging."""
    console = Console(soft_wrap=True)
    url = "LAPAK_{SERVICE}_DATABASE_URL"
    databases = {
        name: Database(config.get(url, name), pool_size=2, application_name="lapak verify", options=_PATIENT)
        for name in SERVICES
    }
    try:
        code, checks, lagging = prove(databases, seconds=wait)
    except OperationalError as error:
        console.print(f"Nothing was compared, a database cannot be reached: {error.orig}", markup=False)
        sys.exit(UNREACHABLE)
    finally:
        for database in databases.values():
            database.dispose()
    if lagging:
        console.print(f"[yellow]Lagging[/yellow] after {wait:.0f} s; nothing was compared:")
        for line in lagging:
            console.print(f"  {line}", markup=False)
        sys.exit(code)
    console.print(_table(checks))
    for check in checks:
        for kind, rows in (("DRIFT", check.drift), ("explained", check.explained)):
            for row in rows[:_SHOWN]:
                console.print(f"{kind}: {check.name}: {row}", markup=False)
            if len(rows) > _SHOWN:
                console.print(f"{kind}: {check.name}: … and {len(rows) - _SHOWN} more", markup=False)
    console.print("Clean: every unit and every rupiah is accounted for." if code == CLEAN else "There is drift.")
    sys.exit(code)


#: A big ledger is summed in one statement, and compared while its transaction waits.
_PATIENT = "-c statement_timeout=300s -c idle_in_transaction_session_timeout=0"
