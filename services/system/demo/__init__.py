"""`lapak demo`: goods made in a workshop are sold in a city shop, and all three services know."""

from __future__ import annotations

import sys

import click
import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table

from services.system.demo import reference
from services.system.demo.api import NeverHappened, Refused
from services.system.demo.story import OUTLET, WORKSHOP, Step, Story

_COLUMNS = ("training: practised", "inventory: workshop · transit · shop · customer", "sales: on sale")


def _table(rows: list[tuple[str, ...]]) -> Table:
    table = Table(title="The life of one product", title_justify="left", expand=False)
    table.add_column("what happened", overflow="fold", max_width=44)
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    table.add_column("event → who knew, after", overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _row(step: Step, story: Story) -> tuple[str, ...]:
    stock = story.stock()
    places = " · ".join(f"{stock.get(place, 0)}" for place in (WORKSHOP, "transit", OUTLET, "customer"))
    available = story.available()
    arrivals = "\n".join(f"{event} → {who}, {ms:.0f} ms" for event, who, ms in step.arrivals)
    return (step.what, str(story.practised()), places, "–" if available is None else str(available), arrivals)


@click.command()
@click.option("--url", envvar="LAPAK_URL", default="http://127.0.0.1:8080", show_default=True, help="Where Lapak runs.")
def command(url: str) -> None:
    """Drive one product from certificate to refund through the public API, then prove it with `verify`."""
    console = Console()
    story = Story(url)
    rows: list[tuple[str, ...]] = []
    try:
        loaded = reference.load(staff=story.staff, instructor=story.instructor, city=story.city)
        console.print(f"Reference data of Makassar: {loaded}.")
        with Live(_table(rows), console=console, auto_refresh=False) as live:
            for step in story.tell():
                rows.append(_row(step, story))
                live.update(_table(rows), refresh=True)
    except (Refused, NeverHappened) as error:
        console.print(f"[red]The demo stopped:[/red] {error}")
        sys.exit(1)
    except httpx.TransportError as error:
        console.print(f"[red]The demo stopped:[/red] Lapak does not answer at {url} ({error}). Say where with --url.")
        sys.exit(1)
    from services.system.verify import command as verify  # the demo's last step is the other command

    verify.main(args=[], standalone_mode=True)
