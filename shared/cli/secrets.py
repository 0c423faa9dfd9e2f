"""`lapak secrets FOLDER`: what docker compose mounts into its containers, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from shared import redis_acl
from shared.config import SERVICES, WrongSetting
from shared.holders import HOLDERS
from shared.local import keys
from shared.local.home import write_private

#: Folders that containers of other users mount; they read by their group, where they are let.
_OF_OTHERS = ("postgres", "redis")


def _files(made: dict[str, str], postgres: str, redis: str) -> dict[str, str]:
    """Contents by path. A folder is what one kind of container gets to see."""
    hosts, mark, parameters = postgres.partition("?")

    def database(role: str, password: str, name: str) -> str:
        return f"postgresql://{role}:{password}@{hosts}/{name}{mark}{parameters}"

    def of_service(service: str, kind: str) -> str:
        return database(f"lapak_{service}_{kind}", made[f"{service}_{kind}"], f"lapak_{service}")

    return {
        "public/token_public_keys": made[keys.PUBLIC],
        "names/identity_keys": made["identity_keys"],
        **{f"{holder}/private_key": made[keys.file_of(holder)] for holder in HOLDERS},
        **{f"{service}/database_url": of_service(service, "app") for service in SERVICES},
        **{f"operator/{service}_owner_database_url": of_service(service, "owner") for service in SERVICES},
        "operator/postgres_admin_url": database("postgres", made["postgres"], "postgres"),
        "postgres/postgres_password": made["postgres"],
        **_redis_files(made, redis),
    }


def _redis_files(made: dict[str, str], redis: str) -> dict[str, str]:
    """Each process's URL. Where no login is given, the users are ours, and here is what that Redis is to be told."""
    passwords = redis_acl.users_of(made)
    scheme, _, place = redis.rpartition("://")
    if "@" in place:
        return dict.fromkeys(_redis_urls(passwords), redis)
    scheme, place = scheme or "redis", place if scheme else f"{place}/0"
    lines = [
        "aclfile /secrets/redis/users.acl", "maxmemory 256mb", "maxmemory-policy noeviction", 'save ""', "appendonly no"
    ]  # fmt: skip
    return {
        **{path: f"{scheme}://{user}:{passwords[user]}@{place}" for path, user in _redis_urls(passwords).items()},
        "redis/redis.conf": "\n".join(lines),
        "redis/users.acl": redis_acl.acl(passwords, made["redis"]).strip(),
        "redis/health_password": passwords[redis_acl.HEALTH],
    }


def _redis_urls(users: dict[str, str]) -> dict[str, str]:
    """Who logs in with it, by the path of each URL."""
    webs = {f"{service}-web/redis_url": redis_acl.WEB for service in SERVICES}
    return webs | {f"{user}/redis_url": user for user in users if user not in {redis_acl.WEB, redis_acl.HEALTH}}


def _check(files: dict[str, str], postgres: str) -> None:
    """Raise UsageError for URLs that nobody could use."""
    from shared import db, redis_url  # here: `--help` does without

    if set("/@") & set(postgres.partition("?")[0]):
        raise click.UsageError("--postgres takes HOST:PORT,HOST:PORT?parameters: roles and passwords are made here")
    try:
        db.libpq(files["operator/postgres_admin_url"])
    except WrongSetting as error:
        raise click.UsageError(f"--postgres: {error}") from None
    try:
        redis_url.parse(files["sales-web/redis_url"])
    except WrongSetting as error:
        raise click.UsageError(f"--redis: {error}") from None


def _as_last_time(path: Path, default: str) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else default


def _write(path: Path, content: str, *, group: bool) -> None:
    """A file that its owner may read, and with `group` its group, in a folder of the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o750 if group else 0o700)
    write_private(path, content + "\n")
    path.chmod(0o440 if group else 0o400)


def _tidy(folder: Path, wanted: set[str]) -> None:
    """Remove what earlier releases have left: keys and passwords that lay with too many."""
    for path in folder.iterdir():
        if path.is_dir() and path.name != "kept" and path.name not in wanted:
            shutil.rmtree(path)
            click.echo(f"removed {path.name}")


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
    help="Where Redis is: redis:6379, or as said last time. Or a URL (redis://, rediss://, sentinel://): without a "
    "login, and `redis/users.acl` is what that Redis is to be told; or with one, with which all processes then log in.",
)
@click.option("--group", is_flag=True, help="The group may read what PostgreSQL and Redis mount (docker compose).")
@click.option("--tidy", is_flag=True, help="Remove what earlier releases have left in FOLDER, once they are gone.")
def secrets(folder: Path, postgres: str | None, redis: str | None, group: bool, tidy: bool) -> None:
    """Write passwords, keys and URLs below FOLDER, one per file; what is there stays.

    `public` is for all processes, `training`, `inventory` and `sales` for those of one service, `sales-web` and so on
    for one kind of process, `names` for training's web, `operator` and `office` for the commands of operators,
    `postgres`, `redis` and `flower` for those; `kept` holds what all of it is made of.
    """
    kept = folder / "kept"
    for closed in (folder, kept):
        closed.mkdir(parents=True, exist_ok=True)
        closed.chmod(0o700)
    places = {
        kept / "postgres_at": postgres or _as_last_time(kept / "postgres_at", "postgres:5432"),
        kept / "redis_at": redis or _as_last_time(kept / "redis_at", "redis:6379"),
    }
    files = _files(keys.load(kept), *places.values())
    _check(files, places[kept / "postgres_at"])
    for path, place in places.items():
        write_private(path, place)
    for name, content in files.items():
        _write(folder / name, content, group=group and Path(name).parent.name in _OF_OTHERS)
    if tidy:
        _tidy(folder, {str(Path(name).parent) for name in files})
    click.echo(f"{len(files)} secrets in {folder}")
