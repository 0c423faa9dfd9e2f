"""`lapak verify`: every unit and every rupiah can be proved. Exits 0 clean, 1 drift (naming the row), 3 not settled.

2: a database cannot be reached, nothing was compared. What it proves and what not: docs/decisions/0017.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from sqlalchemy.exc import OperationalError

from services.system.verify.marks import NoMark, read, write
from services.system.verify.proving import CLEAN, DRIFT, UNREACHABLE, UNSETTLED, open_databases, prove
from services.system.verify.report import Bar, show

__all__ = ["CLEAN", "DRIFT", "UNREACHABLE", "UNSETTLED", "command", "open_databases", "prove"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option("--wait", default=30.0, show_default=True, help="How long to wait for consumers that lag, in seconds.")
@click.option("--mark", "to", type=_FILE, help="When all is clean, write where the logs stand there, signed.")
@click.option("--since", "given", type=_FILE, help="Go on from a mark: prove what was posted since, and all sums.")
def command(wait: float, to: Path | None, given: Path | None) -> None:
    """Prove what was posted, recompute balances, compare the services.

    0 clean, 1 drift (names the row), 2 unreachable, 3 not settled: somebody lags or has halted, or a dead letter waits.
    """
    console = Console(soft_wrap=True)
    try:
        since = read(given) if given else None
        with open_databases() as databases, Bar() as bar:
            proof = prove(databases, seconds=wait, bar=bar, since=since)
    except NoMark as error:
        console.print(f"Nothing was compared: {error}.", markup=False)
        sys.exit(UNREACHABLE)
    except OperationalError as error:
        console.print(f"Nothing was compared, a database cannot be reached: {error.orig}", markup=False)
        sys.exit(UNREACHABLE)
    show(console, proof, wait)
    if to and proof.mark and proof.code == CLEAN:
        write(to, proof.mark)
        console.print(f"The mark of this state is in {to}. Keep it out of reach of the databases.", markup=False)
    sys.exit(proof.code)
