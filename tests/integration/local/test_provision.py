"""Roles are made by whoever comes first, and by several at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from shared.local import cluster
from shared.local.provision import part, provision

_OWNER = (
    "SELECT datdba::regrole::text, has_database_privilege(%s::text, oid, 'CONNECT') FROM pg_database WHERE datname = %s"
)


@pytest.fixture
def urls(servers: cluster.Servers) -> Iterator[tuple[str, str]]:
    """An owner and an application that nobody has seen yet, and their database."""
    name = f"raced_{uuid4().hex[:8]}"
    yield tuple(f"postgresql://{name}_{who}:x@h/t_{name}" for who in ("owner", "app"))  # type: ignore[misc]
    with psycopg.connect(servers.postgres_url, autocommit=True) as admin:
        for what in (f"DATABASE t_{name}", f"ROLE {name}_app", f"ROLE {name}_owner"):
            admin.execute(sql.SQL("DROP {}").format(sql.SQL(what)))


def test_two_who_come_by_two_databases_do_not_trip_over_each_other(
    servers: cluster.Servers, urls: tuple[str, str]
) -> None:
    """An advisory lock is a database's own, a role the server's: PostgreSQL 18 says "tuple concurrently updated"."""
    provision(servers.postgres_url, *urls)
    with cluster.maintenance_database(servers) as other, ThreadPoolExecutor(2) as pool:
        rounds = [pool.submit(_again, admin, urls) for admin in (servers.postgres_url, other)]
        for one in rounds:
            one.result()
    with psycopg.connect(servers.postgres_url) as admin:
        owners = admin.execute(_OWNER, [part(urls[1], "user"), part(urls[0], "dbname")]).fetchall()
    assert owners == [(part(urls[0], "user"), True)]


def _again(admin: str, urls: tuple[str, str]) -> None:
    for _ in range(25):
        provision(admin, *urls)
