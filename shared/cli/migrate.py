"""`lapak migrate`: each service's database to its newest schema, and the rights of its application role."""

from __future__ import annotations

import sys
import time

import click
import psycopg
from sqlalchemy.exc import OperationalError

from shared import config, migrations
from shared.local import schema
from shared.local.provision import provision


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 1 when a database is not at the newest schema.")
@click.option("--create", is_flag=True, help="First create databases and roles (LAPAK_POSTGRES_ADMIN_URL).")
def migrate(check: bool, create: bool) -> None:
    """Bring the databases of the three services to the newest schema."""
    try:
        behind = _migrate(check=check, create=create)
    except (psycopg.OperationalError, OperationalError) as error:
        raise click.ClickException(str(getattr(error, "orig", error))) from None
    sys.exit(1 if behind else 0)


def _migrate(*, check: bool, create: bool) -> bool:
    """Whether one of the databases is older than the code; known only when `check`ed."""
    behind = False
    for service in config.SERVICES:
        owner = config.get("LAPAK_{SERVICE}_OWNER_DATABASE_URL", service)
        if check:
            found = schema.current(owner)
            behind |= (found or "") < migrations.head(service)
            click.echo(f"{service}: {_standing(service, found)}")
            continue
        began = time.monotonic()
        app = config.get("LAPAK_{SERVICE}_DATABASE_URL", service)
        if create:
            provision(config.get("LAPAK_POSTGRES_ADMIN_URL"), owner, app)
        schema.migrate(service, owner, app)
        click.echo(f"{service}: {_standing(service, schema.current(owner))} ({time.monotonic() - began:.1f} s)")
    return behind


def _standing(service: str, found: str | None) -> str:
    head = migrations.head(service)
    if found == head:
        return f"at {head}"
    if found is None or found < head:
        return f"at {found or 'nothing'}, this code needs {head}"
    return f"at {found}, newer than the {head} that this code knows: it was left as it is"
