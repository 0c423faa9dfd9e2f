"""`lapak events parked`: events whose cause has not arrived."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.table import Table

from shared.cli.operator import age, ask_all, console
from shared.config import SERVICES


@click.command()
@click.argument("service", type=click.Choice(SERVICES), required=False)
@click.option("--json", "as_json", is_flag=True, help="For machines; with the event's ids, codes and counters.")
def parked(service: str | None, as_json: bool) -> None:
    """Events that wait for their cause, the oldest first; of SERVICE or of all three."""
    found = [
        {"service": name} | item for name in ([service] if service else SERVICES) for item in ask_all(name, "parked")
    ]
    found.sort(key=lambda item: -item["age"])
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif not found:
        click.echo("no parked events")
    else:
        console().print(_table(found))


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold")
    for name in ("service", "type", "id", "age", "tries", "waits for"):
        right = name in {"age", "tries"}
        table.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=name in {"id", "service"})
    for item in found:
        cells = ("service", "type", "id", "tries", "waiting_for")
        service, event_type, event_id, tries, waits_for = (str(item[name]) for name in cells)
        table.add_row(service, event_type, event_id, age(item["age"]), tries, waits_for)
    return table
