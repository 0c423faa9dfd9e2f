"""The servers that tests run on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from shared.db import PLUMBING
from shared.local import cluster
from shared.local.home import ROOT
from tests.waiting import until


def test_tables_can_be_used_by_the_application_and_changed_only_by_the_owner(
    blank_database: Callable[..., cluster.DatabaseUrls],
) -> None:
    import shared.messaging.tables  # noqa: F401  (fills PLUMBING)

    urls = blank_database("probe", [PLUMBING])
    with psycopg.connect(urls.app) as app:
        assert app.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE mine (id int)")
    with psycopg.connect(urls.owner) as owner:
        owner.execute("CREATE TABLE mine (id int)")


def test_redis_refuses_to_forget_and_starts_empty(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.dbsize() == 0
    client.set("left", "behind")
    client.close()


def test_a_commit_reaches_the_disk_before_it_is_answered(servers: cluster.Servers) -> None:
    with psycopg.connect(servers.postgres_url) as connection:
        settings = [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]
    assert settings == [("on",), ("on",)]


def test_the_servers_end_when_the_test_run_is_killed(tmp_path: Path) -> None:
    run = (
        "import sys, os, time; from pathlib import Path; from shared.local import cluster; "
        "print(cluster.shared_servers(Path(sys.argv[1]), os.getpid()).postgres_url, flush=True); time.sleep(60)"
    )
    killed = subprocess.Popen([sys.executable, "-c", run, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    url = killed.stdout.readline().strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    until("the keeper is gone", lambda: not (tmp_path / "keeper.pid").exists())
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
