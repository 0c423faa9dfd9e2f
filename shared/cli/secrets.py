"""`lapak secrets FOLDER`: what docker compose mounts into its containers, made once."""

from __future__ import annotations

from pathlib import Path

import click

from shared.config import SERVICES
from shared.local import keys
from shared.local.home import write_private

#: Files that servers and programs of other users read are readable for all; who may mount their folder decides.
_READABLE = 0o444


def _files(made: dict[str, str], postgres: str, redis: str) -> dict[str, str]:
    """Contents by path. A folder is what one kind of container gets to see."""

    def database(service: str, kind: str) -> str:
        role = f"lapak_{service}_{kind}"
        return f"postgresql://{role}:{made[f'{service}_{kind}']}@{postgres}/lapak_{service}"

    redis_lines = [f"requirepass {made['redis']}", "maxmemory 256mb", "maxmemory-policy noeviction"]
    return {
        "common/redis_url": f"redis://:{made['redis']}@{redis}/0",
        "common/token_private_key": made["token_private_key"],
        "common/token_public_keys": made["token_public_keys"],
        "training/identity_keys": made["identity_keys"],
        **{f"{service}/database_url": database(service, "app") for service in SERVICES},
        **{f"servers/{service}_owner_database_url": database(service, "owner") for service in SERVICES},
        "servers/postgres_password": made["postgres"],
        "servers/postgres_admin_url": f"postgresql://postgres:{made['postgres']}@{postgres}/postgres",
        "servers/redis_password": made["redis"],
        "servers/redis.conf": "\n".join([*redis_lines, 'save ""', "appendonly no"]),
    }


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--postgres", default="postgres:5432", show_default=True, help="Host and port of PostgreSQL.")
@click.option("--redis", default="redis:6379", show_default=True, help="Host and port of Redis.")
def secrets(folder: Path, postgres: str, redis: str) -> None:
    """Write passwords, keys and URLs below FOLDER, one per file; what is there stays.

    `common` is for all processes, `training`, `inventory` and `sales` for those of one service, `servers` for
    PostgreSQL, Redis and the commands of operators; `kept` holds what all of it is made of.
    """
    (folder / "kept").mkdir(parents=True, exist_ok=True)
    files = _files(keys.load(folder / "kept"), postgres, redis)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, content + "\n")
        path.chmod(_READABLE)
    click.echo(f"{len(files)} secrets in {folder}")
