"""Code and schema may be of two releases: during an upgrade, and on the way back (docs/operations.md, Upgrade)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from shared import config, migrations
from shared.cli.migrate import migrate
from shared.db import Database
from shared.http import health
from shared.local import cluster, schema


@pytest.fixture
def stands_at(
    urls_for: Callable[..., cluster.DatabaseUrls], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str], None]:
    """Three databases at the newest schema, known by the environment; set one of them to another revision."""
    for service in config.SERVICES:
        monkeypatch.setenv(f"LAPAK_{service.upper()}_OWNER_DATABASE_URL", urls_for(service).owner)
        monkeypatch.setenv(f"LAPAK_{service.upper()}_DATABASE_URL", urls_for(service).app)

    def set_to(service: str, revision: str) -> None:
        engine = create_engine(urls_for(service).owner.replace("postgresql://", "postgresql+psycopg://", 1))
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
        engine.dispose()

    return set_to


def _ready(database: Database) -> tuple[int, str]:
    app = Flask("probe")
    app.register_blueprint(health.blueprint("sales", database, migrations.head("sales")), url_prefix="/sales")
    answer = app.test_client().get("/sales/readyz")
    return answer.status_code, answer.json["database"]  # type: ignore[index]


def test_readiness(stands_at: Callable[[str, str], None], database_for: Callable[..., Database]) -> None:
    """An older schema is not enough; a newer one is: old processes go on while the new ones are being started."""
    assert _ready(database_for("sales")) == (200, "ready")
    stands_at("sales", "9999")
    assert _ready(database_for("sales")) == (200, "ready")
    stands_at("sales", "0000")
    status, said = _ready(database_for("sales"))
    assert (status, said) == (503, f"schema at 0000, expected {migrations.head('sales')}")


def test_migrate_check_tells_older_from_newer(stands_at: Callable[[str, str], None]) -> None:
    head = migrations.head("inventory")
    well = CliRunner().invoke(migrate, ["--check"])
    assert (well.exit_code, f"inventory: at {head}\n" in well.output) == (0, True)
    stands_at("inventory", "9999")
    newer = CliRunner().invoke(migrate, ["--check"])
    assert newer.exit_code == 0
    assert f"inventory: at 9999, newer than the {head} that this code knows" in newer.output
    stands_at("inventory", "0000")
    older = CliRunner().invoke(migrate, ["--check"])
    assert older.exit_code == 1
    assert f"inventory: at 0000, this code needs {head}" in older.output


def test_a_newer_schema_is_left_as_it_is(stands_at: Callable[[str, str], None]) -> None:
    """Going back to the image before: its `migrate`, for which all processes wait, ends well and changes nothing."""
    stands_at("sales", "9999")
    done = CliRunner().invoke(migrate)
    assert done.exit_code == 0, done.output
    assert "sales: at 9999, newer" in done.output
    assert schema.current(config.get("LAPAK_{SERVICE}_OWNER_DATABASE_URL", "sales")) == "9999"


#: What takes something away that the release before still uses. (Views and functions are made anew as a whole.)
_TAKES_AWAY = ("drop_column", "drop_table", "rename_table", "alter_column", "DROP TABLE", "DROP COLUMN", "RENAME")
#: What a migration says of what looks like that.
_SAYS = ("\ncontracts = ", "\nkeeps = ")
_MADE_BEFORE_THE_FIRST_RELEASE = {"0001", "0002", "0003"}


def test_migrations_expand_and_contract_only_on_purpose() -> None:
    """A migration that takes something away says since which release nothing uses it: `contracts = "0.1.0"`.

    One that only looks like it says why the release before notices nothing: `keeps = "on_hand only holds more"`.
    """
    root = Path(migrations.__file__).parent.parent / "services"
    for path in sorted(root.glob("*/migrations/versions/[0-9]*.py")):
        content = path.read_text(encoding="utf-8")
        forward = content.partition("def downgrade")[0]
        if path.name[:4] not in _MADE_BEFORE_THE_FIRST_RELEASE and any(word in forward for word in _TAKES_AWAY):
            said = any(word in content for word in _SAYS)
            assert said, f"{path} takes something away; see docs/operations.md, Upgrade"


def test_a_migration_does_not_queue_everybody_behind_it(
    urls_for: Callable[..., cluster.DatabaseUrls], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gives up when a table is not to be had, tries again, and says so in the end."""
    monkeypatch.setattr(migrations, "_TRIES", 2)
    monkeypatch.setattr(migrations, "_PAUSE", 0.01)
    urls = urls_for("sales")
    with psycopg.connect(urls.owner) as holder:
        holder.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(OperationalError, match="lock timeout"):
            migrations.upgrade("sales", urls.owner)
    migrations.upgrade("sales", urls.owner)
