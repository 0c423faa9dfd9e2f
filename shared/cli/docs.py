"""`lapak docs`: the pages that are generated from the code."""

from __future__ import annotations

import importlib
import sys

import click

from shared.config import SETTINGS
from shared.local.home import ROOT


def configuration() -> str:
    """docs/configuration.md, from the table of settings."""
    rows = [
        f"| `{setting.name}` | {setting.help} | {f'`{setting.default}`' if setting.default is not None else ''} "
        f"| {'yes' if setting.secret else ''} |"
        for setting in SETTINGS
    ]
    head = (
        "# Configuration\n\n"
        "Generated from `shared/config.py` by `./lapak docs`; do not edit.\n\n"
        "By environment only. `{SERVICE}` stands for TRAINING, INVENTORY or SALES. A secret may also be given as "
        "`NAME_FILE`, the path of a file that holds it.\n`./lapak up` sets all of this by itself; what is in the "
        "environment already is left as it is.\n\n"
        "| variable | what for | default | secret |\n|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def events() -> str:
    """docs/events.md, from the event contracts."""
    rendered: str = importlib.import_module("shared.events.docs").render()
    return rendered


def metrics() -> str:
    """docs/metrics.md, from what the services tell Prometheus, and the alerts that use it."""
    alerts = (ROOT / "docs/alerts.yml").read_text(encoding="utf-8")
    rendered: str = importlib.import_module("shared.http.metrics").page(alerts)
    return rendered


PAGES = {"docs/configuration.md": configuration, "docs/events.md": events, "docs/metrics.md": metrics}


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a page is not what the code says.")
def docs(check: bool) -> None:
    """Write the generated pages."""
    stale = []
    for name, render in PAGES.items():
        path = ROOT / name
        content = render()
        if path.exists() and path.read_text(encoding="utf-8") == content:
            continue
        stale.append(name)
        if not check:
            path.write_text(content, encoding="utf-8")
            click.echo(f"wrote {name}")
    if check and stale:
        click.echo(f"not what the code says (run ./lapak docs): {', '.join(stale)}", err=True)
        sys.exit(1)
