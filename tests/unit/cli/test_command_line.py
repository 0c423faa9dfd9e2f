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


def test_secrets_for_compose_are_made_once(tmp_path: Path) -> None:
    first = CliRunner().invoke(secrets, [str(tmp_path)])
    assert first.exit_code == 0
    before = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert CliRunner().invoke(secrets, [str(tmp_path)]).exit_code == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == before
    wanted = {"redis_url", "redis.conf", "redis_password", "postgres_password", "postgres_admin_url", "identity_keys"}
    wanted |= {"token_private_key", "token_public_keys"}
    wanted |= {f"{service}_{kind}" for service in SERVICES for kind in ("database_url", "owner_database_url")}
    assert wanted <= before.keys()
    assert f"requirepass {before['redis_password'].strip()}" in before["redis.conf"]


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
