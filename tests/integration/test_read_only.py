"""A database that takes no changes, as a standby after a failover: that is said, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from services.training.app import create_app
from shared.auth import issue
from shared.db import Database
from shared.local.cluster import DatabaseUrls
from shared.messaging import health
from tests.waiting import until


@pytest.fixture
def read_only(urls_for: Callable[..., DatabaseUrls]) -> Callable[[bool], Database]:
    """Training's database, with or without the right to change it."""
    urls = urls_for("training")

    def switch(on: bool) -> Database:
        with psycopg.connect(urls.owner, autocommit=True) as owner:
            name = owner.info.dbname
            owner.execute("SET default_transaction_read_only = off")
            owner.execute(
                f'ALTER DATABASE "{name}" SET default_transaction_read_only = {"on" if on else "off"}'.encode()
            )
        return Database(urls.app, pool_size=2)

    return switch


def test_changes_are_refused_for_now_and_it_is_not_ready(read_only: Callable[[bool], Database]) -> None:
    token = issue(role="instructor", lifetime=timedelta(minutes=5))
    body, headers = {"name": {"id": "Roti", "en": "Bread"}}, {"Authorization": f"Bearer {token}"}
    database = read_only(True)
    client = create_app(database).test_client()
    answer = client.put("/training/v1/skills/bread", json=body, headers=headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), answer.text
    assert "takes no changes" in answer.json["title"]  # type: ignore[index]
    assert client.get("/training/v1/skills", headers=headers).status_code == 200, "what can be read is"
    ready = client.get("/training/readyz")
    assert (ready.status_code, ready.json["database"]) == (503, "read-only")  # type: ignore[index]
    database.dispose()
    again = create_app(read_only(False)).test_client()
    assert again.put("/training/v1/skills/bread", json=body, headers=headers).status_code == 201


def test_lag_is_not_nil_while_nothing_can_be_received(read_only: Callable[[bool], Database]) -> None:
    with read_only(False).transaction() as session:
        session.execute(
            text("INSERT INTO source_state (source, epoch, seen_at) VALUES ('sales', gen_random_uuid(), now())")
        )
        session.execute(text("INSERT INTO cursor (source, epoch, types) SELECT source, epoch, '{x}' FROM source_state"))
    database = read_only(True)

    def lag() -> float:
        with database.transaction() as session:
            return health.figures(session)["lag_seconds"][1]["sales"]

    first = until("the lag to begin", lag)
    assert until("the lag to rise", lambda: lag() > first + 0.1)
