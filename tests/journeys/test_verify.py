"""`lapak verify` names the row that was tampered with, and does not compare before everybody has caught up (P16)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from services.system.demo.story import OUTLET, REGISTER, SKU, WORKSHOP
from shared.clock import now
from shared.jsontext import instant
from shared.local.provision import part, with_database
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
        "announced nothing",
    ),
    "event subject that is no id": (
        "sales",
        "UPDATE event_log SET subject = '!' || subject WHERE type LIKE '%SaleReturned%'",
        "UPDATE event_log SET subject = substr(subject, 2) WHERE type LIKE '%SaleReturned%'",
        "SaleReturned !",
    ),
}


def _hand(system: Running, service: str) -> psycopg.Connection[Any]:
    """A superuser's hand in a database, which no trigger sees: what it puts right leaves no trace either."""
    admin = system.environment["LAPAK_POSTGRES_ADMIN_URL"]
    hand = psycopg.connect(with_database(admin, part(system.database_url(service), "dbname")))
    hand.execute("SET session_replication_role = replica")
    return hand


def _execute(system: Running, service: str, statement: str) -> list[Any]:
    with _hand(system, service) as connection:
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
        with _hand(system, "inventory") as connection:
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


def test_a_difference_that_a_dead_letter_explains_is_listed_and_is_no_drift_but_not_clean_either(
    story: Told, system: Running
) -> None:
    """Training cannot take an output of 77: nobody has practised, a person has to decide, and verify says so."""
    _execute(system, "training", "ALTER TABLE practice ADD CONSTRAINT never_77 CHECK (good <> 77)")
    try:
        output, moment = str(uuid4()), instant(now())
        item = {"id": output, "workshop": WORKSHOP, "sku": SKU, "good": 77, "rejected": 0}
        item |= {
            "made_at": moment,
            "recorded_at": moment,
            "makers": [{"worker_ref": story.makers[0], "share_bp": 10000}],
        }
        story.terminal.post("/inventory/v1/outputs", {"outputs": [item]})
        story.staff.post(f"/inventory/v1/outputs/{output}/acceptance", {"good": 77, "rejected": 0})
        done = system.run("verify")
        assert done.returncode == 3, done.stdout
        assert (
            "not all is accounted for: 1 events are dead letters that nobody has replayed or discarded" in done.stdout
        )
        assert f"explained: inventory → training: every maker has practised: OutputAccepted {output}" in done.stdout
        assert story.makers[0] not in done.stdout  # the summary alone holds no value of the event
    finally:
        _execute(system, "training", "ALTER TABLE practice DROP CONSTRAINT never_77")
    ((letter,),) = _execute(system, "training", "SELECT fingerprint FROM dead_letter WHERE resolution IS NULL")
    assert system.run("dead-letters", "replay", "training", letter).returncode == 0
    assert system.run("verify").returncode == 0


def test_a_consumer_that_has_halted_is_not_clean(story: Told, system: Running) -> None:
    """Everything had arrived when it stopped: there is no drift, and yet nothing more will come."""
    halt = "UPDATE source_state SET halted = 'its log forked' WHERE source = 'sales'"
    with frozen(system.pid("inventory-courier")):
        _execute(system, "inventory", halt)
        done = system.run("verify", "--wait", "20")
        assert done.returncode == 3
        assert "inventory has halted on sales: its log forked" in done.stdout
        _execute(system, "inventory", "UPDATE source_state SET halted = NULL")


@pytest.mark.parametrize("table", ["stream", "cursor", "source_state"])
def test_what_says_where_a_service_stands_is_gone(story: Told, system: Running, table: str) -> None:
    """It does not fall over: it names what is gone."""
    couriers = [system.pid(f"{service}-courier") for service in ("sales", "inventory", "training")]
    with frozen(*couriers):
        rows = _execute(system, "training", f"SELECT row_to_json(t)::text FROM {table} t")
        _execute(system, "training", f"DELETE FROM {table}")
        try:
            done = system.run("verify", "--wait", "1")
        finally:
            back = f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, '%s')"
            for (row,) in rows:
                _execute(system, "training", back % row)
        assert done.returncode in {1, 3}
        assert table in done.stdout


def test_it_goes_on_from_a_signed_mark_and_refuses_any_other(story: Told, system: Running, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    assert system.run("verify", "--mark", str(mark)).returncode == 0
    story._send([story._sale(1)])
    done = system.run("verify", "--since", str(mark))
    assert done.returncode == 0, done.stdout
    assert "Clean since 20" in done.stdout
    head, body, signature = mark.read_text().split(".")
    (tmp_path / "changed").write_text(f"{head}.{body[:-2]}AA.{signature}")
    (tmp_path / "other").write_text("a mark?")
    for name in ("changed", "other"):
        refused = system.run("verify", "--since", str(tmp_path / name))
        assert refused.returncode == 2
        assert "Nothing was compared" in refused.stdout
    last = "FROM seal WHERE number = (SELECT max(number) - 1 FROM seal)"
    ((number, chain),) = _execute(system, "sales", f"SELECT number, encode(chain, 'hex') {last}")
    put = f"UPDATE seal SET chain = decode('%s', 'hex') WHERE number = {number}"
    _execute(system, "sales", put % ("00" * 32))
    try:
        forged = system.run("verify", "--since", str(mark))
    finally:
        _execute(system, "sales", put % chain)
    assert forged.returncode == 1
    assert f"seal {number}" in forged.stdout
    assert system.run("verify").returncode == 0
