"""After the fix: a dead letter replayed takes effect once, one that is discarded never does; both are noted (P12)."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.db import Session
from shared.events.sales import SaleRecorded
from shared.messaging import dead_letters, repair
from shared.messaging.apply import apply
from shared.messaging.reconciler import Reconciler
from tests.integration.messaging.console import Console, with_poison
from tests.integration.messaging.plane import Plane, poison, sale, wait_for
from tests.waiting import PATIENCE


def test_a_letter_replayed_after_the_fix_takes_effect_once_however_often_it_is_replayed(plane: Plane) -> None:
    sent = with_poison(plane, 3, 2)
    console = Console(plane)
    (letter,) = console.letters()
    plane.misbehaviour.clear()  # the fix
    first = console.post(f"dead-letters/{letter['id']}/replay")
    assert first[0] == 200
    assert (first[1]["outcome"], first[1]["letter"]["state"]) == ("replayed", "replayed")
    assert console.post(f"dead-letters/{letter['id']}/replay")[1]["outcome"] == "replayed"
    assert plane.effects() == [sent[0], sent[2], sent[1]]
    (kept,) = plane.rows("dead_letter")
    assert (kept["resolution"], kept["resolved_by"], kept["resolved_at"] is not None) == ("replayed", "rina", True)
    assert [(row["sequences"], row["applied_by"]) for row in plane.rows("manual_batch")] == [([2], "rina")]
    assert not apply(plane.consumer_database, plane.consumer, plane.batch()).new  # nor does the queue bring it again


def test_a_letter_replayed_by_two_at_once_takes_effect_once(plane: Plane) -> None:
    sent = with_poison(plane, 1, 1)
    console = Console(plane)
    (letter,) = console.letters()
    inside = threading.Barrier(2, timeout=1)

    def slowly(_session: Session, _one: SaleRecorded) -> None:
        try:
            inside.wait()  # were both let in, both would be here together
        except threading.BrokenBarrierError:
            return

    plane.misbehaviour[1] = slowly
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: console.post(f"dead-letters/{letter['id']}/replay"), range(2)))
    assert [(status, body["outcome"]) for status, body in answers] == [(200, "replayed")] * 2
    assert plane.effects() == sent
    assert len(plane.rows("manual_batch")) == 1


def test_a_letter_that_fails_again_stays_open_with_its_new_error_and_leaves_no_trace_of_the_try(plane: Plane) -> None:
    with_poison(plane, 1, 1)
    console = Console(plane)
    (before,) = console.letters()

    def otherwise(session: Session, _one: SaleRecorded) -> None:
        session.execute(text("SELECT 1 / 0"))

    plane.misbehaviour[1] = otherwise
    status, body = console.post(f"dead-letters/{before['id']}/replay")
    assert (status, body["outcome"]) == (200, "failed")
    (after,) = console.letters("?state=open")
    assert after["error"].startswith("DivisionByZero at shared/messaging/")
    assert after["attempts"] == before["attempts"] + 1
    assert after["fingerprint"] != before["fingerprint"]
    assert plane.effects() == []
    assert len(plane.rows("manual_batch")) == 1
    plane.misbehaviour.clear()
    assert console.post(f"dead-letters/{before['id']}/replay")[1]["outcome"] == "replayed"
    assert len(plane.effects()) == 1


def test_all_letters_of_a_failure_are_replayed_and_those_tried_least_come_first(plane: Plane) -> None:
    sent = with_poison(plane, 6, 1, 2, 3, 4)
    console = Console(plane)
    (fingerprint,) = {letter["fingerprint"] for letter in console.letters()}
    for number in (2, 3, 4):
        del plane.misbehaviour[number]  # half a fix
    path = f"dead-letter-groups/{fingerprint}/replay"
    assert console.post(path, {"limit": 1})[1] == {"replayed": 0, "parked": 0, "failed": 1, "left": 4}
    assert console.post(path, {"limit": 3})[1] == {"replayed": 3, "parked": 0, "failed": 0, "left": 1}
    assert console.post(path)[1] == {"replayed": 0, "parked": 0, "failed": 1, "left": 1}
    plane.misbehaviour.clear()
    assert console.post(path)[1] == {"replayed": 1, "parked": 0, "failed": 0, "left": 0}
    assert console.post(path)[1] == {"replayed": 0, "parked": 0, "failed": 0, "left": 0}
    assert Counter(plane.effects()) == Counter(sent)
    assert console.post(f"dead-letter-groups/{'0' * 16}/replay")[0] == 404
    assert console.post(path, {"limit": 0})[0] == 422


def test_a_letter_whose_cause_is_missing_is_parked_and_open_again_when_it_fails_after_all(plane: Plane) -> None:
    with_poison(plane, 1, 1)
    console = Console(plane)
    (letter,) = console.letters()
    plane.misbehaviour[1] = wait_for(uuid4())
    for _ in range(2):
        assert console.post(f"dead-letters/{letter['id']}/replay")[1]["outcome"] == "parked"
    assert console.letters("?state=open") == []
    plane.misbehaviour[1] = poison
    Reconciler(plane.consumer, plane.consumer_database).retry_parked()
    (again,) = console.letters("?state=open")
    assert (again["id"], again["attempts"], again["resolved_by"]) == (letter["id"], 2, None)
    assert plane.rows("parked") == []
    assert plane.effects() == []


def test_an_outage_during_a_replay_changes_nothing(plane: Plane) -> None:
    with_poison(plane, 1, 1)
    console = Console(plane)
    (letter,) = console.letters()

    def lose_the_connection(session: Session, _one: SaleRecorded) -> None:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    plane.misbehaviour[1] = lose_the_connection
    assert console.post(f"dead-letters/{letter['id']}/replay")[0] == 503
    assert [(one["state"], one["attempts"]) for one in console.letters()] == [("open", 1)]
    assert plane.rows("manual_batch") == []


def test_a_letter_is_discarded_for_a_reason_and_never_takes_effect(plane: Plane) -> None:
    with_poison(plane, 2, 1, 2)
    console = Console(plane)
    first, second = console.letters()
    path = f"dead-letters/{first['id']}/discard"
    assert console.post(path)[0] == 422
    assert console.post(path, {"note": " \n "})[0] == 422
    status, body = console.post(path, {"note": "sold twice,\nsee the count"})
    assert (status, body["state"], body["note"]) == (200, "discarded", "sold twice, see the count")
    assert (body["resolved_by"], body["error"]) == ("rina", first["error"])
    assert console.post(path, {"note": "sold twice, see the count"}) == (
        200,
        body | {"age": console.letters()[0]["age"]},
    )
    assert console.post(path, {"note": "another reason"})[1]["code"] == "resolved"
    plane.misbehaviour.clear()
    assert console.post(f"dead-letters/{first['id']}/replay")[0] == 409
    assert console.post(f"dead-letter-groups/{first['fingerprint']}/replay")[1]["replayed"] == 1
    assert console.post(f"dead-letters/{second['id']}/discard", {"note": "too late"})[0] == 409
    assert len(plane.effects()) == 1
    assert [one["state"] for one in console.letters()] == ["discarded", "replayed"]


def test_all_letters_of_a_failure_are_discarded_for_a_reason_page_by_page(plane: Plane) -> None:
    with_poison(plane, 6, 1, 2, 3, 4)
    console = Console(plane)
    (fingerprint,) = {letter["fingerprint"] for letter in console.letters()}
    first, *rest = (letter["id"] for letter in console.letters())
    assert console.post(f"dead-letters/{first}/discard", {"note": "a trial"})[0] == 200
    path = f"dead-letter-groups/{fingerprint}/discard"
    assert console.post(path)[0] == 422
    assert console.post(path, {"note": " \n "})[0] == 422
    assert console.post(path, {"note": "x", "limit": 501})[0] == 422
    assert console.post(f"dead-letter-groups/{'0' * 16}/discard", {"note": "x"})[0] == 404
    note = {"note": "sold twice,\nsee the count"}
    assert console.post(path, note | {"limit": 2}) == (200, {"discarded": 2, "left": 1})
    assert console.post(path, note) == (200, {"discarded": 1, "left": 0})
    assert console.post(path, note) == (200, {"discarded": 0, "left": 0})
    found = {letter["id"]: (letter["state"], letter["note"], letter["resolved_by"]) for letter in console.letters()}
    assert found.pop(first) == ("discarded", "a trial", "rina")
    assert found == dict.fromkeys(rest, ("discarded", "sold twice, see the count", "rina"))
    assert {letter["error"].split()[0] for letter in console.letters()} == {"ValueError"}
    plane.misbehaviour.clear()
    assert console.post(f"dead-letter-groups/{fingerprint}/replay")[1]["replayed"] == 0
    assert len(plane.effects()) == 2


def test_a_letter_that_is_being_replayed_is_not_discarded_with_its_group(plane: Plane) -> None:
    sent = with_poison(plane, 2, 1, 2)
    console = Console(plane)
    first, second = console.letters()
    inside, discarded = threading.Event(), threading.Event()

    def slowly(_session: Session, _one: SaleRecorded) -> None:
        inside.set()
        assert discarded.wait(PATIENCE)

    plane.misbehaviour[1] = slowly
    with ThreadPoolExecutor(1) as pool:
        replay = pool.submit(console.post, f"dead-letters/{first['id']}/replay")
        assert inside.wait(PATIENCE)
        answer = Console(plane).post(f"dead-letter-groups/{first['fingerprint']}/discard", {"note": "too late"})
        discarded.set()
    assert answer == (200, {"discarded": 1, "left": 1})
    assert replay.result()[1]["outcome"] == "replayed"
    assert {one["id"]: one["state"] for one in console.letters()} == {
        first["id"]: "replayed",
        second["id"]: "discarded",
    }
    assert plane.effects() == [sent[0]]


def test_a_group_whose_replay_takes_long_is_replayed_in_part(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    with_poison(plane, 3, 1, 2, 3)
    plane.misbehaviour.clear()
    console = Console(plane)
    path = f"dead-letter-groups/{console.letters()[0]['fingerprint']}/replay"
    monkeypatch.setattr(repair, "_PAGE_SECONDS", 0.0)  # each letter takes longer than this
    assert [console.post(path)[1]["left"] for _ in range(4)] == [2, 1, 0, 0]
    assert len(plane.effects()) == 3


@pytest.mark.parametrize("role", ["auditor", "staff", "city"])
def test_only_an_operator_repairs(plane: Plane, role: str) -> None:
    with_poison(plane, 1, 1)
    console = Console(plane)
    (letter,) = console.letters()
    plane.misbehaviour.clear()
    for path in (
        f"dead-letters/{letter['id']}/replay",
        f"dead-letters/{letter['id']}/discard",
        f"dead-letter-groups/{letter['fingerprint']}/replay",
        f"dead-letter-groups/{letter['fingerprint']}/discard",
    ):
        assert console.post(path, {"note": "x"}, role=role)[0] == 403
        assert console.get(path.rpartition("/")[0], role="staff")[0] in {403, 404}
    assert plane.effects() == []
    assert [one["state"] for one in console.letters()] == ["open"]


def test_an_unknown_letter_is_not_found(plane: Plane) -> None:
    console = Console(plane)
    plane.announce(sale())
    for path in (f"dead-letters/{uuid4()}/replay", f"dead-letters/{uuid4()}/discard", "dead-letters/seven/replay"):
        assert console.post(path, {"note": "x"})[0] == 404
    assert console.get(f"dead-letters/{uuid4()}")[0] == 404


def test_a_letter_among_many_is_found_by_index(plane: Plane) -> None:
    with plane.consumer_database.transaction() as session:
        session.execute(
            text("""INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint)
            SELECT 'sales', gen_random_uuid(), n, jsonb_build_object('id', gen_random_uuid()), 'e', 'f' || n % 50
              FROM generate_series(1, 5000) AS n""")
        )
        session.execute(text("ANALYZE dead_letter"))
        for statement in (dead_letters.of(uuid4()), repair._OPEN.bindparams(one="f7", limit=10)):
            compiled = statement.compile(dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True})
            plan = "\n".join(session.connection().exec_driver_sql(f"EXPLAIN {compiled}").scalars())
            assert "ix_dead_letter_" in plan, plan
