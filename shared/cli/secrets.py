"""`lapak secrets FOLDER`: what docker compose mounts into its containers, made once."""

from __future__ import annotations

from pathlib import Path

import click

from shared.config import SERVICES
from shared.local import keys
from shared.local.home import write_private


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--postgres", default="postgres:5432", show_default=True, help="Host and port of PostgreSQL.")
@click.option("--redis", default="redis:6379", show_default=True, help="Host and port of Redis.")
def secrets(folder: Path, postgres: str, redis: str) -> None:
    """Write passwords, keys and URLs into FOLDER, one per file; what is there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    made = keys.load(folder)
    files = {
        "token_private_key": made["token_private_key"],
        "token_public_keys": made["token_public_keys"],
        "identity_keys": made["identity_keys"],
        "postgres_password": made["postgres"],
        "postgres_admin_url": f"postgresql://postgres:{made['postgres']}@{postgres}/postgres",
        "redis_password": made["redis"],
        "redis_url": f"redis://:{made['redis']}@{redis}/0",
        "redis.conf": "\n".join(
            [
                f"requirepass {made['redis']}",
                "maxmemory 256mb",
                "maxmemory-policy noeviction",
                'save ""',
                "appendonly no",
            ]
        ),
    }
    for service in SERVICES:
        for kind, name in (("owner", "owner_database_url"), ("app", "database_url")):
            role = f"lapak_{service}_{kind}:{made[f'{service}_{kind}']}"
            files[f"{service}_{name}"] = f"postgresql://{role}@{postgres}/lapak_{service}"
    for name, content in files.items():
        write_private(folder / name, content + "\n")
        (folder / name).chmod(0o444)  # read by several users; the volume is mounted only where it is needed
    click.echo(f"{len(files)} secrets in {folder}")
