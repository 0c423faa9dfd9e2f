"""What the operator's commands share: they ask the running services over HTTP, with a short-lived operator token."""

from __future__ import annotations

import getpass
from datetime import timedelta
from typing import Any

import click
import httpx
from rich.console import Console

from shared import auth, config


class Refused(click.ClickException):
    """A service answered with a problem, or not at all. The command exits 1."""


def operator_name() -> str:
    """Who is noted as having acted: the user of this shell."""
    try:
        return f"command-line/{getpass.getuser()}"
    except (OSError, KeyError):  # a container may run as a user without a name
        return "command-line"


def ask(method: str, service: str, path: str, **options: Any) -> Any:
    """The JSON that a service answers below `/events`; `options` as for httpx. Raises Refused."""
    return call("operator", method, f"{config.get('LAPAK_{SERVICE}_URL', service)}/events/{path}", **options)


def call(role: str, method: str, url: str, **options: Any) -> Any:
    """The JSON answered to a token of this role (one without scope); `options` as for httpx. Raises Refused."""
    token = auth.issue(role=role, lifetime=timedelta(minutes=5), subject=operator_name())
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.request(method, url, headers=headers, timeout=60, trust_env=False, **options)
    except httpx.HTTPError as error:
        raise Refused(f"{url}: {error}. Is Lapak running?") from None
    if answer.is_error:
        raise Refused(f"{url} answered {answer.status_code}: {detail(answer)}")
    return answer.json()


def ask_all(service: str, path: str, **query: Any) -> list[dict[str, Any]]:
    """All items of a list, page after page. Raises Refused."""
    wanted = {name: value for name, value in query.items() if value is not None} | {"limit": 1000}
    items: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = ask("GET", service, path, params=wanted | ({"after": after} if after else {}))
        items += page["items"]
        after = page["next"]
    return items


def console() -> Console:
    """Where tables go: wide where no terminal sets the width, so that nothing is broken over two lines."""
    found = Console()
    return found if found.is_terminal else Console(width=200)


def age(seconds: float) -> str:
    """A time span for people: `42 s`, `7 min`, `5 h`, `3 d`."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{seconds:.0f} s"


def detail(answer: httpx.Response) -> str:
    """Why a service refused; of what is no problem document (a proxy's page) its beginning."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]
