"""`lapak health SERVICE`: for a container's health check, where there is no curl."""

from __future__ import annotations

import http.client
import sys

import click

from shared.config import SERVICES


@click.command()
@click.argument("service", type=click.Choice(SERVICES))
@click.option("--port", default=8000, show_default=True, help="Port of this machine that the service listens on.")
def health(service: str, port: int) -> None:
    """Exit 0 when the service answers that it is ready, 1 when not."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", f"/{service}/readyz")
        answer = connection.getresponse()
        click.echo(answer.read().decode(errors="replace"))
        sys.exit(0 if answer.status == http.HTTPStatus.OK else 1)
    except OSError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    finally:
        connection.close()
