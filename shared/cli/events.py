"""`lapak events status`: how far the services have received each other."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from shared.alarms import add_what_sources_say
from shared.cli.new_epoch import new_epoch
from shared.cli.operator import Refused, age, ask, console
from shared.cli.parked import parked
from shared.config import SERVICES

NOT_ALL_UP = 3
_COLUMNS = (
    *("consumer", "source", "head", "position", "lag", "behind", "holes"),
    *("repairs", "again", "nothing new", "dead", "parked"),
)
_REFUSED = "See 'Batches refused' in docs/operations.md."
_HALTED = "See 'Consumer halted' in docs/operations.md."
_UNSEEN = 10  # seconds without a look at the source's head from which on the table says so


@click.group()
def events() -> None:
    """The event plane."""


events.add_command(parked)
events.add_command(new_epoch)


@events.command()
@click.option("--once", is_flag=True, help="Print it once; so also where there is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Once, for machines.")
def status(once: bool, as_json: bool) -> None:
    """Per consumer and source: head, position, lag, dead and parked. Exit 3 when a service does not answer."""
    screen = console()
    if as_json or once or not screen.is_terminal:
        found = _ask_everyone()
        if as_json:
            click.echo(json.dumps(found, indent=2))
        else:
            screen.print(_tables(found))
        sys.exit(NOT_ALL_UP if any("error" in one for one in found) else 0)
    try:
        with Live(_tables(_ask_everyone()), console=screen, auto_refresh=False) as live:
            while True:
                time.sleep(1)
                live.update(_tables(_ask_everyone()), refresh=True)
    except KeyboardInterrupt:
        return


def _ask_everyone() -> list[dict[str, Any]]:
    """The answer of each service, or `{"service", "error"}`: one that is down must not hide the others."""
    found: list[dict[str, Any]] = []
    for service in SERVICES:
        try:
            found.append(ask("GET", service, "status"))
        except Refused as error:
            found.append({"service": service, "error": error.message})
    add_what_sources_say(found)
    return found


def _tables(found: list[dict[str, Any]]) -> Table:
    inward, outward = (Table(box=None, header_style="bold", collapse_padding=True) for _ in range(2))
    for name in _COLUMNS:
        inward.add_column(name, no_wrap=True, justify="left" if name in {"consumer", "source"} else "right")
    for name in ("service", "log head", "outbox", "oldest", "relay", "queue"):
        outward.add_column(name, justify="left" if name in {"service", "relay"} else "right")
    for one in found:
        if "error" in one:
            outward.add_row(one["service"], f"[red]{escape(one['error'])}[/]")
            continue
        outward.add_row(*_outward(one))
        for source in one["sources"]:
            inward.add_row(one["service"], *_inward(source))
    both = Table.grid(padding=(1, 0))
    both.add_row(outward)
    both.add_row(inward)
    for one in found:
        for source in (source for source in one.get("sources", ()) if source["halted"]):
            text = f"{one['service']} halted: what it has received is not in the log of {source['source']}."
            both.add_row(f"[red]{text}[/] {escape(source['halted_because'])}\n{_HALTED}")
        for source in (source for source in one.get("sources", ()) if source.get("refused")):
            text = f"{one['service']} refused {source['refused']} from the queue as not of {source['source']}, "
            text += f"the last {age(source['refused_seconds'] or 0)} ago: {source['refused_because']}."
            both.add_row(f"[red]{escape(text)}[/]\n{_REFUSED}")
    return both


def _outward(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        one["service"],
        str(one["log_head"]),
        str(one["outbox_depth"]),
        age(one["outbox_seconds"]) if one["outbox_depth"] else "",
        "[green]leads[/]" if one["relay_leads"] else "[red]none leads[/]",
        "Redis away" if one["queue"] is None else str(one["queue"]),
    )


def _inward(source: dict[str, Any]) -> tuple[str, ...]:
    if source["head"] is None:
        return (source["source"], "never heard of")
    return (
        source["source"],
        str(source["head"]),
        str(source["position"]),
        str(source["lag_events"]),
        _behind(source),
        str(source["holes"]),
        *(str(source[name]) for name in ("repairs", "redelivered", "duplicates")),
        f"[red]{source['dead']}[/]" if source["dead"] else "0",
        f"{source['parked']} ({age(source['parked_seconds'])})" if source["parked"] else "0",
    )


def _behind(source: dict[str, Any]) -> str:
    if source["halted"]:
        return "[red]halted[/]"
    behind = age(source["lag_seconds"]) if source["lag_events"] else ""
    if source["unseen_seconds"] > _UNSEEN:
        behind += f" [yellow](not looked for {age(source['unseen_seconds'])})[/]"
    return behind.strip()
