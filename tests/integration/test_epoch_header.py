"""Every answer of the API names the epoch of the service's log; after a restore another one, and since when."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.system.demo.api import until
from shared.auth import issue
from shared.clock import now
from shared.db import Database
from shared.http import epoch as told
from shared.messaging import epoch

SERVICES = ("inventory", "sales", "training")


def _client(service: str, database: Database) -> Any:
    return importlib.import_module(f"services.{service}.app").create_app(database).test_client()


def _auditor() -> dict[str, str]:
    return {"Authorization": f"Bearer {issue(role='auditor', lifetime=timedelta(minutes=5), subject='x')}"}


@pytest.mark.parametrize("service", SERVICES)
def test_each_answer_of_the_api_says_which_log_it_comes_from(
    service: str, database_for: Callable[[str], Database]
) -> None:
    database = database_for(service)
    client = _client(service, database)
    with database.transaction() as session:
        known = str(session.execute(text("SELECT epoch FROM stream")).scalar_one())
    for answer in (
        client.get(f"/{service}/v1/pairings", headers=_auditor()),
        client.get(f"/{service}/v1/pairings"),  # without a token
        client.get(f"/{service}/v1/nothing"),
        client.post(f"/{service}/v1/pairing-claims", json={"code": "WRONG-CODES"}),
    ):
        assert answer.headers[told.EPOCH] == known
        assert told.PARTED not in answer.headers
    assert told.EPOCH not in client.get(f"/{service}/healthz").headers


def test_after_a_restore_it_is_another_and_says_up_to_when_all_are_the_same(
    database_for: Callable[[str], Database],
) -> None:
    database = database_for("sales")
    client = _client("sales", database)
    before = client.get("/sales/v1/pairings", headers=_auditor()).headers[told.EPOCH]
    moment = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
    with database.transaction() as session:
        session.execute(
            text("""INSERT INTO event_log (seq, event_id, type, subject, time, data, traceparent, logged_at)
                    VALUES (1, gen_random_uuid(), 'lapak.sales.OutletOpened.v1', 'x', now(), '{}', '', :at)"""),
            {"at": moment},
        )
        session.execute(text("UPDATE stream SET last_seq = 1"))
    with database.transaction() as session:
        epoch.begin(session, as_of=now())

    def now_told() -> Any:
        return client.get("/sales/v1/pairings", headers=_auditor()).headers

    until("the process has looked again", lambda: now_told()[told.EPOCH] != before)
    assert datetime.fromisoformat(now_told()[told.PARTED]) == moment


def test_without_a_database_an_answer_says_nothing(database_for: Callable[[str], Database]) -> None:
    database = database_for("training")
    client = _client("training", database)
    with database.transaction() as session:
        session.execute(text("DELETE FROM stream"))
    answer = client.get("/training/v1/nothing")
    assert (answer.status_code, told.EPOCH in answer.headers) == (404, False)
