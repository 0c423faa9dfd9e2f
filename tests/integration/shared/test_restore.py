"""Putting backups in place: all that was chosen, or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from alembic import command
from psycopg import errors, sql
from sqlalchemy import create_engine, pool

from shared import migrations
from shared.config import SERVICES
from tests.integration.shared.conftest import Installation, rewrite
from tests.waiting import PATIENCE, until

_AWAY = "postgresql://postgres:x@127.0.0.1:1/postgres"


def _restored(lapak: Installation, backup: Path, *options: str) -> str:
    done = lapak.run("restore", str(backup), "--yes", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _refused(lapak: Installation, *arguments: str, **settings: str) -> str:
    """The one line that a refusal says; nothing has changed by it."""
    epochs = lapak.epochs()
    done = lapak.run("restore", *arguments, settings=settings)
    assert done.returncode in {1, 2}, done.stdout + done.stderr
    assert lapak.epochs() == epochs
    assert lapak.beside() == []
    (line,) = done.stderr.splitlines()
    return line


def test_with_no_process_running_the_databases_are_as_they_were(lapak: Installation) -> None:
    backup, epochs = lapak.back_up(), lapak.epochs()
    rights = {service: lapak.rights(service) for service in SERVICES}
    lapak.mark("two")
    said = _restored(lapak, backup)
    for service in SERVICES:
        assert lapak.marks(service) == ["one"]
        assert lapak.rights(service) == rights[service]
        (before,) = [name for name in lapak.beside() if name.startswith(lapak.name(service))]
        assert f'DROP DATABASE "{before}"' in said
        with psycopg.connect(lapak.url(service, owner=False)) as app:
            assert app.execute("SELECT FROM pg_stats WHERE tablename = 'delivery'").fetchall(), "no statistics"
            assert app.execute("SELECT epoch, shared FROM ancestor").fetchall() == [(epochs[service], 0)]
            with pytest.raises(errors.InsufficientPrivilege):
                app.execute("UPDATE event_log SET seq = seq")
    assert not [name for name in lapak.beside() if name.endswith("_restoring")]
    assert not set(lapak.epochs().values()) & set(epochs.values())
    assert lapak.run("verify").returncode == 0


def test_who_is_restored_with_its_source_follows_the_new_epoch_from_the_first_moment_on(lapak: Installation) -> None:
    """What still lies on its queue is of the epoch that was left: it must not take effect in between."""
    followed = lapak.epochs()["inventory"]
    with psycopg.connect(lapak.url("sales", owner=True)) as sales:
        sales.execute("INSERT INTO source_state (source, epoch) VALUES ('inventory', %s)", [followed])
        sales.execute("INSERT INTO cursor (source, epoch, types) VALUES ('inventory', %s, '{a}')", [followed])
    _restored(lapak, lapak.back_up())
    with psycopg.connect(lapak.url("sales", owner=True)) as sales:
        known = sales.execute("SELECT epoch FROM source_state WHERE source = 'inventory'").fetchall()
        rows = sales.execute("SELECT epoch, types FROM cursor WHERE source = 'inventory'").fetchall()
    now_followed = lapak.epochs()["inventory"]
    assert (known, now_followed != followed) == ([(now_followed,)], True)
    assert sorted(rows, key=str) == sorted([(followed, ["a"]), (now_followed, ["a"])], key=str)


def test_one_service_alone_and_a_database_that_is_gone(lapak: Installation) -> None:
    backup, epochs = lapak.back_up(), lapak.epochs()
    lapak.mark("two")
    with psycopg.connect(lapak.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(lapak.name("inventory"))))
    assert "DROP DATABASE" not in _restored(lapak, backup, "--service", "inventory")
    assert [lapak.marks(service) for service in SERVICES] == [["one", "two"], ["one"], ["one", "two"]]
    changed = [service for service, epoch in lapak.epochs().items() if epoch != epochs[service]]
    assert changed == ["inventory"]
    assert lapak.beside() == []


def test_a_check_changes_nothing(lapak: Installation) -> None:
    backup, epochs = lapak.back_up(), lapak.epochs()
    done = lapak.run("restore", str(backup), "--check", settings={"LAPAK_POSTGRES_ADMIN_URL": _AWAY})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "It can be restored."
    assert (lapak.epochs(), lapak.beside()) == (epochs, [])


def test_it_asks_and_names_what_it_replaces(lapak: Installation) -> None:
    backup, epochs = lapak.back_up(), lapak.epochs()
    done = lapak.run("restore", str(backup))  # nobody answers
    assert done.returncode == 1
    for service in SERVICES:
        assert f"takes the place of the database {lapak.name(service)}, which is kept as" in done.stdout
    assert (lapak.epochs(), lapak.beside()) == (epochs, [])


def _migrate(url: str, revision: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=pool.NullPool)
    with engine.begin() as connection:
        made = migrations._config("sales")
        made.attributes["connection"] = connection
        command.upgrade(made, revision)


def test_an_older_schema_is_brought_up_to_date(lapak: Installation) -> None:
    with psycopg.connect(lapak.url("sales")) as owner:
        owner.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    _migrate(lapak.url("sales"), "0001")
    backup = lapak.back_up("--service", "sales")
    assert json.loads((backup / "manifest.json").read_text(encoding="utf-8"))["services"]["sales"]["schema"] == "0001"
    _restored(lapak, backup)
    assert lapak.run("migrate", "--check").returncode == 0


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


_DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "one byte": (lambda backup: _flip(backup / "sales.dump"), "sales.dump is damaged: its content"),
    "the end": (lambda backup: _cut_off(backup / "sales.dump"), "sales.dump is damaged: "),
    "a file": (lambda backup: (backup / "inventory.dump").unlink(), "inventory.dump: No such file"),
    "the manifest": (lambda backup: (backup / "manifest.json").unlink(), "is this a backup?"),
    "not JSON": (lambda backup: _cut_off(backup / "manifest.json"), "is not a backup's manifest"),
    "other JSON": (lambda backup: (backup / "manifest.json").write_text("[]"), "is not a backup's manifest"),
    "a path": (lambda backup: rewrite(backup, dump={"file": "../sales.dump"}), "is not a backup's manifest"),
    "newer format": (lambda backup: rewrite(backup, format=2), "its format is 2, and this Lapak reads up to 1"),
    "newer schema": (lambda backup: rewrite(backup, dump={"schema": "9999"}), "training.dump: its schema is 9999"),
    "newer dump": (lambda backup: rewrite(backup, pg_dump=99), "PostgreSQL 99 or newer"),
    "unknown": (lambda backup: rewrite(backup, services={"lending": _dump(backup)}), "no service lending is known"),
}


def _dump(backup: Path) -> object:
    return json.loads((backup / "manifest.json").read_text(encoding="utf-8"))["services"]["sales"]


def test_a_damaged_or_newer_backup_is_refused_by_name(lapak: Installation) -> None:
    backup = lapak.back_up()
    for what, (damage, complaint) in _DAMAGE.items():
        copy = shutil.copytree(backup, lapak.folder.parent / what)
        damage(copy)
        assert complaint in _refused(lapak, str(copy), "--yes"), what


def test_what_is_no_dump_is_refused_although_its_checksum_is_right(lapak: Installation) -> None:
    backup = lapak.back_up("--service", "sales")
    text = b"no dump"
    (backup / "sales.dump").write_bytes(text)
    rewrite(backup, dump={"size": len(text), "sha256": hashlib.sha256(text).hexdigest()})
    assert "sales.dump cannot be read: pg_restore: error" in _refused(lapak, str(backup), "--yes")


def test_what_is_not_in_the_backup_is_refused(lapak: Installation) -> None:
    backup = lapak.back_up("--service", "sales")
    assert "holds sales, and not training" in _refused(lapak, str(backup), "--yes", "--service", "training")
    assert "is this a backup?" in _refused(lapak, str(backup / "nowhere"), "--yes")


def test_a_database_that_is_away(lapak: Installation) -> None:
    backup = lapak.back_up()
    said = _refused(lapak, str(backup), "--yes", LAPAK_POSTGRES_ADMIN_URL=_AWAY)
    assert said.startswith("Error: the database server: connection failed")
    port = str(urlsplit(lapak.admin_url).port)
    said = _refused(lapak, str(backup), "--yes", LAPAK_SALES_OWNER_DATABASE_URL=lapak.url("sales").replace(port, "1"))
    assert said.startswith("Error: sales: pg_restore: error: connection to server")


def test_a_dump_that_cannot_be_brought_up_to_date_changes_nothing(lapak: Installation) -> None:
    with psycopg.connect(lapak.url("sales")) as owner:
        owner.execute("UPDATE alembic_version SET version_num = '0002x'")  # of a version that never was
    backup = lapak.back_up()
    rewrite(backup, dump={"schema": "0001"})
    assert "Error: sales: Can't locate revision" in _refused(lapak, str(backup), "--yes")  # the others were ready


def test_a_swap_that_fails_halfway_is_undone(lapak: Installation) -> None:
    backup = lapak.back_up()
    with psycopg.connect(lapak.admin_url) as admin:
        comment = sql.SQL("COMMENT ON DATABASE {} IS 'in the way'")
        admin.execute(comment.format(sql.Identifier(lapak.name("sales"))))
        said = _refused(lapak, str(backup), "--yes", "--service", "training", "--service", "sales")
        admin.rollback()
    assert said == "Error: the database server: canceling statement due to lock timeout"


def test_a_restore_killed_in_the_swap_has_changed_nothing_and_the_next_one_works(lapak: Installation) -> None:
    backup, epochs = lapak.back_up(), lapak.epochs()
    with psycopg.connect(lapak.admin_url) as admin:
        comment = sql.SQL("COMMENT ON DATABASE {} IS 'in the way'")
        admin.execute(comment.format(sql.Identifier(lapak.name("sales"))))
        begun = lapak.start("restore", str(backup), "--yes")
        _await_rename(lapak, "sales")
        begun.kill()
        begun.communicate()
        admin.rollback()
    assert lapak.epochs() == epochs
    assert lapak.beside() == [f"{lapak.name(service)}_restoring" for service in sorted(SERVICES)]
    _restored(lapak, backup)
    assert not [name for name in lapak.beside() if name.endswith("_restoring")]


def test_a_restore_that_is_asked_to_end_leaves_nothing(lapak: Installation) -> None:
    backup, epochs = lapak.back_up(), lapak.epochs()
    begun = lapak.start("restore", str(backup), "--yes")
    while not lapak.beside():
        assert begun.poll() is None
    begun.terminate()
    begun.communicate(timeout=PATIENCE)
    assert begun.returncode == 128 + signal.SIGTERM
    assert (lapak.epochs(), lapak.beside()) == (epochs, [])


def _await_rename(lapak: Installation, service: str) -> None:
    waits = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"
    with psycopg.connect(lapak.admin_url, autocommit=True) as admin:
        rename = f'ALTER DATABASE "{lapak.name(service)}" RENAME%'
        until("the swap", lambda: admin.execute(waits, (rename,)).fetchall())


def test_one_restore_at_a_time(lapak: Installation) -> None:
    backup = lapak.back_up()
    with psycopg.connect(lapak.admin_url) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('lapak restore'))")
        assert _refused(lapak, str(backup), "--yes") == "Error: another restore is at work"


def test_a_missing_identity_key_is_warned_of(lapak: Installation) -> None:
    backup, key = lapak.back_up(), os.environ["LAPAK_IDENTITY_KEYS"]

    def warning(keys: str, *options: str) -> str:
        done = lapak.run("restore", str(backup), "--check", *options, settings={"LAPAK_IDENTITY_KEYS": keys})
        assert done.returncode == 0
        return done.stderr

    assert f"lacks {hashlib.sha256(key.encode()).hexdigest()[:16]}" in warning("another")
    assert warning(f"newer, {key}") == ""
    assert warning("another", "--service", "sales") == ""


def test_a_name_that_could_not_be_put_aside_is_refused(lapak: Installation) -> None:
    backup = lapak.back_up("--service", "sales")
    long = f"postgresql://x@127.0.0.1/{'x' * 40}"
    assert "longer than PostgreSQL's 63 bytes" in _refused(
        lapak, str(backup), "--yes", LAPAK_SALES_OWNER_DATABASE_URL=long
    )
