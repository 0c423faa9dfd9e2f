"""`lapak import-unsent`: what a device could not send, from the file that it saved, posted as the device would have."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import httpx

from shared import auth, config
from shared.cli.operator import detail
from shared.clock import now
from shared.config import SERVICES
from shared.jsontext import instant

_MOST = 100
_ROLES = {"register", "terminal"}


class NotOurs(click.ClickException):
    """The file is not one that a screen of Lapak saved."""


def _entry(number: int, entry: Any) -> dict[str, Any]:
    """One fact of the file. Raises NotOurs with its place in the file."""
    if not isinstance(entry, dict):
        raise NotOurs(f"entry {number}: not an object")
    service = str(entry.get("path", "")).lstrip("/").partition("/")[0]
    if service not in SERVICES or not str(entry["path"]).startswith(f"/{service}/v1/") or ".." in entry["path"]:
        raise NotOurs(f"entry {number}: {entry.get('path')!r} is no path of a service")
    if entry.get("method") not in {"POST", "PUT"} or not isinstance(entry.get("body"), dict):
        raise NotOurs(f"entry {number}: needs a method (POST or PUT) and a body")
    return entry | {"service": service, "list": entry.get("list")}


def read(path: Path) -> tuple[str, dict[str, str], list[dict[str, Any]], Any]:
    """Role, scope, facts and clocks of a file. Raises NotOurs."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotOurs(f"{path}: {error}") from None
    if not isinstance(saved, dict) or saved.get("lapak") != "unsent" or saved.get("version") != 1:
        raise NotOurs(f"{path}: not a file of unsent facts (version 1)")
    if saved.get("role") not in _ROLES or not isinstance(saved.get("entries"), list):
        raise NotOurs(f"{path}: names no device")
    scope = {name: str(saved[name]) for name in ("workshop", "outlet", "register") if saved.get(name)}
    entries = [_entry(number, entry) for number, entry in enumerate(saved["entries"], 1)]
    return saved["role"], scope, entries, saved.get("clock")


def sending(clock: Any) -> dict[str, Any]:
    """The device's clocks as they would be now, by what they were when it wrote the file.

    Older pages wrote nothing of them: then their times are taken as they are.
    """
    moment = now()
    try:
        told, at = (datetime.fromisoformat(clock[name]) for name in ("told", "at"))
        passed = max(0, int((moment - at).total_seconds() * 1000))
        stamp = {"run": clock["run"], "ms": int(clock["ms"]) + passed}
        return {"sent_at": instant(moment - (at - told)), "sent_clock": stamp}
    except (KeyError, TypeError, ValueError, OverflowError):
        return {"sent_at": instant(moment)}


def _post(token: str, entries: list[dict[str, Any]], sending: dict[str, Any]) -> list[str]:
    """Send entries that belong together; what became of each."""
    first = entries[0]
    base = config.get("LAPAK_{SERVICE}_URL", first["service"]).removesuffix(f"/{first['service']}")
    body: dict[str, Any] = first["body"]
    if first["list"]:
        body = {first["list"]: [entry["body"] for entry in entries]}
    if first.get("timed"):
        body = body | sending
    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.request(
            first["method"], base + first["path"], json=body, headers=headers, timeout=30, trust_env=False
        )
    except httpx.HTTPError as error:
        raise click.ClickException(f"{base}: {error}. Is Lapak running? Nothing is lost: run it again.") from None
    if answer.is_error:
        return [f"refused ({answer.status_code}: {detail(answer)})"] * len(entries)
    if first["list"]:
        return [str(one["status"]) for one in answer.json()["results"]]
    return ["recorded"]


@click.command("import-unsent")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what is in the file.")
def import_unsent(file: Path, dry_run: bool) -> None:
    """Post the unsent facts in FILE, saved by a register or terminal. Doing it twice changes nothing."""
    role, scope, entries, clock = read(file)
    click.echo(f"{role} {' '.join(scope.values())}: {len(entries)} facts", err=True)
    if dry_run:
        for kind, count in Counter(str(entry.get("kind")) for entry in entries).items():
            click.echo(f"{kind}: {count}")
        return
    token = auth.issue(role=role, lifetime=timedelta(minutes=30), subject="import-unsent", **scope)
    said: Counter[str] = Counter()
    for _, alike in groupby(entries, key=lambda one: (one["path"], one["list"] or one.get("id"))):
        group = list(alike)
        for start in range(0, len(group), _MOST):
            said.update(_post(token, group[start : start + _MOST], sending(clock)))
    for status, count in said.items():
        click.echo(f"{status}: {count}")
    if any(status.startswith(("refused", "conflict", "invalid")) for status in said):
        raise SystemExit(1)
