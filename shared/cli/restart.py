"""`lapak restart`: one process after the other, each only when the one before it is ready again."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import click
import psutil

from shared.local import state
from shared.local.home import Home, LocalError, default_home

#: Seconds until a process must be ready again; a start takes one to three, on a busy machine ten.
PATIENCE = 60.0
#: They hold what the others need: restarted only when named.
SERVERS = frozenset({"postgres", "redis"})
Row = dict[str, Any]


class NotBack(Exception):
    """A process did not come back; the message says where to look."""


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]…")
def restart(names: tuple[str, ...]) -> None:
    """Restart the processes that run here, one by one, without a pause for those who use them.

    Without names: all but postgres and redis. They get the code as it now is; settings stay those of `lapak up`.
    """
    home = default_home()
    if not (state.is_held(home) and state.load(home).get("ready")):
        raise LocalError("Lapak does not run here, or is not ready; ./lapak status")
    known = [row["name"] for row in state.load(home)["processes"] if not row["once"]]
    if unknown := [name for name in names if name not in known]:
        raise LocalError(f"no process {', '.join(unknown)}; there are {', '.join(known)}")
    for name in [n for n in known if (n in names if names else n not in SERVERS)]:
        began = time.monotonic()
        click.echo(f"{name:18} ", nl=False)
        try:
            _restart(home, _row(home, name))
        except NotBack as error:
            click.secho(str(error), fg="red")
            sys.exit(1)
        click.echo(f"ready after {time.monotonic() - began:.1f} s")


def _row(home: Home, name: str) -> Row:
    found: Row = next((row for row in state.load(home).get("processes", []) if row["name"] == name), {})
    return found


def _restart(home: Home, row: Row) -> None:
    """Raises NotBack when it is not ready again after a minute, or the supervisor ends meanwhile."""
    reloads = row["reload_signal"] is not None
    workers = _workers(row["pid"]) if reloads else set()
    if row["pid"] is not None:
        try:
            os.kill(row["pid"], row["reload_signal"] if reloads else row["stop_signal"])
        except ProcessLookupError:
            reloads = False  # it has just ended by itself, and is being started
    deadline = time.monotonic() + PATIENCE
    while not _is_back(_row(home, row["name"]), row["pid"], workers, reloads=reloads):
        if not state.is_held(home) or time.monotonic() > deadline:
            raise NotBack(f"is not back after {PATIENCE:.0f} s; see {home.logs / row['name']}.log")
        time.sleep(0.05)


def _is_back(row: Row, before: int | None, workers: set[int], *, reloads: bool) -> bool:
    if row.get("state") != "ready":
        return False
    if not reloads:
        return bool(row["pid"] != before)
    now = _workers(row["pid"])
    return len(now) >= len(workers) and not now & workers


def _workers(process: int | None) -> set[int]:
    """The ids of a server's workers."""
    try:
        children = psutil.Process(process).children() if process else []
        return {child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE}
    except psutil.NoSuchProcess:
        return set()
