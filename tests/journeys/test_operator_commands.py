"""An operator sees and repairs a running system from the command line alone (P12, P14)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from services.system.demo.api import Person
from shared.local.running import Running, running_system
from tests.waiting import until

pytestmark = pytest.mark.journey

_KEEP = """
    INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint)
    VALUES ('sales', gen_random_uuid(), %s, %s, %s, %s)
"""
_PARK = """
    INSERT INTO parked (source, epoch, seq, event, waiting_for, parked_at)
    VALUES ('sales', gen_random_uuid(), %s, %s, %s, now() - interval '3 hours')
"""
_BEYOND = 10**9  # beyond the log


@pytest.fixture(scope="module")
def system(keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A whole system of these tests' own: it is told of events that never were, which `lapak verify` names."""
    with running_system(tmp_path_factory.mktemp("operator")) as found:
        Person(found.url, "city").put("/sales/v1/outlets/OUT-CLI", {"name": "Gerai", "kind": "permanent"})
        until("inventory has heard of it", lambda: _known(found, "OUT-CLI"))
        yield found


def _event(number: int, kind: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": str(uuid4()), "source": "/sales", "type": f"lapak.sales.{kind}.v1",
        "subject": subject, "time": "2026-01-05T00:00:00Z", "datacontenttype": "application/json",
        "sequence": _BEYOND + number, "traceparent": None, "data": data,
    }  # fmt: skip


def _letter(system: Running, number: int, outlet: str, fingerprint: str = "feedfacefeedface") -> str:
    """A dead letter of inventory whose cause was mended since: an outlet that it does not know of yet."""
    data = {"outlet": outlet, "version": 1, "name": "Kedai rahasia", "kind": "permanent"}
    event = _event(number, "OutletOpened", outlet, data | {"opens_on": None, "closes_on": None})
    kept = (_BEYOND + number, json.dumps(event), "ValueError\nValueError: Kedai rahasia", fingerprint)
    with psycopg.connect(system.database_url("inventory")) as connection:
        connection.execute(_KEEP, kept)
    return str(event["id"])


def _json(system: Running, *arguments: str) -> Any:
    done = system.run(*arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _known(system: Running, outlet: str) -> int:
    with psycopg.connect(system.database_url("inventory")) as connection:
        return len(connection.execute("SELECT 1 FROM outlet WHERE code = %s", (outlet,)).fetchall())


def test_the_commands_list_show_replay_and_discard_and_tell_the_lag(system: Running) -> None:
    one, two, three = (_letter(system, number, f"OUT-CLI-{number}") for number in (1, 2, 3))
    (group,) = _json(system, "dead-letters", "list", "--json")
    assert (group["service"], group["fingerprint"], group["count"]) == ("inventory", "feedfacefeedface", 3)
    assert "feedfacefeedface" in system.run("dead-letters", "list").stdout
    letters = _json(system, "dead-letters", "list", "--fingerprint", "feedfacefeedface", "--json")
    assert {letter["id"] for letter in letters} == {one, two, three}
    shown = system.run("dead-letters", "show", "inventory", one).stdout
    assert json.loads(shown)["event"]["data"]["outlet"] == "OUT-CLI-1"
    assert "rahasia" not in shown

    inventory = _json(system, "events", "status", "--json")[1]
    (sales,) = (source for source in inventory["sources"] if source["source"] == "sales")
    assert (inventory["relay_leads"], sales["dead"], inventory["queue"] is not None) == (True, 3, True)
    assert sales["head"] >= 1
    table = system.run("events", "status", "--once")
    assert table.returncode == 0
    assert "inventory" in table.stdout

    assert system.run("dead-letters", "discard", "inventory", one, "--note", "a trial").returncode == 0
    assert system.run("dead-letters", "replay", "inventory", two).stdout == "replayed\n"
    assert system.run("dead-letters", "replay", "inventory", two).stdout == "replayed\n"
    group_done = system.run("dead-letters", "replay", "inventory", "feedfacefeedface")
    assert group_done.stdout == "1 replayed, 0 parked, 0 failed, 0 left\n"
    assert [_known(system, f"OUT-CLI-{number}") for number in (1, 2, 3)] == [0, 1, 1]
    refused = system.run("dead-letters", "replay", "inventory", one)
    assert refused.returncode == 1
    assert "discarded" in refused.stderr
    assert system.run("dead-letters", "replay", "inventory", "seven").returncode == 2
    assert system.run("dead-letters", "show", "sales", one).returncode == 1
    assert system.run("dead-letters", "list").stdout == "no dead letters\n"


def test_a_whole_group_is_discarded_with_a_note(system: Running) -> None:
    letters = [_letter(system, number, f"OUT-CLI-{number}", "c0ffee00c0ffee00") for number in range(11, 131)]
    discard = ("dead-letters", "discard", "inventory", "c0ffee00c0ffee00")
    assert system.run(*discard).returncode == 2  # a note must say why
    assert system.run(*discard, "--note", " ").returncode == 1
    done = system.run(*discard, "--note", "a trial")  # more than one page
    assert (done.returncode, done.stdout) == (0, "120 discarded, 0 left\n")
    found = _json(system, "dead-letters", "list", "--fingerprint", "c0ffee00c0ffee00", "--state", "discarded", "--json")
    assert {letter["id"] for letter in found} == set(letters)
    assert {letter["note"] for letter in found} == {"a trial"}
    assert all(letter["resolved_by"].startswith("command-line") for letter in found)
    assert system.run("dead-letters", "discard", "inventory", "0" * 16, "--note", "x").returncode == 1
    assert system.run("dead-letters", "discard", "inventory", "seven", "--note", "x").returncode == 2


def test_parked_events_are_listed_with_what_they_wait_for(system: Running) -> None:
    assert system.run("events", "parked", "training").stdout == "no parked events\n"
    sale_id, line_id = str(uuid4()), str(uuid4())
    data = {"sale_id": sale_id, "line_id": line_id, "lot": "AAAAABBBBB", "version": 1, "note": "Kedai rahasia"}
    event = _event(200, "SaleLotAssigned", line_id, data)
    with psycopg.connect(system.database_url("inventory"), autocommit=True) as connection:
        connection.execute(_PARK, (_BEYOND + 200, json.dumps(event), f"sale {sale_id} or version 0 of its lot"))
        (found,) = _json(system, "events", "parked", "inventory", "--json")
        table = system.run("events", "parked").stdout
        connection.execute("DELETE FROM parked WHERE seq = %s", (_BEYOND + 200,))
    assert (found["service"], found["source"], found["type"]) == ("inventory", "sales", event["type"])
    assert (found["id"], found["event"]["data"]["sale_id"]) == (event["id"], sale_id)
    assert "rahasia" not in json.dumps(found)
    for shown in ("inventory", event["type"], event["id"], "3 h", f"sale {sale_id} or version 0 of its lot"):
        assert shown in table
    assert system.run("events", "parked", "nowhere").returncode == 2
