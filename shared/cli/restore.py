"""`lapak restore`: a backup in the place of the present databases, also while Lapak runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from shared.backup import NotDone
from shared.backup import restore as restoring
from shared.backup.check import check as look_at
from shared.backup.check import unreadable_names
from shared.backup.manifest import Manifest
from shared.cli.backup import end_tidily_when_asked
from shared.config import SERVICES


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--service", "services", multiple=True, type=click.Choice(SERVICES), help="Only this one; may be repeated."
)
@click.option("--check", is_flag=True, help="Only say whether it could be restored.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(folder: Path, services: tuple[str, ...], check: bool, yes: bool) -> None:
    """Put the backup in FOLDER in the place of the present databases, which are put aside.

    Exit 1 when it cannot be done; then nothing has changed.
    """
    end_tidily_when_asked()
    try:
        manifest = look_at(folder, services)
        _describe(manifest)
        if check:
            click.echo("It can be restored.")
            return
        aims = restoring.targets(manifest.services)
        if not yes:
            _ask(aims)
        aside = restoring.restore(folder, manifest, aims, say=click.echo)
    except NotDone as error:
        raise click.ClickException(str(error)) from None
    _say_what_is_next(manifest, aside)


def _describe(manifest: Manifest) -> None:
    click.echo(f"A backup of {manifest.when:%Y-%m-%d %H:%M:%S} UTC:")
    for service, dump in manifest.services.items():
        click.echo(f"  {service}: {dump.size:,} bytes, schema {dump.schema}, the log ends at {dump.last_seq}")
    if missing := unreadable_names(manifest):
        text = (
            f"LAPAK_IDENTITY_KEYS lacks {', '.join(missing)} (fingerprints): names of residents will not be readable."
        )
        click.secho(text, err=True, fg="yellow")


def _ask(aims: Sequence[restoring.Target]) -> None:
    for aim in aims:
        click.echo(f"It takes the place of the database {aim.name}, which is kept as {aim.before}.")
    click.confirm("Go on?", abort=True)


def _say_what_is_next(manifest: Manifest, aside: Sequence[restoring.Target]) -> None:
    click.echo(f"Done: {', '.join(manifest.services)}, as of {manifest.when:%Y-%m-%d %H:%M:%S} UTC.")
    for aim in aside:
        click.echo(f'What was there before is kept. To drop it, as the administrator: DROP DATABASE "{aim.before}";')
    click.echo("Each restored log has begun a new epoch; consumers go on by themselves.")
    click.echo("What was recorded after the backup: see 'After a restore' in docs/operations.md. Then: ./lapak verify")
