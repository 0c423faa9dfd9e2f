"""`lapak token`: issue a token; `lapak token revoke`: make one worthless before it expires."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from shared import auth, config


@click.group(invoke_without_command=True)
@click.option("--role", type=click.Choice(list(auth.ROLES)), help="What the holder may do.")
@click.option("--workshop", metavar="CODE", help="For role terminal.")
@click.option("--outlet", metavar="CODE", help="For roles outlet and register.")
@click.option("--register", metavar="CODE", help="For role register.")
@click.option("--service", metavar="NAME", help="For role service: the service that reads the feeds.")
@click.option("--subject", metavar="NAME", help="Who it is for; random by default.")
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    help=f"How long it is valid. A device's or service's: {auth.DEVICE_DAYS}; a person's: 12 hours, if not said.",
)
@click.pass_context
def token(ctx: click.Context, /, role: str | None, days: int | None, **scope: str | None) -> None:
    """Issue a token: the last line on standard output. The codes need not exist yet."""
    if ctx.invoked_subcommand is not None:
        return
    if role is None:
        raise click.UsageError(f"--role is missing: one of {', '.join(auth.ROLES)}")
    given = {name: value for name, value in scope.items() if value is not None}
    try:
        issued = auth.issue(role=role, lifetime=timedelta(days=days) if days else auth.usual_lifetime(role), **given)
    except auth.BadScope as error:
        raise click.UsageError(str(error)) from None
    claims = _claims(issued)
    until = datetime.fromtimestamp(claims["exp"], UTC)
    click.echo(f"{role}, subject {claims['sub']}, valid until {until:%Y-%m-%d %H:%M} UTC, id {claims['jti']}", err=True)
    click.echo(issued)


@token.command()
@click.argument("token_or_jti")
def revoke(token_or_jti: str) -> None:
    """Revoke a token, given as itself or by its id; every service hears of it."""
    import httpx  # here: issuing a token does without

    claims: dict[str, Any] = _claims(token_or_jti) if "." in token_or_jti else {"jti": token_or_jti}
    # Of an id alone nobody knows when it ends: as long as the longest token lives, then.
    ends = claims.get("exp", time.time() + 3650 * 86_400)
    body = {"jti": claims["jti"], "expires_at": datetime.fromtimestamp(ends, UTC).isoformat()}
    operator = auth.issue(role="operator", lifetime=timedelta(minutes=5), subject="command-line")
    url = f"{config.get('LAPAK_{SERVICE}_URL', 'sales')}/v1/token-revocations"
    try:
        answer = httpx.post(url, json=body, headers={"Authorization": f"Bearer {operator}"}, timeout=10)
    except httpx.HTTPError as error:
        raise click.ClickException(f"{url}: {error}. Is Lapak running?") from None
    if answer.is_error:
        raise click.ClickException(f"{url} answered {answer.status_code}: {answer.text}")
    click.echo(f"revoked {claims['jti']}", err=True)


def _claims(issued: str) -> dict[str, Any]:
    """What a token says, unchecked: also an expired one or one of old keys can be revoked."""
    try:
        body = issued.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return {"jti": str(claims["jti"]), "sub": str(claims["sub"]), "exp": float(claims["exp"])}
    except (ValueError, KeyError, IndexError, TypeError):
        raise click.UsageError("this is neither a token nor the id of one") from None
