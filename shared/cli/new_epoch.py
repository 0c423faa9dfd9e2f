"""`lapak events new-epoch`: after a restore, tell the consumers from where on this is another log."""

from __future__ import annotations

from datetime import datetime

import click
from sqlalchemy.exc import DBAPIError

from shared import config
from shared.db import Database
from shared.jsontext import from_rfc3339
from shared.messaging import epoch


class Moment(click.ParamType[datetime]):
    """RFC 3339 with an offset: an hour more or less would be another branch."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment. Fails with what is wrong."""
        try:
            moment = from_rfc3339(str(value))
        except ValueError:
            self.fail(f"{value} is no time; write it like 2026-03-02T04:00:00+08:00", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value} has no offset; write it like {value}+08:00, or {value}Z", param, ctx)
        return moment


@click.command("new-epoch")
@click.argument("service", type=click.Choice(config.SERVICES))
@click.option(
    "--as-of",
    type=Moment(),
    help="The moment of the backup. May be left out when nothing has run on the restored database yet.",
)
def new_epoch(service: str, as_of: datetime | None) -> None:
    """Begin a new epoch of SERVICE's log, after its database was restored from a backup.

    The others keep what they received up to the backup and receive the rest anew, without further ado. Doing it twice,
    or for a log that is well, does no harm. Exit 1 when it cannot be done; then nothing has changed.
    """
    url = config.get("LAPAK_{SERVICE}_DATABASE_URL", service)
    database = Database(url, pool_size=1, application_name="lapak new-epoch")
    try:
        with database.transaction() as session:
            branch = epoch.begin(session, as_of=as_of)
    except epoch.NotThere as error:
        raise click.ClickException(f"{service}: {error}") from None
    except DBAPIError as error:
        raise click.ClickException(f"{service}: its database did not take it: {error.orig}") from None
    finally:
        database.dispose()
    click.echo(f"{service}: epoch {branch.before} ends at sequence {branch.at}, {branch.now} goes on from there.")
    click.echo(f"{service}: {branch.head - branch.at} events come again. Consumers go on by themselves.")
