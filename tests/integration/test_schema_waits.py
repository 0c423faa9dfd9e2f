"""Every process waits for the schema that its code needs; what an older one refuses is nobody's dead letter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import pool

from services.training.app import create_app
from shared import migrations
from shared.auth import issue
from shared.db import Database, engine
from shared.local import cluster, schema
from shared.local.children import child_setup
from tests.waiting import until


@pytest.fixture
def old(urls_for: Callable[..., cluster.DatabaseUrls], monkeypatch: pytest.MonkeyPatch) -> cluster.DatabaseUrls:
    """Training's database as its first release left it."""
    urls = urls_for("training")
    with psycopg.connect(urls.owner, autocommit=True) as owner:
        owner.execute("DROP SCHEMA public CASCADE")
        owner.execute("CREATE SCHEMA public")
    with engine(urls.owner, poolclass=pool.NullPool).connect() as connection:
        made = migrations._config("training")
        made.attributes["connection"] = connection
        command.upgrade(made, "0001")
        connection.commit()
    with psycopg.connect(urls.owner, autocommit=True) as owner:
        owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC")
        owner.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC")
        owner.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    monkeypatch.setenv("LAPAK_TRAINING_DATABASE_URL", urls.app)
    return urls


@pytest.fixture
def start(old: cluster.DatabaseUrls, redis_url: str, tmp_path: Path) -> Iterator[Callable[..., Callable[[], str]]]:
    """`start(module, place)` → what the process has logged so far."""
    running = []

    def start(module: str, place: str) -> Callable[[], str]:
        log = tmp_path / f"{module}.log"
        with log.open("wb") as output:
            running.append(
                subprocess.Popen(
                    [sys.executable, "-m", module, place],
                    env={**os.environ, "LAPAK_TRAINING_DATABASE_URL": old.app},
                    stdout=output,
                    stderr=output,
                    preexec_fn=child_setup(),  # noqa: PLW1509  (takes no lock)
                )
            )
        return lambda: log.read_text(encoding="utf-8", errors="replace")

    yield start
    for process in running:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize(
    ("module", "place", "begun"),
    [
        ("shared.messaging.courier", "services.training.handlers:consumer", "relay leads"),
        ("shared.messaging.worker", "services.training.worker:celery", "its database is ready"),
    ],
)
def test_workers_and_couriers_wait_for_their_schema(
    old: cluster.DatabaseUrls, start: Callable[..., Callable[[], str]], module: str, place: str, begun: str
) -> None:
    said = start(module, place)
    until("it to say that it waits", lambda: "waits for its database" in said(), told=said)
    assert f"schema at 0001, expected {migrations.head('training')}" in said()
    assert begun not in said()
    schema.migrate("training", old.owner, old.app)
    until("it to begin", lambda: begun in said(), told=said)


def test_the_web_answers_503_until_the_schema_is_there(old: cluster.DatabaseUrls) -> None:
    database = Database(old.app, pool_size=2)
    client = create_app(database).test_client()
    token = issue(role="instructor", lifetime=timedelta(minutes=5))

    def skills() -> int:
        answer = client.get("/training/v1/skills", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 503:
            assert (answer.headers["Retry-After"], answer.json["code"]) == ("5", "unavailable")  # type: ignore[index]
        return answer.status_code

    assert [skills(), client.get("/training/readyz").status_code] == [503, 503]
    assert client.get("/training/healthz").status_code == 200
    schema.migrate("training", old.owner, old.app)
    until("an answer", lambda: skills() == 200)
    assert client.get("/training/readyz").status_code == 200
    database.dispose()


def test_a_database_without_any_schema_is_waited_for(
    servers: cluster.Servers, blank_database: Callable[..., cluster.DatabaseUrls]
) -> None:
    urls = blank_database("training", [])
    with psycopg.connect(urls.owner, autocommit=True) as owner:
        owner.execute("DROP TABLE alembic_version")
    database = Database(urls.app, pool_size=1)
    answer = create_app(database).test_client().get("/training/readyz")
    assert (answer.status_code, answer.json["database"].split(",")[0]) == (503, "schema at nothing")  # type: ignore[index]
    database.dispose()


_AT = """
    SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
                    WHERE NOT granted AND relation = 'cursor'::regclass AND d.datname = current_database())
"""


def test_a_migration_that_meets_a_sale_in_the_other_order_gives_way_and_goes_on(old: cluster.DatabaseUrls) -> None:
    """PostgreSQL ends whoever notices first that the two wait for each other: who began to wait first."""
    with psycopg.connect(old.owner) as other, psycopg.connect(old.owner, autocommit=True) as looking:
        other.execute("LOCK TABLE cursor IN ROW EXCLUSIVE MODE")
        with ThreadPoolExecutor(1) as pool_of_one:
            upgrade = pool_of_one.submit(migrations.upgrade, "training", old.owner)
            until("it waits for the second table", lambda: looking.execute(_AT).fetchall() == [(True,)])
            other.execute("LOCK TABLE stream IN ROW EXCLUSIVE MODE")
            other.rollback()
            upgrade.result()
    assert schema.current(old.owner) == migrations.head("training")
