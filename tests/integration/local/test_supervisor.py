"""What a user may do to a running system, and what the system then does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import psutil
import psycopg
import pytest

from shared.local import state
from shared.local.home import NOBODY, ROOT
from tests.integration.local.conftest import Small
from tests.waiting import PATIENCE, until


def test_up_is_seen_by_status_and_stopped_by_down(small: Small) -> None:
    up = small.up()
    code, table = small.run("status")
    assert code == 0, table
    for name in ("postgres", "redis", "once", "web", "ticker", "supervisor", "MB PSS"):
        assert name in table
    with urllib.request.urlopen(state.load(small.home)["url"]) as answer:
        assert answer.status == 200
    assert small.run("down") == (0, "stopping …\nstopped\n")
    output, _ = up.communicate(timeout=PATIENCE)
    assert up.returncode == 0
    assert "ticker   | tick" in output
    order = [output.index(f"stopping {name}") for name in ("web", "ticker", "redis", "postgres")]
    assert order == sorted(order)
    assert small.alive() == []
    assert small.run("status")[0] == 3


def test_a_second_up_says_that_it_runs_already(small: Small) -> None:
    small.up()
    code, output = small.run("up")
    assert code == 0
    assert "already runs" in output
    assert state.load(small.home)["url"] in output


def test_detached_it_stays_when_the_command_has_returned(small: Small) -> None:
    code, output = small.run("up", "-d")
    assert (code, small.ready) == (0, True), output
    assert small.run("status")[0] == 0
    assert small.run("down")[0] == 0
    assert small.alive() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_process_is_left_after_ctrl_c_a_kill_or_a_closed_terminal(small: Small, number: int) -> None:
    up = small.up()
    assert len(small.alive()) >= 6
    up.send_signal(number)
    up.communicate(timeout=PATIENCE)
    assert up.returncode == 0
    assert small.alive() == []


def test_no_process_is_left_after_kill_9_of_the_supervisor_and_up_works_at_once(small: Small) -> None:
    up = small.up()
    up.kill()
    up.wait()
    until("its lock is free", lambda: not state.is_held(small.home))
    assert small.alive() == []
    small.up()


def test_up_right_after_kill_9_waits_for_what_is_left(small: Small) -> None:
    small.up().kill()
    small.running[-1].wait()
    small.up()
    assert small.run("status")[0] == 0


def test_a_killed_process_comes_back_and_its_workers_do_not_stay(small: Small) -> None:
    small.up()
    web = psutil.Process(small.process("web")["pid"])
    worker = until("it has a worker", web.children)[0]
    web.kill()
    until(
        "it is back",
        lambda: small.process("web")["restarts"] == 1 and small.process("web")["state"] == "ready",
    )
    assert not worker.is_running()
    assert small.process("web")["pid"] != web.pid
    assert small.process("ticker")["restarts"] == 0


def test_a_process_that_dies_again_and_again_is_started_at_growing_intervals(small: Small) -> None:
    up = small.up()
    for _ in range(3):
        before = small.process("ticker")
        os.kill(before["pid"], signal.SIGKILL)
        until("it starts again", lambda before=before: small.process("ticker")["restarts"] > before["restarts"])  # type: ignore[misc]
        until("it is ready", lambda: small.process("ticker")["state"] == "ready")
    up.send_signal(signal.SIGTERM)
    output, _ = up.communicate(timeout=PATIENCE)
    for wait in (0.2, 0.5, 1.0):
        assert f"ticker was killed by signal 9; starts again in {wait} s" in output


def test_data_are_as_they_were_after_down_and_up_and_after_kill_9(small: Small) -> None:
    up = small.up()
    with psycopg.connect(small.postgres_url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (what text)")
        connection.execute("INSERT INTO kept VALUES ('tempe')")
    port = state.load(small.home)["ports"]["postgres"]
    small.run("down")
    up.communicate()
    up = small.up()
    assert state.load(small.home)["ports"]["postgres"] == port
    with psycopg.connect(small.postgres_url(), autocommit=True) as connection:
        connection.execute("INSERT INTO kept VALUES ('bread')")
    up.kill()
    up.wait()
    small.up()
    with psycopg.connect(small.postgres_url()) as connection:
        assert connection.execute("SELECT what FROM kept ORDER BY what").fetchall() == [("bread",), ("tempe",)]


def test_a_lock_file_of_a_dead_postgres_does_not_hinder_the_next_start(small: Small) -> None:
    small.up()
    lock = small.home.servers / "postgres" / "postmaster.pid"
    lines = lock.read_text(encoding="utf-8").splitlines()
    small.run("down")
    # After a power cut: the id in it belongs to another program by now.
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n", encoding="utf-8")
    shutil.chown(lock, lock.parent.stat().st_uid, lock.parent.stat().st_gid)
    small.up()


def test_a_taken_port_is_named_and_the_default_gives_way(small: Small) -> None:
    first = small.up()
    taken = state.load(small.home)["ports"]["web"]
    other = Small(small.home.root.with_name("other"))
    try:
        code, output = other.run("up", "--port", str(taken))
        assert code == 2
        assert f"port {taken} is taken" in output
        assert other.alive() == []
    finally:
        other.end()
    assert first.poll() is None


def test_a_migration_that_fails_ends_the_start_and_leaves_nothing(small: Small) -> None:
    code, output = small.run("up", SMALL_ONCE="raise SystemExit(3)")
    assert code == 1
    assert "once failed with code 3" in output
    assert small.alive() == []


def test_secrets_are_readable_by_their_owner_alone(small: Small) -> None:
    small.up()
    for path in [small.home.secrets, small.home.run, *small.home.secrets.iterdir(), small.home.run / "redis.conf"]:
        assert path.stat().st_mode & 0o077 == 0, path
    passwords = [path.read_text(encoding="utf-8") for path in small.home.secrets.iterdir()]
    commands = " ".join(small.alive())
    assert "postgres" in commands
    assert [password for password in passwords if password in commands] == []


def _python_for_nobody() -> str | None:
    """A Python of our version that an unprivileged user may run (root's own may lie in root's home)."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        try:
            subprocess.run(
                [python, "-c", f"open({str(ROOT / 'lapak')!r})"], user=NOBODY, check=True, capture_output=True
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return python
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an unprivileged user already")
def test_an_unprivileged_user_needs_nothing_outside_the_home() -> None:
    python = _python_for_nobody()
    if python is None:
        pytest.skip("no Python here that an unprivileged user may run")
    folder = Path(tempfile.mkdtemp(prefix="lapak-test-"))
    shutil.chown(folder, NOBODY, NOBODY)
    packages = str(Path(psycopg.__file__).parents[1])
    small = Small(folder / "home", python=python, user=NOBODY, PYTHONPATH=packages, PYTHONDONTWRITEBYTECODE="1")
    try:
        up = small.start("up")
        until("it is ready", lambda: small.ready or up.poll() is not None)
        assert small.ready, up.communicate()[0]
        assert (small.home.root / "postgres" / "PG_VERSION").exists()
        assert small.run("status")[0] == 0
        assert small.run("down")[0] == 0
        until("it has ended", lambda: up.poll() is not None)
        until("nothing is left", lambda: not small.alive())
    finally:
        for process in small.running:
            process.kill()
            process.communicate()
        shutil.rmtree(folder)
