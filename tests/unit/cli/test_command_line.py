"""The command line, as far as it needs nothing running."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from shared import auth
from shared.cli.__main__ import COMMANDS
from shared.cli.docs import configuration
from shared.cli.secrets import secrets
from shared.cli.token import token
from shared.config import SERVICES, SETTINGS
from shared.db import libpq
from shared.local import keyring
from shared.local.home import ROOT


def test_help_lists_every_command_and_loads_none() -> None:
    loads = (
        "import sys; from shared.cli.__main__ import main; main(['--help'], standalone_mode=False); "
        "print([name for name in sys.modules if name.startswith(('services', 'sqlalchemy', 'rich', 'psycopg'))])"
    )
    done = subprocess.run([sys.executable, "-c", loads], cwd=ROOT, capture_output=True, text=True, check=True)
    for name, entry in COMMANDS.items():
        assert name in done.stdout
        assert entry.help[:30] in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_the_last_line_is_a_token_and_the_rest_goes_elsewhere() -> None:
    done = CliRunner().invoke(
        token, ["--role", "register", "--outlet", "OUT-1", "--register", "OUT-1-1", "--days", "3"]
    )
    assert done.exit_code == 0
    (line,) = done.stdout.splitlines()
    issued = auth.verify(line)
    assert (issued.role, issued.outlet, issued.register) == ("register", "OUT-1", "OUT-1-1")
    ends = datetime.fromtimestamp(issued.expires_at, UTC)
    assert abs(ends - datetime.now(UTC) - timedelta(days=3)) < timedelta(minutes=1)
    assert issued.jti in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--role is missing"),
        (["--role", "king"], "is not one of"),
        (["--role", "terminal"], "--workshop"),
        (["--role", "register", "--outlet", "OUT-1"], "--register"),
        (["--role", "outlet"], "--outlet"),
        (["--role", "service"], "--service"),
        (["--role", "staff", "--outlet", "OUT-1"], "no scope"),
        (["--role", "staff", "--days", "0"], "range"),
    ],
)
def test_a_token_without_the_scope_of_its_role_is_not_issued(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(token, arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert says in done.stderr


def test_only_a_token_can_be_revoked() -> None:
    done = CliRunner().invoke(token, ["revoke", "a.b.c"])
    assert done.exit_code == 2
    assert "neither a token" in done.stderr


def _secrets(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    }


def test_secrets_for_compose_are_made_once(tmp_path: Path) -> None:
    first = CliRunner().invoke(secrets, [str(tmp_path)])
    assert first.exit_code == 0
    before = _secrets(tmp_path)
    assert CliRunner().invoke(secrets, [str(tmp_path)]).exit_code == 0
    assert _secrets(tmp_path) == before
    wanted = {f"common/{name}" for name in ("redis_url", "token_private_key", "token_public_keys")}
    wanted |= {
        f"servers/{name}" for name in ("redis.conf", "redis_password", "postgres_password", "postgres_admin_url")
    }
    wanted |= {"training/identity_keys", *(f"{service}/database_url" for service in SERVICES)}
    wanted |= {f"servers/{service}_owner_database_url" for service in SERVICES}
    assert wanted == {name for name in before if not name.startswith("kept/")}
    assert f"requirepass {before['servers/redis_password'].strip()}" in before["servers/redis.conf"]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "kept").iterdir()} == {0o600}


def test_secrets_for_servers_elsewhere_name_them_and_are_remembered(tmp_path: Path) -> None:
    redis = "sentinel://:of-theirs@a,b,c/0?master=shops"
    given = ["--postgres", "a:5432,b:5433?sslmode=verify-full&sslrootcert=/etc/ca.pem", "--redis", redis]
    for options in (given, []):  # the second time, as when keys were rotated, nobody says it again
        assert CliRunner().invoke(secrets, [str(tmp_path), *options]).exit_code == 0
        found = _secrets(tmp_path)
        assert found["common/redis_url"] == f"{redis}\n"
        assert not {"servers/redis.conf", "servers/redis_password"} & found.keys(), "that Redis is not ours"
        urls = {"sales/database_url": ("lapak_sales_app", "lapak_sales")}
        urls["servers/sales_owner_database_url"] = ("lapak_sales_owner", "lapak_sales")
        urls["servers/postgres_admin_url"] = ("postgres", "postgres")
        for name, (user, dbname) in urls.items():
            told = {"host": "a,b", "port": "5432,5433", "sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}
            told |= {"user": user, "dbname": dbname}
            assert told.items() <= libpq(found[name].strip()).items()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--postgres", "postgresql://a:5432"], "HOST:PORT,HOST:PORT?parameters"),
        (["--postgres", "me@a:5432"], "HOST:PORT,HOST:PORT?parameters"),
        (["--postgres", "a:5432?sslmod=require"], "--postgres: a database URL cannot be read"),
        (["--redis", "sentinel://a,b/0"], "--redis: LAPAK_REDIS_URL is no URL of a Redis"),
        (["--redis", "a:many"], "--redis: LAPAK_REDIS_URL is no URL of a Redis"),
        (["--redis", "http://a"], "must begin with redis://"),
    ],
)
def test_secrets_for_servers_that_nobody_could_reach_are_not_written(
    tmp_path: Path, options: list[str], says: str
) -> None:
    CliRunner().invoke(secrets, [str(tmp_path)])
    before = _secrets(tmp_path)
    done = CliRunner().invoke(secrets, [str(tmp_path), *options])
    assert (done.exit_code, says in done.stderr) == (2, True), done.stderr
    assert _secrets(tmp_path) == before


def test_a_rotated_key_is_handed_on(tmp_path: Path) -> None:
    CliRunner().invoke(secrets, [str(tmp_path)])
    made = keyring.add(tmp_path / "kept", "identity")
    CliRunner().invoke(secrets, [str(tmp_path)])
    newest = _secrets(tmp_path)["training/identity_keys"].split(",")[0]
    assert keyring.fingerprint(newest) == made


def test_every_setting_is_described() -> None:
    page = configuration()
    for setting in SETTINGS:
        assert f"`{setting.name}`" in page
        assert setting.help in page


def test_the_demo_says_where_nobody_answers() -> None:
    from services.system.demo import command

    done = CliRunner().invoke(command, ["--url", "http://127.0.0.1:1"])
    assert done.exit_code == 1
    assert "does not answer at http://127.0.0.1:1" in done.output


def test_verify_says_that_it_could_not_look(monkeypatch: pytest.MonkeyPatch) -> None:
    from services.system.verify import UNREACHABLE, command

    for name in SERVICES:
        monkeypatch.setenv(f"LAPAK_{name.upper()}_DATABASE_URL", "postgresql://nobody:nothing@127.0.0.1:1/none")
    done = CliRunner().invoke(command, [])
    assert done.exit_code == UNREACHABLE
    assert "Nothing was compared" in done.output
