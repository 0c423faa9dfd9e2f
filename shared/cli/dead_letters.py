"""`lapak dead-letters`: events whose handler failed, and what to do about them."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click
from rich.table import Table

from shared.cli.operator import ask, ask_all, console
from shared.config import SERVICES

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_SERVICE = click.argument("service", type=click.Choice(SERVICES))


@click.group(name="dead-letters")
def dead_letters() -> None:
    """Events whose handler failed: kept aside, so that nothing else waits for them."""


@dead_letters.command(name="list")
@click.option("--service", type=click.Choice(SERVICES), help="Only this consumer's; all three by default.")
@click.option("--fingerprint", metavar="HEX", help="The single letters of one failure.")
@click.option("--state", type=click.Choice(["open", "replayed", "discarded", "all"]), default="open", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_letters(service: str | None, fingerprint: str | None, state: str, as_json: bool) -> None:
    """Failures, each with how many events it took; or its single letters."""
    path = "dead-letters" if fingerprint else "dead-letter-groups"
    query = {"state": None if state == "all" else state, "fingerprint": fingerprint}
    found = [
        {"service": name} | item
        for name in ([service] if service else SERVICES)
        for item in ask_all(name, path, **query)
    ]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif not found:
        click.echo("no dead letters")
    else:
        console().print(_table(found, "id sequence attempts died_at" if fingerprint else "fingerprint count last_seen"))


def _table(found: list[dict[str, Any]], own: str) -> Table:
    """What is copied into the next command (id, fingerprint) is never broken over two lines."""
    table = Table(box=None, header_style="bold")
    names = ["service", *own.split(), "type", "state", "error"]
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=name in {"id", "fingerprint", "service"})
    for item in found:
        table.add_row(*(str(item[name]) for name in names))
    return table


@dead_letters.command()
@_SERVICE
@click.argument("letter", type=click.UUID)
def show(service: str, letter: object) -> None:
    """One letter as JSON; of its event only ids, codes and counters."""
    click.echo(json.dumps(ask("GET", service, f"dead-letters/{letter}"), indent=2))


@dead_letters.command()
@_SERVICE
@click.argument("what", metavar="LETTER|FINGERPRINT")
def replay(service: str, what: str) -> None:
    """Give one letter, or all open ones of a fingerprint, to their handler again. Exit 1 when any failed again."""
    if _FINGERPRINT.fullmatch(what):
        failed = _replay_group(service, what)
    else:
        answer = ask("POST", service, f"dead-letters/{_uuid(what)}/replay")
        failed = answer["outcome"] == "failed"
        click.echo(answer["outcome"] + (f": {answer['letter']['error']}" if failed else ""))
    sys.exit(1 if failed else 0)


def _uuid(what: str) -> str:
    try:
        return str(click.UUID(what))
    except click.BadParameter:
        raise click.UsageError("this is neither the id of a letter nor a fingerprint") from None


def _replay_group(service: str, fingerprint: str) -> bool:
    """Page by page, until none is left or a page had only failures; whether any failed."""
    total = {"replayed": 0, "parked": 0, "failed": 0}
    while True:
        answer = ask("POST", service, f"dead-letter-groups/{fingerprint}/replay", json={})
        total = {name: count + answer[name] for name, count in total.items()}
        if not answer["left"] or answer["failed"]:
            break
    click.echo(", ".join(f"{count} {name}" for name, count in total.items()) + f", {answer['left']} left")
    return bool(total["failed"])


@dead_letters.command()
@_SERVICE
@click.argument("what", metavar="LETTER|FINGERPRINT")
@click.option("--note", required=True, help="Why; it is kept with each letter.")
def discard(service: str, what: str, note: str) -> None:
    """Give one letter, or all open ones of a fingerprint, up: their events never take effect here."""
    if _FINGERPRINT.fullmatch(what):
        _discard_group(service, what, note)
    else:
        answer = ask("POST", service, f"dead-letters/{_uuid(what)}/discard", json={"note": note})
        click.echo(f"discarded {answer['id']}")


def _discard_group(service: str, fingerprint: str, note: str) -> None:
    """Page by page, until none is left or a page found only letters that are being replayed. Exit 1 when some are."""
    total = 0
    while True:
        answer = ask("POST", service, f"dead-letter-groups/{fingerprint}/discard", json={"note": note})
        total += answer["discarded"]
        if not answer["left"] or not answer["discarded"]:
            break
    click.echo(f"{total} discarded, {answer['left']} left")
    sys.exit(1 if answer["left"] else 0)
