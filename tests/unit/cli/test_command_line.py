"""The command line, as far as it needs nothing running."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from shared import auth, redis_acl, redis_url
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
    issued = auth.verify(line, at="sales")
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
    wanted = {f"redis/{name}" for name in ("redis.conf", "users.acl", "health_password")}
    wanted |= {"public/token_public_keys", "names/identity_keys", "office/private_key", "flower/redis_url"}
    wanted |= {"postgres/postgres_password", "operator/postgres_admin_url"}
    for service in SERVICES:
        wanted |= {f"{service}/database_url", f"operator/{service}_owner_database_url", f"{service}-worker/redis_url"}
        wanted |= {f"{service}-{kind}/{name}" for kind in ("web", "courier") for name in ("private_key", "redis_url")}
    assert wanted == {name for name in before if not name.startswith("kept/")}


def _modes(folder: Path) -> dict[str, set[int]]:
    return {
        one.name: {one.stat().st_mode & 0o777, *(path.stat().st_mode & 0o777 for path in one.iterdir())}
        for one in folder.iterdir()
    }


def test_secrets_can_be_read_by_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    assert CliRunner().invoke(secrets, [str(folder)]).exit_code == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = _modes(folder)
    assert modes.pop("kept") == {0o700, 0o600}
    assert set(map(frozenset, modes.values())) == {frozenset({0o700, 0o400})}
    # In compose PostgreSQL and Redis run as users of their own, in the group of ours.
    CliRunner().invoke(secrets, [str(folder), "--group"])
    modes = _modes(folder)
    assert {name for name, found in modes.items() if found == {0o750, 0o440}} == {"postgres", "redis"}
    assert not any(mode & 0o007 for found in modes.values() for mode in found)


def test_what_earlier_releases_left_stays_until_it_is_tidied(tmp_path: Path) -> None:
    left = [tmp_path / "common" / "token_private_key", tmp_path / "servers" / "redis.conf"]
    for path in left:
        path.parent.mkdir()
        path.write_text("of v0.1.0", encoding="utf-8")
    CliRunner().invoke(secrets, [str(tmp_path)])
    assert all(path.exists() for path in left)
    done = CliRunner().invoke(secrets, [str(tmp_path), "--tidy"])
    assert not any(path.parent.exists() for path in left)
    assert "removed common" in done.stdout
    assert _secrets(tmp_path).keys() >= {"kept/redis", "office/private_key", "sales/database_url"}


def test_secrets_for_servers_elsewhere_name_them_and_are_remembered(tmp_path: Path) -> None:
    redis = "sentinel://:of-theirs@a,b,c/0?master=shops"
    given = ["--postgres", "a:5432,b:5433?sslmode=verify-full&sslrootcert=/etc/ca.pem", "--redis", redis]
    for options in (given, []):  # the second time, as when keys were rotated, nobody says it again
        assert CliRunner().invoke(secrets, [str(tmp_path), *options]).exit_code == 0
        found = _secrets(tmp_path)
        assert {found[name] for name in found if name.endswith("/redis_url")} == {f"{redis}\n"}
        assert not {"redis/redis.conf", "redis/users.acl"} & found.keys(), "that Redis is not ours"
        urls = {"sales/database_url": ("lapak_sales_app", "lapak_sales")}
        urls["operator/sales_owner_database_url"] = ("lapak_sales_owner", "lapak_sales")
        urls["operator/postgres_admin_url"] = ("postgres", "postgres")
        for name, (user, dbname) in urls.items():
            told = {"host": "a,b", "port": "5432,5433", "sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}
            told |= {"user": user, "dbname": dbname}
            assert told.items() <= libpq(found[name].strip()).items()


@pytest.mark.parametrize("place", ["sentinel://a,b/0?master=shops", "rediss://a:1/0?ssl_ca_certs=/ca.pem", "a:7000"])
def test_each_process_gets_a_login_of_its_own_at_a_redis_elsewhere(tmp_path: Path, place: str) -> None:
    assert CliRunner().invoke(secrets, [str(tmp_path), "--redis", place]).exit_code == 0
    found = _secrets(tmp_path)
    logins = {name: redis_url.parse(text.strip()) for name, text in found.items() if name.endswith("/redis_url")}
    assert {one.username for one in logins.values()} == {*redis_acl.USERS} - {"health"}
    assert len({one.password for one in logins.values()}) == len(redis_acl.USERS) - 1
    assert logins["sales-web/redis_url"].username == logins["training-web/redis_url"].username == "web"
    users = re.findall(r"^user (\S+) on #[0-9a-f]{64} ", found["redis/users.acl"], re.MULTILINE)
    assert users == ["default", *redis_acl.USERS]


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
    newest = _secrets(tmp_path)["names/identity_keys"].split(",")[0]
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
