"""`lapak status`: what runs here."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

import click
import psutil
from rich.console import Console
from rich.table import Table

from shared.local import state
from shared.local.home import default_home

NOT_ALL_UP = 3


def memory(process: int) -> int:
    """Proportional memory (PSS) of a process and all of its descendants, in bytes."""
    try:
        family = [psutil.Process(process), *psutil.Process(process).children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(_pss(member.pid) for member in family)


def _pss(process: int) -> int:
    try:
        found = re.search(
            r"^Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii"), re.MULTILINE
        )
        return int(found[1]) * 1024 if found else 0
    except OSError:  # gone, or not Linux
        try:
            return int(psutil.Process(process).memory_info().rss)
        except psutil.Error:
            return 0


def _age(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _row(process: dict[str, Any], ports: dict[str, int]) -> tuple[list[str], int]:
    used = memory(process["pid"]) if process["pid"] else 0
    colour = {"ready": "green", "done": "green"}.get(process["state"], "red")
    cells = [
        process["name"],
        str(process["pid"] or ""),
        f"[{colour}]{process['state']}[/]",
        str(process["restarts"]),
        _age(time.time() - process["since"]) if process["pid"] else "",
        f"{used / 2**20:.0f}" if used else "",
        str(ports.get(process["name"], "")),
    ]
    return cells, used


@click.command()
def status() -> None:
    """Processes, memory, addresses. Exit 0 when all is up, 3 when not."""
    home = default_home()
    found = state.load(home)
    if not state.is_held(home) or not state.is_alive(home):
        click.echo(f"Lapak does not run in {home.root}")
        sys.exit(NOT_ALL_UP)
    table = Table(box=None, header_style="bold")
    for name in ("process", "pid", "state", "restarts", "uptime", "PSS MB", "port"):
        table.add_column(name, justify="left" if name in {"process", "state"} else "right")
    own = _pss(found["pid"]) + sum(
        _pss(child.pid) for child in psutil.Process(found["pid"]).children() if _is_guard(child, found)
    )
    total = own
    for process in found["processes"]:
        cells, used = _row(process, found.get("ports", {}))
        total += used
        table.add_row(*cells)
    table.add_row("supervisor", str(found["pid"]), "", "", "", f"{own / 2**20:.0f}", "")
    console = Console()
    console.print(table)
    console.print(f"\ntotal {total / 2**20:.0f} MB PSS · {found.get('url', '')} · {home.root}")
    well = found["ready"] and all(process["state"] in {"ready", "done"} for process in found["processes"])
    sys.exit(0 if well else NOT_ALL_UP)


def _is_guard(child: psutil.Process, found: dict[str, Any]) -> bool:
    """The supervisor's only child that is not in its table."""
    return child.pid not in {process["pid"] for process in found["processes"]}
