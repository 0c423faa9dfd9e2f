"""The operator's console: the three services on one page, who may do what, and a service that does not answer."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from services.inventory.app import create_app as inventory_app
from services.sales.app import create_app as sales_app
from services.sales.web import runbook
from shared import jsontext
from shared.auth import issue
from shared.clock import now
from shared.db import Database
from shared.local.home import free_port
from tests.integration.sales.desk import FAILURE, PARK, PLACE, Desk, event, served


@pytest.fixture
def desk(database_for: Callable[..., Database], redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Sales and inventory are up; training is not."""
    inventory, sales = database_for("inventory"), database_for("sales")
    monkeypatch.setenv("LAPAK_TRAINING_URL", f"http://127.0.0.1:{free_port()}/training")
    monkeypatch.setenv("LAPAK_SALES_URL", f"http://127.0.0.1:{free_port()}/sales")  # it needs no network to see itself
    with served(inventory_app(inventory)) as origin:
        monkeypatch.setenv("LAPAK_INVENTORY_URL", f"{origin}/inventory")
        yield Desk(sales_app(sales), inventory, sales)


def _needs(page: TestResponse) -> list[str]:
    assert page.status_code == 200, page.text
    return re.findall(r"<span><b>(.*?)</b>", page.text)


def _states(page: TestResponse) -> dict[str, str]:
    """`source-consumer` → how the picture draws its arrow."""
    found = re.findall(r'<g class="arrow (\w+)" data-flow="([a-z-]+)">', page.text)
    return {flow: state for state, flow in found}


def test_a_service_that_does_not_answer_is_shown_so_and_the_rest_stands(desk: Desk) -> None:
    page = desk.look()
    assert "Training tidak menjawab (ConnectError)." in _needs(page)
    assert "Tidak ada relay inventory yang memimpin; di outbox-nya 0 peristiwa." in _needs(page)
    assert "Tidak ada relay sales yang memimpin; di outbox-nya 0 peristiwa." in _needs(page)
    boxes = re.findall(r'<g class="(box[^"]*)">.*?<text class="service"[^>]*>(\w+)<', page.text, re.DOTALL)
    assert boxes == [("box down", "training"), ("box", "inventory"), ("box", "sales")]
    assert set(_states(page).values()) == {"unknown"}, "what nobody has heard of yet is not called calm"
    english = desk.look("/sales/ops?lang=en").text
    assert "Training does not answer (ConnectError)." in english
    assert "State of the system" in english


def test_another_program_at_a_services_address_is_not_taken_for_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = Flask("stranger")
    stranger.add_url_rule("/training/events/status", view_func=lambda: {"hello": "world"})
    with served(stranger) as origin:
        monkeypatch.setenv("LAPAK_TRAINING_URL", f"{origin}/training")
        assert "Training tidak menjawab (another program answers)." in _needs(desk.look())


