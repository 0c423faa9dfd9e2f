"""No name and no reference of a resident is in a log, whatever goes well or wrong; no name is in an event or answer."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from uuid_utils.compat import uuid7

from shared.auth import ROLES, issue
from shared.local.cluster import DatabaseUrls
from tests.integration.training.people import People, accepted, assessment, certificate, returned

NAME, SKILL = "Siti Rahmawati", "bakery-dasar"
SCOPES = {"workshop": "WS-RTI", "outlet": "OUT-DKR", "register": "OUT-DKR-1", "service": "inventory"}


def _a_day_with_all_that_can_go_wrong(people: People) -> str:
    worker_ref = people.resident(NAME)
    row_id = people.certify(worker_ref)
    people.instructor.put(f"/residents/{worker_ref}", {"name": NAME + "\0"})
    people.instructor.put(f"/certificates/{row_id}", certificate(worker_ref, skill="other"))
    people.instructor.put(f"/certificates/{uuid7()}", certificate("wnobody01"))
    people.instructor.put(f"/certificates/{uuid7()}", certificate(worker_ref, kind="diploma"))
    people.instructor.put(f"/assessments/{uuid7()}", assessment(worker_ref))
    people.instructor.post(f"/certificates/{row_id}/withdrawal", {"effective": "2026-03-01", "reason": NAME})
    people.auditor.post("/residents", {"name": NAME})
    for path in ("", "/skills", "/practice"):
        people.auditor.call("GET", f"/residents/{worker_ref}{path}", on=NAME)
        people.auditor.call("GET", f"/residents/{worker_ref}{path}")
    poison = accepted({worker_ref: 10_000}, good=Decimal(10) ** 15)
    assert people.hear(accepted({worker_ref: 10_000}), poison).dead == 1
    people.hear(returned(("LOTLOTLOT1", "1", "stale")))
    return worker_ref


def test_no_log_line_carries_a_name_or_a_reference(
    people: People, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    worker_ref = _a_day_with_all_that_can_go_wrong(people)
    written = caplog.text + "".join(capfd.readouterr())
    assert "dead letter" in written  # it was listening
    assert worker_ref not in written
    assert NAME not in written


_CRASH = """
import sys
from services.training.app import create_app
from shared.auth import issue
from datetime import timedelta
client, token = create_app().test_client(), issue(role="instructor", lifetime=timedelta(minutes=5))
for path in sys.argv[1:]:
    print(client.get(path, headers={"Authorization": f"Bearer {token}"}).status_code)
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_crash_is_logged_without_the_values_it_happened_on(
    environment: Callable[..., dict[str, str]], urls_for: Callable[..., DatabaseUrls], people: People, form: str
) -> None:
    environment("training")
    worker_ref = people.resident(NAME)
    with psycopg.connect(urls_for("training").owner) as owner:  # a statement fails that carries a reference
        owner.execute("ALTER TABLE practice RENAME TO practised")
        owner.execute("CREATE FUNCTION fails() RETURNS bool LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'")
        owner.execute("CREATE VIEW practice AS SELECT * FROM practised WHERE (SELECT fails())")
        owner.execute("GRANT SELECT ON practice TO PUBLIC")
    run = subprocess.run(
        [sys.executable, "-c", _CRASH, f"/training/v1/residents/{worker_ref}/practice"],
        env=os.environ | {"LAPAK_LOG_FORMAT": form},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["500"]
    assert "request failed" in run.stderr
    assert "FROM practice" in run.stderr  # the statement is there, for whoever mends it
    assert worker_ref not in run.stderr


def test_no_event_carries_a_name_or_free_text(people: People) -> None:
    _a_day_with_all_that_can_go_wrong(people)
    assert [name for name, _ in people.announced()] == ["SkillGranted", "SkillWithdrawn"]
    assert NAME not in repr(people.rows("outbox"))


def test_no_answer_to_an_auditor_carries_a_name(people: People) -> None:
    worker_ref = people.resident(NAME)
    row_id = people.certify(worker_ref)
    paths = ["/residents", f"/residents/{worker_ref}", f"/residents/{worker_ref}/skills", "/certificates"]
    paths += [f"/residents/{worker_ref}/practice", f"/certificates/{row_id}", "/assessments", "/attestations"]
    assert NAME not in repr([people.auditor.get(path) for path in paths])


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"instructor", "auditor"}))
def test_nobody_else_reads_anything_of_training(people: People, role: str) -> None:
    worker_ref, client = people.resident(NAME), people.app.test_client()
    scope = {name: SCOPES[name] for name in ROLES[role]}
    token = issue(role=role, lifetime=timedelta(minutes=5), **scope)
    for path in ("residents", f"residents/{worker_ref}/practice", f"residents/{worker_ref}/skills", "certificates"):
        answer = client.get(f"/training/v1/{path}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 403, path
