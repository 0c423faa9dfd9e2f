"""`lapak keys`: rotate the keys that sign tokens and that encrypt the names of residents (docs: Rotating keys)."""

from __future__ import annotations

import os
from pathlib import Path

import click
from cryptography.fernet import Fernet

from services.training.usecases import identity
from shared import config
from shared.db import Database
from shared.local import keyring
from shared.local.home import LocalError, default_home

_BATCH = 200


@click.group()
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Where they lie; .lapak/secrets.")
@click.pass_context
def command(ctx: click.Context, folder: Path | None) -> None:
    """List, add, use and drop keys, step by step, without a moment at which anything is refused."""
    if folder is None and any(os.environ.get(f"LAPAK_{name}") for name in ("TOKEN_PRIVATE_KEY", "IDENTITY_KEYS")):
        raise LocalError("the keys come from the environment: they are changed where that is made, or name a --folder")
    ctx.obj = folder or default_home().secrets


@command.command("list")
@click.pass_obj
def list_(folder: Path) -> None:
    """Kinds and ids; which one signs, or encrypts."""
    for key in keyring.listed(folder):
        click.echo(f"{key.kind:9} {key.id} {'works' if key.works else 'is still believed, or not yet used'}")


@command.command()
@click.argument("kind", type=click.Choice(keyring.KINDS))
@click.pass_obj
def add(folder: Path, kind: str) -> None:
    """Make a key of KIND."""
    made = keyring.add(folder, kind)
    click.echo(made)
    if kind == keyring.TOKEN:
        click.echo(
            f"Restart all processes; then they believe it, and `lapak keys use {made}` may have it sign.", err=True
        )
    else:
        click.echo("Restart training; then `lapak keys renew-names`.", err=True)


@command.command()
@click.argument("key_id", metavar="ID")
@click.pass_obj
def use(folder: Path, key_id: str) -> None:
    """Have the key ID sign tokens from now on. All processes must believe it by then."""
    keyring.use(folder, key_id)
    click.echo(
        "Restart web processes and couriers; then the key before may be dropped once its tokens are gone.", err=True
    )


@command.command()
@click.argument("key_id", metavar="ID")
@click.option("--unchecked", is_flag=True, help="Where no database can be asked: I know that no name needs it.")
@click.pass_obj
def drop(folder: Path, key_id: str, unchecked: bool) -> None:
    """Forget the key ID: tokens that it signed are refused from the next restart on."""
    for text in keyring.identity_keys(folder)[1:]:
        if keyring.fingerprint(text) == key_id and not unchecked and (needed := _names_under(text)):
            raise LocalError(f"{needed} names can be read with this key alone; `lapak keys renew-names` first")
    dropped = keyring.drop(folder, key_id)
    click.echo(f"Restart {'all processes' if dropped.kind == keyring.TOKEN else 'training'}.", err=True)


@command.command("renew-names")
def renew_names() -> None:
    """Encrypt the names of all residents with the newest key. Safe to interrupt and to repeat."""
    renewed = 0
    go_on: str | None = ""
    database = _training()
    while go_on is not None:
        with database.transaction() as session:
            go_on, count = identity.renew(session, after=go_on, limit=_BATCH)
        renewed += count
    database.dispose()
    click.echo(f"{renewed} names were encrypted anew; all are under the newest key.")


def _names_under(key: str) -> int:
    database = _training()
    with database.transaction() as session:
        found = identity.count_under(session, Fernet(key))
    database.dispose()
    return found


def _training() -> Database:
    url = config.get("LAPAK_{SERVICE}_DATABASE_URL", "training")
    return Database(url, pool_size=1, application_name="lapak keys")
