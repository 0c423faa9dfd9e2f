"""Databases and roles of the services: per service one database, a role that owns it and one that works in it."""

from __future__ import annotations

import random
import time
from contextlib import suppress

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from shared.config import WrongSetting
from shared.db import libpq

_TRIES = 50


def part(url: str, name: str) -> str:
    """What a database URL says of `user` or `dbname`. Raises WrongSetting when it says nothing."""
    if found := libpq(url).get(name):
        return str(found)
    raise WrongSetting(f"a database URL must say its {name}: postgresql://USER:PASSWORD@HOST/DBNAME")


def with_database(url: str, name: str) -> str:
    """The same server and role, another database: what libpq takes in place of a URL."""
    return make_conninfo(**libpq(url) | {"dbname": name})


def _role(connection: psycopg.Connection[object], url: str) -> str:
    """Create the role that a URL names, or set its password. Returns its name."""
    name, password = part(url, "user"), libpq(url).get("password", "")
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    statement = "ALTER ROLE {} LOGIN PASSWORD {}" if exists else "CREATE ROLE {} LOGIN PASSWORD {}"
    connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.Literal(password)))
    return name


def provision(admin_url: str, owner_url: str, app_url: str, *, template: str = "template1") -> None:
    """Create roles and database of these two URLs where they are missing; safe to repeat.

    The owner owns the database and its schema `public`; the application role may connect and use the schema.
    Nobody else may connect.
    """
    for _ in range(_TRIES):
        # "tuple concurrently updated": roles are the server's, an advisory lock is a database's own, so whoever came by
        # another database is not kept out.
        with suppress(psycopg.errors.InternalError_):
            _provision(admin_url, owner_url, app_url, template)
            return
        time.sleep(random.uniform(0.02, 0.2))
    _provision(admin_url, owner_url, app_url, template)


def _provision(admin_url: str, owner_url: str, app_url: str, template: str) -> None:
    database = part(owner_url, "dbname")
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(hashtext('lapak provision'))")
        owner, app = _role(admin, owner_url), _role(admin, app_url)
        names = {"d": sql.Identifier(database), "o": sql.Identifier(owner), "a": sql.Identifier(app)}
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            copied = sql.SQL("CREATE DATABASE {d} OWNER {o} TEMPLATE {t}")
            admin.execute(copied.format(**names, t=sql.Identifier(template)))
        admin.execute(sql.SQL("REVOKE ALL ON DATABASE {d} FROM PUBLIC").format(**names))
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {d} TO {a}").format(**names))
    with psycopg.connect(with_database(admin_url, database), autocommit=True) as inside:
        inside.execute(sql.SQL("ALTER SCHEMA public OWNER TO {o}").format(**names))
        inside.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {a}").format(**names))
