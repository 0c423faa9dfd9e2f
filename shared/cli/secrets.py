"""`lapak secrets FOLDER`: what docker compose mounts into its containers, made once."""

from __future__ import annotations

from pathlib import Path

import click

from shared.config import SERVICES, WrongSetting
from shared.local import keys
from shared.local.home import write_private

#: Files that servers and programs of other users read are readable for all; who may mount their folder decides.
_READABLE = 0o444


def _files(made: dict[str, str], postgres: str, redis: str) -> dict[str, str]:
    """Contents by path. A folder is what one kind of container gets to see."""
    hosts, mark, parameters = postgres.partition("?")

    def database(role: str, password: str, name: str) -> str:
        return f"postgresql://{role}:{password}@{hosts}/{name}{mark}{parameters}"

    def of_service(service: str, kind: str) -> str:
        return database(f"lapak_{service}_{kind}", made[f"{service}_{kind}"], f"lapak_{service}")

    return {
        "common/token_private_key": made["token_private_key"],
        "common/token_public_keys": made["token_public_keys"],
        "training/identity_keys": made["identity_keys"],
        **{f"{service}/database_url": of_service(service, "app") for service in SERVICES},
        **{f"servers/{service}_owner_database_url": of_service(service, "owner") for service in SERVICES},
        "servers/postgres_password": made["postgres"],
        "servers/postgres_admin_url": database("postgres", made["postgres"], "postgres"),
        **_redis_files(made["redis"], redis),
    }


def _redis_files(password: str, redis: str) -> dict[str, str]:
    if "://" in redis:
        return {"common/redis_url": redis}
    lines = [f"requirepass {password}", "maxmemory 256mb", "maxmemory-policy noeviction", 'save ""', "appendonly no"]
    return {
        "common/redis_url": f"redis://:{password}@{redis}/0",
        "servers/redis_password": password,
        "servers/redis.conf": "\n".join(lines),
    }


def _check(files: dict[str, str], postgres: str) -> None:
    """Raise UsageError for URLs that nobody could use."""
    from shared import db, redis_url  # here: `--help` does without

    if set("/@") & set(postgres.partition("?")[0]):
        raise click.UsageError("--postgres takes HOST:PORT,HOST:PORT?parameters: roles and passwords are made here")
    try:
        db.libpq(files["servers/postgres_admin_url"])
    except WrongSetting as error:
        raise click.UsageError(f"--postgres: {error}") from None
    try:
        redis_url.parse(files["common/redis_url"])
    except WrongSetting as error:
        raise click.UsageError(f"--redis: {error}") from None


def _as_last_time(path: Path, default: str) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else default


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--postgres",
    metavar="HOST:PORT",
    help="Where PostgreSQL is: postgres:5432, or as said last time. Several: HOST:PORT,HOST:PORT, and what else libpq "
    "is to be told: HOST:PORT?sslmode=verify-full&sslrootcert=FILE.",
)
@click.option(
    "--redis",
    metavar="HOST:PORT",
    help="Where Redis is: redis:6379, or as said last time. A whole URL (redis://, rediss://, sentinel://) for one "
    "that has a password of its own.",
)
def secrets(folder: Path, postgres: str | None, redis: str | None) -> None:
    """Write passwords, keys and URLs below FOLDER, one per file; what is there stays.

    `common` is for all processes, `training`, `inventory` and `sales` for those of one service, `servers` for
    PostgreSQL, Redis and the commands of operators; `kept` holds what all of it is made of.
    """
    kept = folder / "kept"
    kept.mkdir(parents=True, exist_ok=True)
    places = {
        kept / "postgres_at": postgres or _as_last_time(kept / "postgres_at", "postgres:5432"),
        kept / "redis_at": redis or _as_last_time(kept / "redis_at", "redis:6379"),
    }
    files = _files(keys.load(kept), *places.values())
    _check(files, places[kept / "postgres_at"])
    for path, place in places.items():
        write_private(path, place)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, content + "\n")
        path.chmod(_READABLE)
    click.echo(f"{len(files)} secrets in {folder}")