def test_what_is_behind_halted_or_away_stands_on_the_right_arrow(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    state = "INSERT INTO source_state (source, epoch, head, seen_at, behind_since, halted) VALUES (:s, :e, 1200, {})"
    cursor = text("INSERT INTO cursor (source, epoch, types, got) VALUES (:s, :e, :t, '{[1,1)}')")
    with desk.inventory.transaction() as session:
        for source, rest in (("sales", "now(), now() - interval '40 s', NULL"), ("training", "now(), NULL, 'forked'")):
            place = {"s": source, "e": str(uuid4())}
            session.execute(text(state.format(rest)), place)
            session.execute(cursor, place | {"t": ["x"]})
    monkeypatch.setenv("LAPAK_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    page = desk.look()
    assert _states(page) == {
        "training-inventory": "halted",
        "training-sales": "unknown",
        "inventory-sales": "unknown",
        "inventory-training": "unknown",
        "sales-inventory": "behind",
        "sales-training": "unknown",
    }
    assert "1.200 peristiwa" in page.text
    needs = _needs(page)
    assert "Inventory tertinggal 1.200 peristiwa dari sales, baru 40\u00a0dtk." in needs
    assert "Inventory berhenti mendengarkan training: forked" in needs
    assert "Redis tidak menjawab inventory, sales." in needs
    assert needs.index("Training tidak menjawab (ConnectError).") < needs.index(
        "Redis tidak menjawab inventory, sales."
    )


def test_failures_are_listed_with_place_and_count_and_open_to_redacted_letters(desk: Desk) -> None:
    one = desk.letter(1)
    desk.letter(2)
    desk.letter(3, fingerprint="c0ffee00c0ffee00")
    page = desk.look(role="auditor")
    found = re.findall(r'<a href="(/sales/ops/inventory/\w+)">([^<]+)</a>.*?class="count">(\d+)<', page.text, re.DOTALL)
    error = "ValueError at services/inventory/handlers.py:7 in on_outlet"
    assert found == [(PLACE, error, "2"), ("/sales/ops/inventory/c0ffee00c0ffee00", error, "1")]
    assert "3 peristiwa dari sales gagal diproses di inventory." in _needs(page)
    letters = desk.look(PLACE)
    assert letters.text.count('class="card letter"') == 2
    assert one in letters.text
    assert "OUT-1" in letters.text
    assert "rahasia" not in letters.text


def test_one_letter_is_replayed_in_the_operators_own_name_and_the_page_says_so(desk: Desk) -> None:
    one, _ = desk.letter(1), desk.letter(2)
    done = desk.send(f"{PLACE}/replay", letter=one)
    assert done.status_code == 303
    page = desk.look(done.headers["Location"])
    assert "1 berhasil diproses ulang." in page.text
    assert page.text.count('class="card letter"') == 1
    assert [row[:2] for row in desk.decided()] == [("replayed", "Rina"), (None, None)]
    with desk.inventory.transaction() as session:
        assert session.scalars(text("SELECT code FROM outlet")).all() == ["OUT-1"]
    assert "Rina" in desk.look(f"{PLACE}?state=replayed").text
    again = desk.send(f"{PLACE}/replay", letter=one)
    assert again.status_code == 303, "pressed twice: nothing more happens"


def test_a_whole_failure_is_replayed_and_what_fails_again_is_said(desk: Desk) -> None:
    desk.letter(1)
    desk.letter(2, version="none")
    done = desk.send(f"{PLACE}/replay")
    page = desk.look(done.headers["Location"]).text
    assert "1 berhasil diproses ulang." in page
    assert "1 gagal lagi; sebabnya belum hilang." in page
    assert [row[0] for row in desk.decided()] == ["replayed", None]


def test_a_discard_needs_a_note_which_is_kept(desk: Desk) -> None:
    one = desk.letter(1)
    desk.letter(2)
    for note in ("", "   ", "x" * 501):
        refused = desk.send(f"{PLACE}/discard", letter=one, note=note)
        assert refused.status_code == 422
        assert "Tulis alasannya" in refused.text
        assert f'value="{note}"' in refused.text, "what was typed is not lost"
    assert [row[0] for row in desk.decided()] == [None, None]
    done = desk.send(f"{PLACE}/discard", letter=one, note="sudah dicatat <b>lain</b>")
    assert "1 dibuang." in desk.look(done.headers["Location"]).text
    assert desk.decided()[0] == ("discarded", "Rina", "sudah dicatat <b>lain</b>")
    assert "sudah dicatat &lt;b&gt;lain&lt;/b&gt;" in desk.look(f"{PLACE}?state=discarded").text
    late = desk.send(f"{PLACE}/replay", letter=one)
    assert (late.status_code, "diputuskan dengan cara lain" in late.text) == (409, True)
    rest = desk.send(f"{PLACE}/discard", note="semua")
    assert "discarded=1" in rest.headers["Location"]
    assert [row[0] for row in desk.decided()] == ["discarded", "discarded"]


def test_sales_own_letters_are_dealt_with_without_network(desk: Desk) -> None:
    one = desk.own_letter()
    assert f'href="/sales/ops/sales/{FAILURE}"' in desk.look().text
    done = desk.send(f"/sales/ops/sales/{FAILURE}/replay", letter=one)
    assert done.status_code == 303
    assert desk.decided(desk.sales)[0][:2] == ("replayed", "Rina")
    assert f'href="/sales/ops/sales/{FAILURE}"' not in desk.look().text, "what was just done is not shown as it was"


def test_an_auditor_looks_and_does_not_act(desk: Desk) -> None:
    one = desk.letter(1)
    for path in ("/sales/ops", PLACE):
        assert '<form method="post" action="/sales/ops' not in desk.look(path, role="auditor").text
    assert '<form method="post" action="/sales/ops' in desk.look(PLACE).text
    for action in ("replay", "discard"):
        assert desk.send(f"{PLACE}/{action}", role="auditor", letter=one, note="x").status_code == 403
    assert desk.look(role="city").status_code == 403
    assert desk.look(role="outlet", outlet="OUT-1").status_code == 403
    assert [row[0] for row in desk.decided()] == [None]


def test_an_operator_who_was_paired_here_looks_at_the_others_and_acts_at_sales(desk: Desk) -> None:
    one, own = desk.letter(1), desk.own_letter()
    page = desk.look(PLACE, by="sales-web").text
    assert FAILURE in page
    assert '<form method="post" action="/sales/ops' not in page
    assert f"./lapak dead-letters replay inventory {FAILURE}" in page
    for action in ("replay", "discard"):
        assert desk.send(f"{PLACE}/{action}", by="sales-web", letter=one, note="x").status_code == 403
    assert [row[0] for row in desk.decided()] == [None]
    assert desk.send(f"/sales/ops/sales/{FAILURE}/replay", by="sales-web", letter=own).status_code == 303


def test_no_other_site_can_have_a_letter_replayed(desk: Desk) -> None:
    one = desk.letter(1)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        assert desk.send(f"{PLACE}/replay", headers=headers, letter=one).status_code == 403
    assert [row[0] for row in desk.decided()] == [None]


def test_who_does_not_answer_can_be_asked_again_and_bad_addresses_are_refused(desk: Desk) -> None:
    silent = desk.send(f"/sales/ops/training/{FAILURE}/replay")
    assert (silent.status_code, "Tekan lagi" in silent.text) == (502, True)
    assert desk.send(f"{PLACE}/replay", letter=str(uuid4())).status_code == 404
    assert desk.send(f"{PLACE}/replay", letter="seven").status_code == 422
    assert desk.look(f"/sales/ops/nowhere/{FAILURE}").status_code == 404
    assert desk.look(f"{PLACE}?after=nonsense").status_code == 422
    assert desk.look(f"{PLACE}?state=nonsense").status_code == 422


def test_parked_events_say_for_what_and_since_when(desk: Desk) -> None:
    cause = f"sale {uuid4()} or version 0 of its lot"
    with desk.inventory.transaction() as session:
        late = event("sales", "SaleLotAssigned", 7, {"note": "rahasia"})
        session.execute(PARK, {"event": json.dumps(late), "waiting_for": f"{cause} Andi"})
    page = desk.look()
    assert f"{cause} …" in page.text, "words that are not ours are not shown"
    assert "Andi" not in page.text
    assert "1 peristiwa dari sales menunggu di inventory, yang tertua sudah 2\u00a0jam." in _needs(page)


def test_registers_stand_with_what_they_could_not_send_the_worst_first(desk: Desk) -> None:
    city = {"Authorization": f"Bearer {issue(role='city', lifetime=timedelta(minutes=5))}"}
    client = desk.app.test_client()
    client.put("/sales/v1/outlets/OUT-1", json={"name": "Kedai", "kind": "permanent"}, headers=city)
    for number, (unsent, age) in enumerate([(0, 0), (3, 2), (9, 5), (1, 30)], 1):
        code = f"OUT-1-{number}"
        client.put(f"/sales/v1/registers/{code}", json={"outlet": "OUT-1", "name": code}, headers=city)
        token = issue(role="register", lifetime=timedelta(minutes=5), outlet="OUT-1", register=code)
        told = {"unsent": unsent, "oldest_at": jsontext.instant(now() - timedelta(hours=age))}
        body = told | {"sent_at": jsontext.instant(now())}
        answer = client.put(
            f"/sales/v1/registers/{code}/state", json=body, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
    page = desk.look()
    assert re.findall(r'href="/sales/registers/(OUT-1-\d)"', page.text) == [f"OUT-1-{n}" for n in (4, 3, 2, 1)]
    assert "Nota belum terkirim: OUT-1-4, OUT-1-3, OUT-1-2 (3)" in _needs(page)
    assert desk.look("/sales/registers/OUT-1-4").status_code == 200


def test_pages_that_stay_open_ask_once_for_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that takes the question and says nothing: eight pages wait for one answer, not for eight."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked: list[socket.socket] = []

        def listen() -> None:
            while True:
                try:
                    asked.append(silent.accept()[0])
                except OSError:
                    return

        threading.Thread(target=listen, daemon=True).start()
        monkeypatch.setenv("LAPAK_TRAINING_URL", f"http://127.0.0.1:{silent.getsockname()[1]}/training")
        with ThreadPoolExecutor(8) as pool:
            pages = list(pool.map(lambda _: desk.look(), range(8)))
        assert all("Training tidak menjawab (ReadTimeout)." in _needs(page) for page in pages)
        assert len(asked) == 1
        for connection in asked:
            connection.close()


def test_every_alarm_leads_to_its_section_of_the_runbook(desk: Desk) -> None:
    desk.letter(1)
    headings = set(re.findall(r'href="/sales/ops/runbook#([a-z-]+)"', desk.look().text))
    assert headings == {"no-figures", "relay-without-leader", "consumer-behind", "dead-letters"}
    page = desk.look("/sales/ops/runbook", role="auditor").text
    assert headings <= set(re.findall(r'<section class="card runbook" id="([a-z-]+)"', page))
    assert "<code>./lapak events status</code>" in page
    assert "](" not in page
    assert {section.anchor for section in runbook.sections()} >= {"after-a-restore", "process-quiet"}


def test_the_operator_has_one_menu_on_every_page(desk: Desk) -> None:
    for path in ("/sales/ops", "/sales/devices", "/sales/ops/runbook", PLACE):
        menu = re.search(r"<nav.*?</nav>", desk.look(path).text, re.DOTALL)
        assert menu
        assert re.findall(r'href="([^"]+)"', menu[0]) == ["/sales/ops", "/sales/devices"]
    assert '<a href="/sales/ops"' in desk.look(role="auditor").text
