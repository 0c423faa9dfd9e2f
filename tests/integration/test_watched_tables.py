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
from shared.messaging.moving import move
from shared.proof.sealing import seal_all

#: A migration.
STEP = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "{revision}", "{before}", None, None

def upgrade():
    {body}
"""
_EVENT = """
    INSERT INTO outbox (event_id, type, subject, time, traceparent, data)
    VALUES (gen_random_uuid(), 'lapak.test.Tried.v1', :subject, now(), '-', '{}')
"""
#: What has no digest of its own before it is sealed.
UNDIGESTED = ("event_log", "outbox", "payment", "sale", "sale_line")
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
    steps, last = steps_of("training", tmp_path, monkeypatch), migrations.head("training")
    rewrites = "op.execute(\"UPDATE skill SET name_id = 'Mengelas'\")"
    (steps / "9001.py").write_text(STEP.format(revision="9001", before=last, body=rewrites))
    (steps / "9002.py").write_text(STEP.format(revision="9002", before="9001", body='raise ValueError("a slip")'))
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


@pytest.mark.parametrize("service", SERVICES)
def test_a_hand_in_events_that_are_not_sealed_yet_is_named(
    database_for: Callable[..., Database], urls_for: Callable[..., DatabaseUrls], service: str
) -> None:
    """Before and after they are in the log. The courier, which takes them out of the outbox, is no foreign hand."""
    databases = {name: database_for(name) for name in SERVICES}
    for number in (1, 2):
        with databases[service].transaction() as session:
            session.execute(text(_EVENT), {"subject": f"subject {number}"})
    with psycopg.connect(urls_for(service).owner) as hand:
        hand.execute("UPDATE outbox SET subject = 'another' WHERE subject = 'subject 1'")
        hand.execute("DELETE FROM outbox WHERE subject = 'subject 2'")
    for number in (3, 4, 5):
        with databases[service].transaction() as session:
            session.execute(text(_EVENT), {"subject": f"subject {number}"})
    with databases[service].transaction() as session:
        assert move(session).events == 4
    with psycopg.connect(urls_for(service).owner) as hand:
        hand.execute("UPDATE event_log SET subject = 'another' WHERE subject = 'subject 3'")
        hand.execute("DELETE FROM event_log WHERE subject = 'subject 4'")
    seal_all(databases[service])
    with views(databases) as lanes:
        named = [line.partition(":")[0] for line in check_hands(lanes[0], service).drift]
    assert named == ["outbox 1", "outbox 2", "event_log 2", "event_log 3"]


def test_a_database_of_before_notes_hands_from_the_step_on(
    database_for: Callable[..., Database],
    urls_for: Callable[..., DatabaseUrls],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    databases = {service: database_for(service) for service in SERVICES}
    owner = urls_for("sales").owner
    with psycopg.connect(owner) as older:
        older.execute("DROP FUNCTION put_triggers")
        for table in UNDIGESTED:
            older.execute(f"DROP TRIGGER post_update ON {table}".encode())
            older.execute(f"DROP TRIGGER post_delete ON {table}".encode())

    def gone() -> list[str]:
        with views(databases) as lanes:
            return check_watched(lanes[0], "sales").drift

    assert len(gone()) == 2 * len(UNDIGESTED)
    steps, last = steps_of("sales", tmp_path, monkeypatch), migrations.head("sales")
    again = STEP.format(revision="9001", before=last, body="see_hands()")
    (steps / "9001.py").write_text(f"from shared.proof.steps import see_hands\n{again}")
    migrations.upgrade("sales", owner)
    assert gone() == []


def steps_of(service: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a service's migrations, to which a test adds its own; where they lie."""
    copy = folder / service / "migrations"
    shutil.copytree(migrations._SERVICES / service / "migrations", copy)
    monkeypatch.setattr(migrations, "_SERVICES", folder)
    return copy / "versions"
