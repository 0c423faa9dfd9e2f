"""Making backups: of one moment, whole or not at all, and no more of them than wanted."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import msgspec
import psutil
import psycopg
import pytest

from shared.backup import manifest, take
from shared.config import SERVICES
from shared.revision import head
from tests.integration.shared.conftest import Installation, rewrite
from tests.waiting import PATIENCE, until

_WAITS = """
    SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_dump' AND wait_event_type = 'Lock' AND datname = %s
"""


def _await_pg_dump(lapak: Installation, service: str) -> None:
    """Wait until pg_dump stands still before a locked table of this service."""
    with psycopg.connect(lapak.admin_url, autocommit=True) as admin:
        until("pg_dump", lambda: admin.execute(_WAITS, (lapak.name(service),)).fetchall())


def test_a_backup_says_what_it_holds(lapak: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPAK_IDENTITY_KEYS", "newest, older")
    done = lapak.run("backup", str(lapak.folder))
    (name,) = lapak.backups()
    assert (done.returncode, done.stderr) == (0, "")  # cron writes no letter
    assert done.stdout.splitlines()[-1] == str(lapak.folder / name)
    assert "events waited" in done.stdout
    written = json.loads((lapak.folder / name / "manifest.json").read_text(encoding="utf-8"))
    assert written["format"] == 1
    assert written["identity_keys"] == [hashlib.sha256(key).hexdigest()[:16] for key in (b"newest", b"older")]
    assert list(written["services"]) == list(SERVICES)
    for service, dump in written["services"].items():
        content = (lapak.folder / name / dump["file"]).read_bytes()
        assert (dump["size"], dump["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert (dump["epoch"], dump["last_seq"]) == (str(lapak.epochs()[service]), 0)
        assert dump["schema"] == head(service)
        assert dump["postgres"].split(".")[0] in {"15", "16", "17", "18"}
    assert (lapak.folder / name).stat().st_mode & 0o077 == 0


def test_no_password_is_on_a_command_line(lapak: Installation) -> None:
    with psycopg.connect(lapak.url("training")) as blocking:
        blocking.execute("LOCK TABLE resident IN ACCESS EXCLUSIVE MODE")
        begun = lapak.start("backup", str(lapak.folder))
        _await_pg_dump(lapak, "training")
        (pg_dump,) = psutil.Process(begun.pid).children()
        shown = " ".join(pg_dump.cmdline())
        blocking.rollback()
    assert begun.wait(PATIENCE) == 0
    assert "pg_dump" in shown
    assert "postgresql:" not in shown
    assert "test-lapak" not in shown  # how the passwords of test databases begin


def test_a_killed_backup_is_not_taken_for_one_and_the_next_one_works(lapak: Installation) -> None:
    with psycopg.connect(lapak.url("inventory")) as blocking:
        blocking.execute("LOCK TABLE lot IN ACCESS EXCLUSIVE MODE")
        begun = lapak.start("backup", str(lapak.folder))
        _await_pg_dump(lapak, "inventory")  # training's dump is there already
        (pg_dump,) = psutil.Process(begun.pid).children()
        begun.kill()
        begun.wait()
        with suppress(psutil.NoSuchProcess):
            pg_dump.wait(PATIENCE)
        assert not pg_dump.is_running(), "pg_dump writes on"
        (left,) = [path for path in lapak.folder.iterdir() if path.is_dir()]
        assert (left / "training.dump").stat().st_size > 0
        assert lapak.backups() == []
        assert "is this a backup?" in lapak.run("restore", str(left), "--check").stderr
    whole = lapak.back_up("--keep", "1")
    assert lapak.backups() == [whole.name]
    assert [path for path in lapak.folder.iterdir() if path.is_dir()] == [whole]
    assert lapak.run("restore", str(whole), "--check").returncode == 0


def test_a_backup_whose_schema_is_changed_under_it_fails(lapak: Installation) -> None:
    with psycopg.connect(lapak.url("training")) as blocking:
        blocking.execute("LOCK TABLE resident IN ACCESS EXCLUSIVE MODE")
        begun = lapak.start("backup", str(lapak.folder))
        _await_pg_dump(lapak, "training")
        blocking.execute("UPDATE alembic_version SET version_num = '0000'")
        blocking.commit()
    _, err = begun.communicate(timeout=PATIENCE)
    assert begun.returncode == 1
    assert "Error: training: its schema was changed meanwhile" in err
    assert [path.name for path in lapak.folder.iterdir()] == [".lapak-lock"]


def test_a_dump_that_finds_no_room_leaves_nothing(lapak: Installation) -> None:
    done = lapak.run("backup", str(lapak.folder), largest=20_480)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Error: training: pg_dump was ended by SIGXFSZ"
    assert [path.name for path in lapak.folder.iterdir()] == [".lapak-lock"]


@pytest.mark.parametrize(
    ("folder", "changes", "complaint"),
    [
        ("backups", {"LAPAK_SALES_OWNER_DATABASE_URL": "postgresql://x:y@127.0.0.1:1/x"}, "Error: sales: connection"),
        ("backups", {"LAPAK_SALES_OWNER_DATABASE_URL": "postgres"}, "Error: sales: its database has no schema"),
        ("a-file/below", {}, "Not a directory"),
        ("/proc/backups", {}, "/proc/backups: No such file or directory"),
    ],
)
def test_what_stands_in_the_way_is_said_in_one_line(
    lapak: Installation, folder: str, changes: dict[str, str], complaint: str
) -> None:
    lapak.folder.mkdir()
    (lapak.folder.parent / "a-file").touch()
    changes = {name: lapak.admin_url if value == "postgres" else value for name, value in changes.items()}
    done = lapak.run("backup", str(lapak.folder.parent / folder), settings=changes)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert complaint in line
    assert lapak.backups() == []


def test_one_backup_at_a_time_in_a_folder(lapak: Installation) -> None:
    lapak.back_up()
    with (lapak.folder / ".lapak-lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = lapak.run("backup", str(lapak.folder))
    assert done.returncode == 1
    assert done.stderr == f"Error: another backup is being made in {lapak.folder}\n"
    assert len(lapak.backups()) == 1


def test_backups_of_the_same_second_have_names_of_their_own(lapak: Installation) -> None:
    made = {take.back_up(lapak.folder, ["training"], keep=None, say=lambda _: None) for _ in range(3)}
    assert lapak.backups() == sorted(path.name for path in made)
    assert len(made) == 3


def _older(backup: Path, days: int) -> Path:
    """The same backup, as if it had been made so many days before."""
    made = manifest.read(backup)
    older = msgspec.structs.replace(made, when=made.when - timedelta(days=days))
    shutil.copytree(backup, backup.with_name(older.folder))
    rewrite(backup.with_name(older.folder), when=older.when.isoformat())
    return backup.with_name(older.folder)


def test_keep_deletes_the_oldest_whole_backups_of_the_same_services(lapak: Installation) -> None:
    first = lapak.back_up()
    older = [_older(first, days) for days in (1, 2, 3)]
    (older[1] / "sales.dump").write_bytes(b"cut off")  # damaged: neither counted nor deleted
    renamed = first.rename(lapak.folder / "lapak-before-the-audit")
    alone = lapak.back_up("--service", "sales", "--keep", "1")
    (lapak.folder / "lapak-of-somebody-else").mkdir()
    assert alone.is_dir()
    newest = lapak.back_up("--keep", "2")
    stays = [newest, older[0], older[1], renamed, alone, lapak.folder / "lapak-of-somebody-else"]
    assert lapak.backups() == sorted(path.name for path in stays)
    assert lapak.run("backup", str(lapak.folder), "--keep", "0").returncode == 2
    assert lapak.backups() == sorted(path.name for path in stays)
