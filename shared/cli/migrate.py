"""`lapak migrate`: each service's database to its newest schema, and the rights of its application role."""

from __future__ import annotations

import sys
import time

import click

from shared import config, migrations
from shared.local import schema
from shared.local.provision import provision


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit 1 when a database is not at the newest schema.")
@click.option("--create", is_flag=True, help="First create databases and roles (LAPAK_POSTGRES_ADMIN_URL).")
def migrate(check: bool, create: bool) -> None:
    """Bring the databases of the three services to the newest schema."""
    behind = False
    for service in config.SERVICES:
        owner = config.get("LAPAK_{SERVICE}_OWNER_DATABASE_URL", service)
        if check:
            head, found = migrations.head(service), schema.current(owner)
            behind |= head != found
            click.echo(f"{service}: {found or 'empty'}{'' if head == found else f', newest is {head}'}")
            continue
        began = time.monotonic()
        app = config.get("LAPAK_{SERVICE}_DATABASE_URL", service)
        if create:
            provision(config.get("LAPAK_POSTGRES_ADMIN_URL"), owner, app)
        schema.migrate(service, owner, app)
        click.echo(f"{service}: at {migrations.head(service)} ({time.monotonic() - began:.1f} s)")
    sys.exit(1 if behind else 0)
