"""Databases on a server of somebody else's: several hosts, of which one is down, and TLS, told as libpq is told."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text

from shared.config import SERVICES, WrongSetting
from shared.db import Database, libpq
from shared.local.provision import with_database
from tests import tls
from tests.integration.shared.conftest import Installation


@dataclass(frozen=True)
class Elsewhere:
    """The test's PostgreSQL, as a second host; nobody answers at the first. By TLS for who is to trust something."""

    port: int
    trusted: Path | None = None

    def url(self, role: str, database: str, *, written: str) -> str:
        """A database there; `role` with its password."""
        more = "target_session_attrs=read-write"
        more += f"&sslmode=verify-full&sslrootcert={self.trusted}" if self.trusted else ""
        if written == "hosts with ports":
            return f"postgresql://{role}@127.0.0.1:1,127.0.0.1:{self.port}/{database}?{more}"
        return f"postgresql://{role}@/{database}?host=127.0.0.1,127.0.0.1&port=1,{self.port}&{more}"

    def settings(self, prefix: str, admin_url: str, *, written: str) -> dict[str, str]:
        """Databases whose names begin with `prefix`, with roles of these tests' own."""
        superuser = urlsplit(admin_url).netloc.partition("@")[0]
        found = {"LAPAK_POSTGRES_ADMIN_URL": self.url(superuser, "postgres", written=written)}
        for service in SERVICES:
            for kind, name in (("owner", "OWNER_DATABASE_URL"), ("app", "DATABASE_URL")):
                role = f"{prefix}_{kind}:p%40ss"
                url = self.url(role, f"{prefix}_{service}", written=written)
                found[f"LAPAK_{service.upper()}_{name}"] = url
        return found


@pytest.fixture
def behind_tls(lapak: Installation, tmp_path: Path) -> Iterator[Elsewhere]:
    """Reached by TLS only."""
    with tls.door(shown := tls.certificate(tmp_path), _port(lapak), postgres=True) as port:
        yield Elsewhere(port, shown.public)


def _port(lapak: Installation) -> int:
    found = urlsplit(lapak.admin_url).port
    assert found is not None
    return found


@pytest.fixture
def prefix(lapak: Installation) -> Iterator[str]:
    """Of databases and roles that are dropped at the end."""
    made = f"t_{uuid.uuid4().hex[:8]}"
    yield made
    with psycopg.connect(lapak.admin_url, autocommit=True) as admin:
        for kind, column, catalogue in (("DATABASE", "datname", "pg_database"), ("ROLE", "rolname", "pg_roles")):
            found = admin.execute(f"SELECT {column} FROM {catalogue} WHERE {column} LIKE %s", [f"{made}%"]).fetchall()
            for (name,) in found:
                admin.execute(sql.SQL(f"DROP {kind} {{}}").format(sql.Identifier(name)))


WAYS = ("hosts with ports", "parameters")


@pytest.mark.parametrize("written", WAYS)
def test_databases_are_made_and_used_there(
    lapak: Installation, behind_tls: Elsewhere, prefix: str, written: str
) -> None:
    settings = behind_tls.settings(prefix, lapak.admin_url, written=written)
    for command in (["migrate", "--create"], ["migrate", "--check"], ["verify"]):
        done = lapak.run(*command, settings=settings)
        assert done.returncode == 0, done.stdout + done.stderr
    database = Database(settings["LAPAK_SALES_DATABASE_URL"])
    with database.transaction() as session:
        session.execute(text("INSERT INTO revoked_token (jti, expires_at) VALUES ('kept', now())"))
    assert database.call("SELECT jti FROM revoked_token WHERE jti = %(jti)s", {"jti": "kept"})[0].jti == "kept"
    database.dispose()


@pytest.mark.parametrize("written", WAYS)
def test_databases_are_saved_and_restored_there(lapak: Installation, prefix: str, written: str) -> None:
    settings = Elsewhere(_port(lapak)).settings(prefix, lapak.admin_url, written=written)
    for command in (["migrate", "--create"], ["backup", str(lapak.folder)]):
        done = lapak.run(*command, settings=settings)
        assert done.returncode == 0, done.stdout + done.stderr
    database = Database(settings["LAPAK_SALES_DATABASE_URL"])
    with database.transaction() as session:
        session.execute(text("INSERT INTO revoked_token (jti, expires_at) VALUES ('later', now())"))
    done = lapak.run("restore", *(str(lapak.folder / name) for name in lapak.backups()), "--yes", settings=settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert database.call("SELECT jti FROM revoked_token", {}) == [], "as it was when it was saved"
    database.dispose()


def test_a_server_with_another_certificate_is_told_nothing(
    lapak: Installation, behind_tls: Elsewhere, prefix: str, tmp_path: Path
) -> None:
    other = Elsewhere(behind_tls.port, tls.certificate(tmp_path, "other").public)
    settings = other.settings(prefix, lapak.admin_url, written="hosts with ports")
    for command in (["migrate", "--create"], ["migrate", "--check"], ["verify"], ["backup", str(lapak.folder)]):
        done = lapak.run(*command, settings=settings)
        assert done.returncode in {1, 2}
        assert "certificate verify failed" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://x:%secret@h/d", "invalid percent-encoded token"),
        ("postgresql://x:secret@h/d?sslmod=require", "invalid URI query parameter"),
        ("postgres:secret", "missing"),
    ],
)
def test_a_url_that_cannot_be_read_is_refused_in_one_line_and_not_shown(
    lapak: Installation, url: str, says: str
) -> None:
    with pytest.raises(WrongSetting, match=re.escape(says)):
        libpq(url)
    for command in ("migrate", "verify"):
        names = [f"LAPAK_{s.upper()}_{kind}DATABASE_URL" for s in SERVICES for kind in ("", "OWNER_")]
        done = lapak.run(command, settings=dict.fromkeys(names, url))
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr
        assert "sec" not in done.stderr


def test_what_a_url_says_of_a_session_holds_beside_what_we_say(lapak: Installation) -> None:
    url = f"{lapak.url('sales')}?options=-c%20search_path%3Dapart&connect_timeout=2&application_name=mine"
    database = Database(url, application_name="lapak test")
    with database.transaction() as session:
        names = ("search_path", "timezone", "application_name")
        found = [session.execute(text(f"SHOW {name}")).scalar_one() for name in names]
        assert found == ["apart", "UTC", "lapak test"], "processes are seen by their name"
    database.dispose()


def test_another_database_of_the_same_server_is_meant_wherever_the_url_names_it() -> None:
    for url in ("postgresql://r:p@a:1,b:2/one?sslmode=require", "postgresql://r:p@a:1,b:2?dbname=one&sslmode=require"):
        wanted = {"user": "r", "password": "p", "host": "a,b", "port": "1,2", "dbname": "two", "sslmode": "require"}
        assert libpq(with_database(url, "two")) == wanted
