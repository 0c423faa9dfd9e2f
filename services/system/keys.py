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
    # renew-names takes the keys as they are, wherever they come from.
    if folder is None and ctx.invoked_subcommand != "renew-names" and (given := _given()):
        raise LocalError(f"the keys come from {given}: they are changed where that is made, or name a --folder")
    ctx.obj = folder or default_home().secrets


def _given() -> str | None:
    """The setting of the environment that holds keys, or names a file of them."""
    names = ("LAPAK_TOKEN_PRIVATE_KEY", "LAPAK_TOKEN_PUBLIC_KEYS", "LAPAK_IDENTITY_KEYS")
    return next((name for name in names if is_set(name, os.environ)), None)


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
    signed = keyring.signed_until(folder, key_id)
    dropped = keyring.drop(folder, key_id)
    click.echo(f"Restart {'all processes' if dropped.kind == keyring.TOKEN else 'training'}.", err=True)
    if signed:
        last, longest = (f"{moment:%Y-%m-%d}" for moment in (signed + _USUAL, signed + _LONGEST))
        click.echo(
            f"It signed until {signed:%Y-%m-%d %H:%M} UTC. Its tokens are refused from then on; by themselves they would "
            f"have ended by {last}, or by {longest} where somebody chose --days.",
            err=True,
        )


@command.command("renew-names")
def renew_names() -> None:
    """Encrypt the names of all residents with the newest key. Safe to interrupt and to repeat."""
    renewed, unreadable = 0, list[str]()
    go_on: str | None = ""
    with _training() as database:
        while go_on is not None:
            with database.transaction() as session:
                page = identity.renew(session, after=go_on, limit=_BATCH)
            go_on, renewed = page.go_on, renewed + page.renewed
            unreadable += page.unreadable
    click.echo(f"{renewed} names were encrypted anew; {'the others' if unreadable else 'all'} are under the newest key.")
    if unreadable:
        raise click.ClickException(f"no key reads {len(unreadable)} names: those of {', '.join(unreadable[:_SHOWN])} …")


def _names_under(key: str) -> int:
    database = _training()
    with database.transaction() as session:
        found = identity.count_under(session, Fernet(key))
    database.dispose()
    return found


def _training() -> Database:
    url = config.get("LAPAK_{SERVICE}_DATABASE_URL", "training")
    return Database(url, pool_size=1, application_name="lapak keys")
