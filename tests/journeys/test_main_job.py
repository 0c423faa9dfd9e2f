"""The main job through real processes: web, workers and couriers of all three services, PostgreSQL and Redis."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from services.system.demo.api import Person, Refused
from services.system.demo.story import OUTLET, REGISTER, SKU, WORKSHOP
from shared.clock import now
from shared.jsontext import instant
from tests.journeys.conftest import Told
from tests.waiting import until

pytestmark = pytest.mark.journey


def test_goods_made_in_a_workshop_are_sold_in_a_shop_and_all_three_services_know(story: Told, system: Any) -> None:
    stock, available, practised = story.beliefs
    # 118 accepted, 100 sent, 97 received good, 1 damaged, 2 never loaded; 6 + 8 + 2 sold, 1 came back stale
    assert (stock[WORKSHOP], stock[OUTLET], stock["customer"]) == (20, 81, 15)
    assert stock.get("transit", 0) == 0
    assert available == 81
    assert practised == 118
    caused = [event for step in story.steps for event, _, _ in step.arrivals]
    assert {name.split()[0] for name in caused} == {
        "ProductPublished",
        "SkillGranted",
        "OutputAccepted",
        "ConsignmentReceived",
        "SaleRecorded",
        "SaleReturned",
    }


def test_every_unit_and_every_rupiah_is_proved(story: Told, system: Any) -> None:
    done = system.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_story_can_be_told_again_on_the_same_data(story: Told, system: Any) -> None:
    done = system.run("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "shift closed" in done.stdout


def test_the_same_sale_sent_50_times_at_once_through_several_web_processes_is_one_sale(
    story: Told, system: Any
) -> None:
    assert len(system.web_pids()) >= 2
    sale = story._sale(1)
    before = story.stock()[OUTLET]
    gate = threading.Barrier(50)

    def send(_: int) -> str:
        device = Person(system.url, "register", {"outlet": OUTLET, "register": REGISTER})
        gate.wait()
        answer = device.post(f"/sales/v1/registers/{REGISTER}/sales", {"sales": [sale]})
        return str(answer["results"][0]["status"])

    with ThreadPoolExecutor(50) as pool:
        statuses = Counter(pool.map(send, range(50)))
    assert statuses == {"recorded": 1, "duplicate": 49}
    until("one stock move", lambda: story.stock()[OUTLET] == before - 1)
    moves = story.staff.get("/inventory/v1/moves", lot=story.lot, limit=1000)["items"]
    assert sum(move["document_id"] == sale["id"] for move in moves) == 1


def test_an_output_by_an_uncertified_maker_is_refused_with_a_clear_reason(story: Told) -> None:
    ref = story.instructor.post("/training/v1/residents", {"name": "Tanpa sertifikat"})["worker_ref"]
    output, moment = str(uuid7()), instant(now())
    item = {"id": output, "workshop": WORKSHOP, "sku": SKU, "good": 5, "rejected": 0}
    item |= {"made_at": moment, "recorded_at": moment, "makers": [{"worker_ref": ref, "share_bp": 10_000}]}
    story.terminal.post("/inventory/v1/outputs", {"outputs": [item]})
    with pytest.raises(Refused) as refused:
        story.staff.post(f"/inventory/v1/outputs/{output}/acceptance", {"good": 5, "rejected": 0})
    assert refused.value.status == 409
    assert (refused.value.body["code"], refused.value.body["makers"]) == ("skill-missing", [ref])


def test_a_certificate_withdrawn_later_flags_the_lot_and_rewrites_nothing(story: Told) -> None:
    certificates = story.instructor.get("/training/v1/certificates", worker_ref=story.makers[0])["items"]
    before = story.stock()
    withdrawal = {"effective": certificates[0]["valid_from"], "reason": "diterbitkan keliru"}
    story.instructor.post(f"/training/v1/certificates/{certificates[0]['id']}/withdrawal", withdrawal)

    def flagged() -> bool:
        return bool(story.staff.get(f"/inventory/v1/lots/{story.lot}")["flags"] == ["skill-withdrawn"])

    until("flag on the lot", flagged)
    assert story.stock() == before


def test_a_revoked_token_is_refused_by_every_service(system: Any) -> None:
    token = system.run("token", "--role", "auditor").stdout.splitlines()[-1]
    auditor = Person(system.url, "auditor")
    auditor.client.headers["Authorization"] = f"Bearer {token}"
    paths = ("/training/v1/skills", "/inventory/v1/workshops", "/sales/v1/outlets")
    for path in paths:
        auditor.get(path)
    assert system.run("token", "revoke", token).returncode == 0

    def refused(path: str) -> bool:
        return auditor.client.get(path).status_code == 401

    for path in paths:
        until(f"{path} refuses", lambda p=path: refused(p))  # type: ignore[misc]
