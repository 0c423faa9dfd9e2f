"""What operators see: failures grouped, events without people and words, lag as it is (P12, P14, P33)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
import yaml  # type: ignore[import-untyped]
from sqlalchemy import text

from shared import config, jsontext
from shared.db import Session
from shared.events.sales import SaleRecorded
from shared.messaging.apply import apply
from shared.messaging.health import RELAY_LOCK
from shared.messaging.relay import LOCK
from tests.integration.messaging.console import Console
from tests.integration.messaging.plane import Plane, poison, sale, wait_for

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_failures_are_grouped_with_their_count_and_paged(plane: Plane) -> None:
    def otherwise(_session: Session, _one: SaleRecorded) -> None:
        raise KeyError("another failure")

    plane.announce(*(sale(n) for n in range(1, 6)))
    plane.log_all()
    plane.misbehaviour.update({1: poison, 2: poison, 3: poison, 5: otherwise})
    assert apply(plane.consumer_database, plane.consumer, plane.batch()).dead == 4
    console = Console(plane)
    status, first = console.get("dead-letter-groups?limit=1", role="auditor")
    assert (status, len(first["items"])) == (200, 1)
    _, rest = console.get(f"dead-letter-groups?limit=1&after={first['next']}")
    assert rest["next"] is None
    groups = {group["error"].split()[0]: group for group in first["items"] + rest["items"]}
    assert {name: group["count"] for name, group in groups.items()} == {"ValueError": 3, "KeyError": 1}
    group = groups["ValueError"]
    assert (group["type"], group["state"]) == ("lapak.sales.SaleRecorded.v1", "open")
    assert group["first_seen"] <= group["last_seen"]
    letters = console.letters(f"?fingerprint={group['fingerprint']}")
    assert [letter["sequence"] for letter in letters] == [1, 2, 3]
    page = console.get(f"dead-letters?fingerprint={group['fingerprint']}&limit=2")[1]
    assert [letter["sequence"] for letter in page["items"]] == [1, 2]
    assert [one["sequence"] for one in console.letters(f"?after={page['next']}")] == [3, 5]
    console.post(f"dead-letters/{letters[0]['id']}/discard", {"note": "no need"})
    counts = {one["state"]: one["count"] for one in console.get("dead-letter-groups")[1]["items"] if one["count"] != 1}
    assert counts == {"open": 2}
    assert [one["count"] for one in console.get("dead-letter-groups?state=discarded")[1]["items"]] == [1]
    assert console.get("dead-letter-groups?state=lost")[0] == 422


SECRETS = ("wabcdefg1", "Budi Santoso", "Blok C", "secretword", "775544", "w9secret00")


def _hand_in_something_private(plane: Plane, console: Console) -> dict[str, Any]:
    """A grant that its handler refuses, with an error and extra members full of what nobody may read."""
    data = {
        "worker_ref": "wabcdefg1",
        "skill": "w9secret00",  # a code's place does not make it a code
        "basis": "secretword and more",
        "reference": "Budi Santoso",
        "valid_from": "2026-01-05",
        "valid_until": {"text": "Blok C"},
        "version": 3,
        "total": 775544,
        "Budi Santoso": 1,
        "lines": [{"sku": "RTI-001", "lot": "Blok C", "quantity": 775544, "note": "secretword"}],
    }
    event = {
        "specversion": "1.0", "id": str(uuid4()), "source": "/training", "type": "lapak.training.SkillGranted.v1",
        "subject": "Budi Santoso", "time": "2026-01-05T00:00:00Z", "sequence": 1, "data": data,
        "traceparent": "secretword",
    }  # fmt: skip
    batch = {
        "source": "/training", "epoch": str(uuid4()), "lo": 1, "hi": 2, "types": [event["type"]], "events": [event],
    }  # fmt: skip
    status, body = console.post("", batch)
    assert (status, body["dead"]) == (200, 1), body
    return event


def test_of_an_event_only_ids_codes_and_counters_are_shown(plane: Plane) -> None:
    console = Console(plane)
    event = _hand_in_something_private(plane, console)
    answers = [
        console.get(path, role)
        for path in (f"dead-letters/{event['id']}", "dead-letters", "dead-letter-groups")
        for role in ("operator", "auditor")
    ]
    assert {status for status, _ in answers} == {200}
    everything = jsontext.dumps([body for _, body in answers])
    assert [secret for secret in SECRETS if secret in everything] == []
    shown = answers[0][1]
    assert shown["error"].startswith("ValidationError ($.")
    assert shown["event"]["data"] == {"valid_from": "2026-01-05", "version": 3, "lines": [{"sku": "RTI-001"}]}
    assert shown["event"]["hidden"] == 10
    assert shown["event"]["type"] == event["type"]
    assert "wabcdefg1" in jsontext.dumps(plane.rows("dead_letter")[0]["event"])  # for the replay all of it is kept


def test_an_error_that_quotes_its_event_is_shown_without_the_quotation(plane: Plane) -> None:
    def quote(session: Session, one: SaleRecorded) -> None:
        session.execute(text("CREATE TEMP TABLE IF NOT EXISTS seat (name text CONSTRAINT uq_seat UNIQUE)"))
        for _ in range(2):
            session.execute(text("INSERT INTO seat VALUES (:name)"), {"name": "Budi Santoso\nValueError at shared/x"})

    plane.announce(sale(1))
    plane.log_all()
    plane.misbehaviour[1] = quote
    assert apply(plane.consumer_database, plane.consumer, plane.batch()).dead == 1
    assert "Budi Santoso" in plane.rows("dead_letter")[0]["error"]
    (letter,) = Console(plane).letters()
    assert letter["error"].startswith("UniqueViolation (uq_seat) at shared/messaging/")


def test_parked_events_are_listed_with_their_age_and_what_they_wait_for(plane: Plane) -> None:
    cause = uuid4()
    plane.misbehaviour[2] = wait_for(cause)
    sent = plane.announce(sale(1), sale(2))
    plane.log_all()
    apply(plane.consumer_database, plane.consumer, plane.batch())
    with plane.consumer_database.transaction() as session:
        session.execute(text("UPDATE parked SET parked_at = parked_at - interval '1 hour'"))
    console = Console(plane)
    status, page = console.get("parked", role="auditor")
    (waiting,) = page["items"]
    assert (status, waiting["waiting_for"], waiting["sequence"]) == (200, f"sale {cause}", 2)
    assert 3600 <= waiting["age"] < 3700
    assert waiting["event"]["data"]["sale_id"] == str(sent[1])
    assert "total" not in waiting["event"]["data"]
    with plane.consumer_database.transaction() as session:
        session.execute(text("UPDATE parked SET waiting_for = 'resident wabcdefg1 called Budi of sale 7'"))
    assert console.get("parked")[1]["items"][0]["waiting_for"] == "… … … … of sale 7"
    assert console.get("parked", role="staff")[0] == 403


# -- lag -----------------------------------------------------------------------------------------------------


def _stalled(plane: Plane) -> Console:
    """Ten sales known of, of which 3 and 7 were received, 7 as a dead letter; one parked; an outbox of one."""
    plane.announce(*(sale(n) for n in range(1, 11)))
    plane.log_all()
    plane.misbehaviour.update({7: poison, 3: wait_for(uuid4())})
    apply(plane.consumer_database, plane.consumer, plane.batch(after=0, limit=3))
    apply(plane.consumer_database, plane.consumer, plane.batch(after=6, limit=1))
    with plane.consumer_database.transaction() as session:
        seen = """UPDATE source_state SET head = 10, seen_at = now() - interval '5 s', repairs = 4, redelivered = 5,
                         duplicates = 6, behind_since = now() - interval '90 s' """
        session.execute(text(seen))
        session.execute(text("UPDATE parked SET parked_at = parked_at - interval '1 hour'"))
        session.execute(
            text("""INSERT INTO outbox (event_id, type, subject, time, traceparent, data)
                    VALUES (gen_random_uuid(), 't', 's', now() - interval '40 s', '', '{}')""")
        )
    return Console(plane)


def test_an_injected_stall_shows_and_the_gauges_tell_the_same(plane: Plane) -> None:
    redis.Redis.from_url(config.get("LAPAK_REDIS_URL")).lpush("inventory", "a batch", "another")
    console = _stalled(plane)
    status, found = console.get("status", role="auditor")
    assert status == 200
    assert (found["service"], found["outbox_depth"], found["queue"]) == ("inventory", 1, 2)
    assert 40 <= found["outbox_seconds"] < 60
    by_source = {one["source"]: one for one in found["sources"]}
    assert set(by_source) == {"sales", "training"}
    assert (by_source["training"]["head"], by_source["training"]["dead"]) == (None, 0)
    sales = by_source["sales"]
    whole = {
        "head": 10, "position": 3, "lag_events": 7, "holes": 2, "repairs": 4, "redelivered": 5, "duplicates": 6,
        "dead": 1, "parked": 1,
    }  # fmt: skip
    assert {name: sales[name] for name in whole} == whole
    assert 90 <= sales["lag_seconds"] < 110
    assert 5 <= sales["unseen_seconds"] < 25
    assert 3600 <= sales["parked_seconds"] < 3620
    gauges = console.client.get("/inventory/metrics").text
    told = {"lag_events": 7, "source_position": 3, "holes": 2, "dead_letters": 1}
    for name, value in (told | {"redelivered_total": 5, "duplicates_total": 6}).items():
        assert f'lapak_{name}{{service="inventory",source="sales"}} {value}.0' in gauges
    assert console.get("status", role="staff")[0] == 403


def test_the_status_does_without_redis(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPAK_REDIS_URL", "redis://127.0.0.1:1/0")
    status, found = Console(plane).get("status")
    assert (status, found["queue"]) == (200, None)


def test_whether_a_relay_leads_is_seen_by_the_lock_that_it_holds(plane: Plane) -> None:
    assert RELAY_LOCK == LOCK
    console = Console(plane)
    assert console.get("status")[1]["relay_leads"] is False
    with plane.producer.engine.connect() as elsewhere:  # a leader of another database is not ours
        elsewhere.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
        assert console.get("status")[1]["relay_leads"] is False
    with plane.consumer_database.engine.connect() as leader:
        leader.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
        assert console.get("status")[1]["relay_leads"] is True
        leader.invalidate()


# -- alerts --------------------------------------------------------------------------------------------------


def _rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((DOCS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_every_metric_that_an_alert_names_is_exported(plane: Plane) -> None:
    console = _stalled(plane)
    exported = {
        re.split(r"[{ ]", line)[0]
        for line in console.client.get("/inventory/metrics").text.splitlines()
        if not line.startswith("#")
    }
    named = {name for rule in _rules() for name in re.findall(r"\blapak_[a-z_]+", rule["expr"])}
    assert len(named) >= 9
    assert named - exported == set()


def test_every_alert_says_how_bad_it_is_and_where_to_read_what_to_do() -> None:
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    anchors = {title.lower().replace(" ", "-") for title in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    for rule in _rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert re.fullmatch(r"\d+[smh]", rule["for"])
        assert rule["annotations"]["summary"]
        path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert path == "operations.md"
        assert anchor in anchors, rule["alert"]
