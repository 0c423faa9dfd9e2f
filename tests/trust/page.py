"""The tables of docs/trust.md."""

from __future__ import annotations

import re

from shared.local.home import ROOT

PAGE = ROOT / "docs" / "trust.md"
SERVICES = ("training", "inventory", "sales")


def table(heading: str) -> list[dict[str, str]]:
    """The rows of the table below a heading, by column."""
    text = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    names, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(names, row, strict=True)) for row in rows]


def secrets_of(process: str) -> set[str]:
    """The settings that the page says a process holds, e.g. `sales-web`, `web`, `migrate`, `lapak`."""
    service, _, kind = process.rpartition("-")
    rows = {row["process"]: row["holds"] for row in table("Secrets by process")}
    if process == "web":
        return set().union(*(secrets_of(f"{one}-web") for one in SERVICES))
    if process == "lapak":
        return secrets_of("migrate") | set(re.findall(r"`(LAPAK_\w+)`", rows["lapak"]))
    text = rows[f"S-{kind}" if service else process]
    own, _, trainings = text.partition("training's also")
    found = set(re.findall(r"`(LAPAK_\w+)`", own + (trainings if service == "training" else "")))
    services = [service] if service else SERVICES
    return {re.sub(r"^LAPAK_S_", f"LAPAK_{one.upper()}_", name) for name in found for one in services}


def believed(role: str, holder: str, at: str) -> str:
    """`all`, `console` or `no`: how the page says that the service `at` takes a token of this role by this key."""
    if holder == "office":
        return "all"
    signer, _, kind = holder.rpartition("-")
    column = "S-courier" if kind == "courier" else holder
    (cell,) = [row[column] for row in table("Roles by key") if row["role"] == role]
    words = [word.strip() for word in cell.split(",")]
    if "all" in words or at in words:
        return "all"
    return "console" if "console" in words and at != signer else "no"
