"""`lapak backup`: the databases as of one moment, into a folder, while everybody works on."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click

from shared.backup import NotDone
from shared.backup.take import back_up
from shared.config import SERVICES


def end_tidily_when_asked() -> None:
    """From now on SIGTERM runs what cleans up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--service", "services", multiple=True, type=click.Choice(SERVICES), help="Only this one; may be repeated."
)
@click.option("--keep", type=click.IntRange(min=1), help="Then delete the oldest of the same services beyond so many.")
def backup(folder: Path, services: tuple[str, ...], keep: int | None) -> None:
    """Write the databases as of one moment to FOLDER/lapak-<UTC time>; the last line names it.

    Nothing stops meanwhile. Exit 1 when it cannot be done; then there is no new backup, and nothing was deleted.
    """
    end_tidily_when_asked()
    chosen = [service for service in SERVICES if not services or service in services]
    try:
        whole = back_up(folder.absolute(), chosen, keep=keep, say=click.echo)
    except NotDone as error:
        raise click.ClickException(str(error)) from None
    click.echo(whole)
