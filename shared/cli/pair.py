"""`lapak pair`: a code that lets a register, a terminal or a person in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from shared import auth, config, holders
from shared.cli import operator
from shared.clock import MAKASSAR

_SCREENS = {"register": "register/", "terminal": "terminal/"}


@click.command()
@click.option("--register", metavar="CODE", help="Pair a shop's register, e.g. OUT-DKR-1.")
@click.option("--terminal", metavar="WORKSHOP", help="Pair the terminal of a workshop, e.g. WS-RTI.")
@click.option(
    "--role",
    type=click.Choice([role for role in auth.ROLES if role not in {"register", "terminal", "service"}]),
    help="Let a person in.",
)
@click.option("--outlet", metavar="CODE", help="For role outlet; and for a register that sales does not know yet.")
@click.option(
    "--name",
    "--subject",
    "subject",
    metavar="NAME",
    help="Which person it is for; you, if not said. The same name is the same person: who records cannot approve.",
)
@click.option(
    "--at", type=click.Choice(config.SERVICES), help="For auditor and operator: the service where they act; sales."
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    help=f"How long a device is let in: {auth.DEVICE_DAYS}. A person is let in for 12 hours.",
)
def pair(
    register: str | None,
    terminal: str | None,
    role: str | None,
    outlet: str | None,
    subject: str | None,
    at: str | None,
    days: int | None,
) -> None:
    """Make a pairing code: the last line on standard output. It works once, within 15 minutes."""
    if sum(given is not None for given in (register, terminal, role)) != 1:
        raise click.UsageError("give one of --register, --terminal and --role")
    role = role or ("register" if register else "terminal")
    if at and role not in holders.ANYWHERE:
        raise click.UsageError(f"{role} is let in at {holders.HOMES[role]}; --at is for auditor and operator")
    body: dict[str, Any] = {"role": role, "subject": subject} | ({"days": days} if days else {})
    if days and role not in auth.DEVICES:
        click.echo("--days is for devices: a person is let in for 12 hours.", err=True)
    if register:
        body |= {"register": register, "outlet": outlet or _outlet_of(register)}
    elif terminal:
        body["workshop"] = terminal
    elif outlet:
        body["outlet"] = outlet
    base = config.get("LAPAK_{SERVICE}_URL", at or holders.HOMES.get(role, holders.WATCHES))
    made = operator.call("operator", "POST", f"{base}/v1/pairings", json=body)
    until = datetime.fromisoformat(made["expires_at"]).astimezone(MAKASSAR)
    click.echo(f"{role}: enter it at {base}/{_SCREENS.get(role, 'sign-in')} until {until:%H:%M} (Makassar)", err=True)
    click.echo(made["code"])


def _outlet_of(register: str) -> str:
    url = f"{config.get('LAPAK_{SERVICE}_URL', 'sales')}/v1/registers/{register}"
    try:
        return str(operator.call("city", "GET", url)["outlet"])
    except operator.Refused as error:
        raise operator.Refused(f"{error.message}\nThe outlet of a register that is new here: --outlet") from None
