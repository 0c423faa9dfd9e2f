"""What is watched is said by the tables' owner alone, and a migration that rewrites rows is no foreign hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.system.verify.findings import Check
from services.system.verify.rows import check_hands, check_table, check_watched, to_compare
from services.system.verify.snapshots import views
from shared import migrations
from shared.config import SERVICES
from shared.db import Database
from shared.local.cluster import DatabaseUrls
from shared.proof.sealing import seal_all

_STEP = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "{revision}", "{before}", None, None

def upgrade():
    {body}
"""
_SKILL = "INSERT INTO skill (code, name_id, name_en, placeholder, version) VALUES ('las', 'Las', 'Welding', false, 1)"


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM watched", "UPDATE watched SET keeps = 'guarded'", "INSERT INTO watched SELECT * FROM watched"],
)
def test_the_application_cannot_say_what_is_watched(database_for: Callable[..., Database], statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        database_for("training").transaction() as session,
    ):
        session.execute(text(statement))


def test_a_migration_that_rewrites_rows_is_no_foreign_hand_also_if_the_next_one_failed(
    database_for: Callable[..., Database],
    urls_for: Callable[..., DatabaseUrls],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    databases = {service: database_for(service) for service in SERVICES}
    owner = urls_for("training").owner
    with databases["training"].transaction() as session:
        session.execute(text(_SKILL))

    def checks() -> list[Check]:
        seal_all(databases["training"])
        with views(databases) as lanes:
            tables = [check_table(lanes[0], "training", one, None) for one in to_compare(lanes[0], "training")]
            return [check_watched(lanes[0], "training"), check_hands(lanes[0], "training"), *tables]

    def drift() -> list[str]:
        return [line for check in checks() for line in check.drift]

    assert drift() == []
    steps, last = _steps(tmp_path, monkeypatch), migrations.head("training")
    rewrites = "op.execute(\"UPDATE skill SET name_id = 'Mengelas'\")"
    (steps / "9001.py").write_text(_STEP.format(revision="9001", before=last, body=rewrites))
    (steps / "9002.py").write_text(_STEP.format(revision="9002", before="9001", body='raise ValueError("a slip")'))
    with pytest.raises(ValueError, match="a slip"):
        migrations.upgrade("training", owner)
    (steps / "9002.py").unlink()
    migrations.upgrade("training", owner)
    assert drift() == []
    (told,) = checks()[0].explained
    assert told.startswith("skill: taken as it was found on ")
    with psycopg.connect(owner) as hand:
        hand.execute("UPDATE skill SET name_id = 'Las'")
    (named,) = drift()
    assert named.startswith("skill las: written by ")


def _steps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of training's migrations, to which a test adds its own; where they lie."""
    copy = folder / "training" / "migrations"
    shutil.copytree(migrations._SERVICES / "training" / "migrations", copy)
    monkeypatch.setattr(migrations, "_SERVICES", folder)
    return copy / "versions"
