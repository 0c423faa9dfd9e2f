"""An operator sees and repairs a running system from the command line alone (P12, P14)."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.local.running import Running
from tests.journeys.conftest import Told

pytestmark = pytest.mark.journey

_KEEP = """
    INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint)
    VALUES ('sales', gen_random_uuid(), %s, %s, %s, 'feedfacefeedface')
"""


def _letter(system: Running, number: int, outlet: str) -> str:
    """A dead letter of inventory whose cause was mended since: an outlet that it does not know of yet."""
    event = {
        "specversion": "1.0", "id": str(uuid4()), "source": "/sales", "type": "lapak.sales.OutletOpened.v1",
        "subject": outlet, "time": "2026-01-05T00:00:00Z", "datacontenttype": "application/json",
        "sequence": 10**9 + number, "traceparent": None,
        "data": {
            "outlet": outlet, "version": 1, "name": "Kedai rahasia", "kind": "permanent", "opens_on": None,
            "closes_on": None,
        },
    }  # fmt: skip
    with psycopg.connect(system.database_url("inventory")) as connection:
        # Beyond the log: nothing that `verify` finds in this system is explained by it.
        connection.execute(_KEEP, (10**9 + number, json.dumps(event), "ValueError\nValueError: Kedai rahasia"))
    return str(event["id"])


def _json(system: Running, *arguments: str) -> Any:
    done = system.run(*arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _known(system: Running, outlet: str) -> int:
    with psycopg.connect(system.database_url("inventory")) as connection:
        return len(connection.execute("SELECT 1 FROM outlet WHERE code = %s", (outlet,)).fetchall())


def test_the_commands_list_show_replay_and_discard_and_tell_the_lag(story: Told, system: Running) -> None:
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
