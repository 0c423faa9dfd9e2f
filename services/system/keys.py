"""`lapak keys`: rotate the keys that sign tokens and that encrypt the names of residents (docs: Rotating keys)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click
from cryptography.fernet import Fernet
from sqlalchemy.exc import OperationalError

from services.training.usecases import identity
from shared import config
from shared.cli.operator import operator_name
from shared.db import Database
from shared.holders import HOLDERS
from shared.local import keyring
from shared.local.environment import for_command, is_set
from shared.local.home import LocalError, default_home
from shared.local.keys import setting_of

_BATCH = 200
_SHOWN = 5
_USUAL_DAYS, _MOST_DAYS = 365, 3650  # of a token: lapak token, lapak pair


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
    names = (*map(setting_of, HOLDERS), "LAPAK_TOKEN_PUBLIC_KEYS", "LAPAK_IDENTITY_KEYS")
    return next((name for name in names if is_set(name, os.environ)), None)


@command.command("list")
@click.pass_obj
def list_(folder: Path) -> None:
    """Holders (of keys for tokens) and ids; which one signs, or encrypts."""
    for key in keyring.listed(folder):
        click.echo(f"{key.kind:17} {key.id} {'works' if key.works else 'is still believed, or not yet used'}")


@command.command()
@click.argument("kind", type=click.Choice(keyring.KINDS))
@click.pass_obj
def add(folder: Path, kind: str) -> None:
    """Make a key for a holder of one for tokens (office: the command line), or one for names (identity)."""
    made = keyring.add(folder, kind)
    click.echo(made)
    if kind != keyring.IDENTITY:
        click.echo(
            f"Restart all processes; then they believe it, and `lapak keys use {made}` may have it sign.", err=True
        )
    else:
        click.echo("Restart training; then `lapak keys renew-names`.", err=True)


@command.command()
@click.argument("key_id", metavar="ID")
@click.pass_obj
def use(folder: Path, key_id: str) -> None:
    """Have the key ID sign its holder's tokens from now on. All processes must believe it by then."""
    keyring.use(folder, key_id)
    click.echo("Restart its holder; then the key before may be dropped once its tokens are gone.", err=True)


@command.command()
@click.argument("key_id", metavar="ID")
@click.option("--unchecked", is_flag=True, help="Where no database can be asked: I know that no name needs it.")
@click.pass_obj
def drop(folder: Path, key_id: str, unchecked: bool) -> None:
    """Forget the key ID: tokens that it signed are refused from the next restart on."""
    for text in keyring.identity_keys(folder)[1:]:
        if keyring.fingerprint(text) == key_id and not unchecked and (needed := _names_under(text, folder)):
            raise LocalError(f"{needed} names can be read with this key alone; `lapak keys renew-names` first")
    idle = keyring.idle_since(folder, key_id)
    dropped = keyring.drop(folder, key_id)
    click.echo(f"Restart {'training' if dropped.kind == keyring.IDENTITY else 'all processes'}.", err=True)
    if idle:
        usual, longest = (f"{idle + timedelta(days=days):%Y-%m-%d}" for days in (_USUAL_DAYS, _MOST_DAYS))
        click.echo(
            f"It has signed nothing since {idle:%Y-%m-%d %H:%M} UTC. What it signed before would have been good until "
            f"{usual}, and with other --days until {longest} at most.",
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
                page = identity.renew(session, after=go_on, limit=_BATCH, reader=_reader("renew-names"))
            go_on, renewed = page.go_on, renewed + page.renewed
            unreadable += page.unreadable
    click.echo(
        f"{renewed} names were encrypted anew; {'the others' if unreadable else 'all'} are under the newest key."
    )
    if unreadable:
        raise click.ClickException(f"no key reads {len(unreadable)} names: those of {', '.join(unreadable[:_SHOWN])} …")


def _names_under(key: str, folder: Path) -> int:
    # Of keys that are not this home's, this home's database knows nothing.
    if folder.resolve() != default_home().secrets and not is_set("LAPAK_TRAINING_DATABASE_URL", os.environ):
        raise LocalError(
            "no database here tells whether names need this key; --unchecked once renew-names has been run"
        )
    with _training() as database, database.transaction() as session:
        return identity.count_under(session, Fernet(key), reader=_reader("drop"))


def _reader(subcommand: str) -> identity.Reader:
    return identity.Reader(operator_name(), "operator", f"lapak keys {subcommand}")


@contextmanager
def _training() -> Iterator[Database]:
    # Only here: keys also lie where nothing else of a system is, as in the container that makes them.
    os.environ.update(for_command(default_home(), os.environ))
    database = Database(
        config.get("LAPAK_{SERVICE}_DATABASE_URL", "training"), pool_size=1, application_name="lapak keys"
    )
    try:
        yield database
    except OperationalError as error:
        raise LocalError(f"training's database cannot be reached: {error.orig}") from None
    finally:
        database.dispose()
