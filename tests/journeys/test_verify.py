"""`lapak verify` names the row that was tampered with, and does not compare before everybody has caught up (P16)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from services.system.demo.story import OUTLET, REGISTER
from shared.local.running import Running, frozen
from tests.journeys.conftest import Told

pytestmark = pytest.mark.journey

_RETURNS = "WHERE type LIKE '%SaleReturned%'"

#: What a hand in the database does, what puts it right, and what `verify` must name.
TAMPERING = {
    "balance": (
        "inventory",
        "UPDATE stock_balance SET on_hand = on_hand + 1 WHERE location = 'outlet/OUT-DKR'",
        "UPDATE stock_balance SET on_hand = on_hand - 1 WHERE location = 'outlet/OUT-DKR'",
        "outlet/OUT-DKR RTI-001 lot",
    ),
    "move quantity": (
        "inventory",
        "UPDATE stock_move SET quantity = quantity + 1 WHERE document_kind = 'dispatch'",
        "UPDATE stock_move SET quantity = quantity - 1 WHERE document_kind = 'dispatch'",
        "dispatch ",
    ),
    "sale amount": (
        "sales",
        "UPDATE sale_line SET amount = amount + 1000",
        "UPDATE sale_line SET amount = amount - 1000",
        "SaleRecorded ",
    ),
    "event payload": (
        "sales",
        "UPDATE event_log SET data = jsonb_set(data, '{lines,0,quantity}', '77') WHERE type LIKE '%SaleReturned%'",
        "UPDATE event_log SET data = jsonb_set(data, '{lines,0,quantity}', '1') WHERE type LIKE '%SaleReturned%'",
        "SaleReturned ",
    ),
    "event payload that breaks its contract": (
        "sales",
        f"UPDATE event_log SET data = data - 'lines' || jsonb_build_object('kept', data->'lines') {_RETURNS}",
        f"UPDATE event_log SET data = data - 'kept' || jsonb_build_object('lines', data->'kept') {_RETURNS}",
        "its data do not keep the contract",
    ),
    "event subject that is no id": (
        "sales",
        "UPDATE event_log SET subject = '!' || subject WHERE type LIKE '%SaleReturned%'",
        "UPDATE event_log SET subject = substr(subject, 2) WHERE type LIKE '%SaleReturned%'",
        "SaleReturned !",
    ),
}


def _execute(system: Running, service: str, statement: str) -> list[Any]:
    with psycopg.connect(system.database_url(service, owner=True)) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("what", sorted(TAMPERING))
def test_a_tampered_row_is_named(story: Told, system: Running, what: str) -> None:
    service, tamper, mend, named = TAMPERING[what]
    assert system.run("verify").returncode == 0
    _execute(system, service, tamper)
    try:
        done = system.run("verify")
        assert done.returncode == 1
        assert f"DRIFT: {service}" in done.stdout
        assert named in done.stdout
    finally:
        _execute(system, service, mend)
    assert system.run("verify").returncode == 0


def test_a_deleted_move_is_named_with_its_sale(story: Told, system: Running) -> None:
    gone = "DELETE FROM stock_move WHERE id = (SELECT max(id) FROM stock_move WHERE document_kind = 'sale') RETURNING *"
    (row,) = _execute(system, "inventory", gone)
    try:
        done = system.run("verify")
        assert done.returncode == 1
        assert str(row[2]) in done.stdout  # the sale
    finally:
        with psycopg.connect(system.database_url("inventory", owner=True)) as connection:
            connection.execute(f"INSERT INTO stock_move VALUES ({', '.join(['%s'] * len(row))})".encode(), row)
    assert system.run("verify").returncode == 0


def test_nothing_is_compared_while_a_consumer_lags(story: Told, system: Running) -> None:
    with frozen(system.pid("inventory-worker"), system.pid("inventory-courier")):
        results = story.register.post(f"/sales/v1/registers/{REGISTER}/sales", {"sales": [story._sale(1)]})["results"]
        assert results[0]["status"] == "recorded"
        done = system.run("verify", "--wait", "1")
        assert done.returncode == 3
        assert "inventory has not received all of sales" in done.stdout
    assert system.run("verify").returncode == 0
    assert story.stock()[OUTLET] < 81


def test_a_difference_that_a_dead_letter_explains_is_listed_and_is_no_drift(story: Told, system: Running) -> None:
    forget = "DELETE FROM practice WHERE ctid = (SELECT min(ctid) FROM practice) RETURNING *"
    (gone,) = _execute(system, "training", forget)
    find = f"SELECT seq, event_id FROM event_log WHERE type LIKE '%OutputAccepted%' AND subject = '{gone[0]}'"
    ((seq, event_id),) = _execute(system, "inventory", find)
    died = rf"""
        INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint)
        SELECT source, epoch, {seq}, '{{"id": "%s"}}', E'ValueError at a.py:1 in take\nTraceback: w1234567\n', 'f'
          FROM cursor WHERE source = 'inventory'
    """
    try:
        assert system.run("verify").returncode == 1
        # Another event had this sequence, in a part of the log that was lost: it explains nothing.
        _execute(system, "training", died % uuid4())
        assert system.run("verify").returncode == 1
        _execute(system, "training", "DELETE FROM dead_letter")
        _execute(system, "training", died % event_id)
        done = system.run("verify")
        assert done.returncode == 0
        assert f"explained: inventory → training: every maker has practised: OutputAccepted {gone[0]}" in done.stdout
        assert "ValueError at a.py:1 in take" in done.stdout
        assert "w1234567" not in done.stdout  # the summary alone holds no value of the event
    finally:
        _execute(system, "training", "DELETE FROM dead_letter")
        with psycopg.connect(system.database_url("training", owner=True)) as connection:
            connection.execute(f"INSERT INTO practice VALUES ({', '.join(['%s'] * len(gone))})".encode(), gone)
    assert system.run("verify").returncode == 0
