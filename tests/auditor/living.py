"""A system that has been lived in: beyond the demo's story, a little of everything that is posted anywhere."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from uuid_utils.compat import uuid7

from services.system.demo.api import Person, Refused, until
from services.system.demo.story import OUTLET, REGISTER, SKILL, SKU, WORKSHOP
from shared.clock import business_day, now
from shared.jsontext import instant
from tests.journeys.conftest import Told


def live(story: Told, *, sales: int = 30, seed: int = 1) -> None:
    """Have the demo's people go on: every kind of fact comes about at least once."""
    chance = random.Random(seed)
    second = _an_output(story)
    _odd_consignment(story)
    _written_off(story)
    _skills_end(story)
    shift = _open(story)
    sold = [_sale(story, chance, number) for number in range(sales)]
    story._send(sold)
    _returns(story, sold, chance)
    _assign(story, sold)
    _odd_items(story)
    story.register.post(f"/sales/v1/shifts/{shift}/close", {"closed_at": instant(now()), "counted": {"cash": 12_000}})
    story.city.put(f"/sales/v1/prices/{SKU}", {"outlet": OUTLET, "price": 9_000, "valid_from": instant(now())})
    story.city.put("/sales/v1/outlets/OUT-EVENT", {"name": "Acara", "kind": "temporary", "opens_on": "2026-01-01"})
    story.staff.post(f"/inventory/v1/lots/{second}/recall", {"reason_code": "foreign-body"})
    revoked = {"jti": str(uuid7()), "expires_at": instant(now() + timedelta(days=300))}
    Person(story.city.origin, "operator").post("/sales/v1/token-revocations", revoked)


def _an_output(story: Told) -> str:
    """Another lot, one that was rejected, and one that nobody has decided."""
    moment, made = instant(now()), []
    for good in (40, 10, 5):
        shares = [{"worker_ref": story.makers[0], "share_bp": 2500}, {"worker_ref": story.makers[1], "share_bp": 7500}]
        item = {"id": str(uuid7()), "workshop": WORKSHOP, "sku": SKU, "good": good, "rejected": 1, "makers": shares}
        story.terminal.post("/inventory/v1/outputs", {"outputs": [item | {"made_at": moment, "recorded_at": moment}]})
        made.append(item["id"])
    story.staff.post(f"/inventory/v1/outputs/{made[1]}/rejection", {"reason": "burnt"})
    lot: str = story.staff.post(f"/inventory/v1/outputs/{made[0]}/acceptance", {"good": 40, "rejected": 1})["lot"]
    return lot


def _odd_consignment(story: Told) -> None:
    """One is lost, one too many is found, some are sent back; each difference is settled, one stays open."""
    for sent, good, reason in ((4, 3, "lost"), (2, 3, "surplus"), (3, 1, None)):
        consignment = _consign(story, WORKSHOP, OUTLET, sent)
        lines = [{"sku": SKU, "lot": story.lot, "good": good, "damaged": 0}]
        receipt = {"id": str(uuid7()), "received_at": instant(now()), "lines": lines}
        story.register.post(f"/inventory/v1/consignments/{consignment}/receipts", receipt)
        open_ones = story.staff.get("/inventory/v1/discrepancies", outlet=OUTLET, limit=1000)["items"]
        found = next(item for item in open_ones if item["consignment_id"] == consignment)
        if reason:
            story.gate.post(f"/inventory/v1/discrepancies/{found['id']}/resolution", {"reason_code": reason})
    _consign(story, OUTLET, WORKSHOP, 2)


def _consign(story: Told, source: str, target: str, quantity: int) -> str:
    draft = {"id": str(uuid7()), "from": source, "outlet": target}
    lines = [{"sku": SKU, "lot": story.lot, "quantity": quantity}]
    story.staff.post("/inventory/v1/consignments", draft | {"lines": lines})
    story.staff.post(f"/inventory/v1/consignments/{draft['id']}/dispatch")
    return draft["id"]


def _written_off(story: Told) -> None:
    for location in (WORKSHOP, OUTLET):
        item = {"id": str(uuid7()), "location": location, "reason_code": "expired"}
        lines = [{"sku": SKU, "lot": story.lot, "quantity": 1}]
        story.staff.post("/inventory/v1/write-offs", item | {"lines": lines})
        story.gate.post(f"/inventory/v1/write-offs/{item['id']}/approval")


def _skills_end(story: Told) -> None:
    """A certificate and an attestation of a third resident, both withdrawn."""
    ref = story.instructor.post("/training/v1/residents", {"name": "Tallo (audit)"})["worker_ref"]
    today = business_day(now())
    span = {"worker_ref": ref, "skill": SKILL, "valid_from": str(today), "valid_until": str(today + timedelta(days=9))}
    paper = {"kind": "training", "number": f"A-{ref}", "issuer": "BLK Makassar"}
    for kind, body in (("certificates", span | paper), ("attestations", span)):
        path = f"/training/v1/{kind}/{uuid7()}"
        story.instructor.put(path, body)
        story.instructor.post(f"{path}/withdrawal", {"effective": str(today + timedelta(days=5)), "reason": "moved"})


def _open(story: Told) -> str:
    story.shift = str(uuid7())
    story.next_no = story.register.get(f"/sales/v1/registers/{REGISTER}/sync")["last_no"] + 1
    opened = {"register": REGISTER, "opened_at": instant(now()), "opening_float": 50_000, "cashier": "kasir-2"}
    story.register.put(f"/sales/v1/shifts/{story.shift}", opened)
    return story.shift


def _sale(story: Told, chance: random.Random, number: int) -> dict[str, Any]:
    """One to three lines, a discount now and then, two kinds of payment, sometimes without a lot."""
    sale = story._sale(1)
    lines = []
    for _ in range(chance.randint(1, 3)):
        line = sale["lines"][0] | {"id": str(uuid7()), "lot": None if number % 7 == 3 else story.lot}
        discount = chance.choice([0, 0, 500])
        line |= {"discount": discount, "amount": line["unit_price"] - discount}
        lines.append(line | ({"discount_reason": "damaged-pack"} if discount else {}))
    total = sum(line["amount"] for line in lines)
    cash = total if number % 3 else total // 2
    paid = [{"id": str(uuid7()), "kind": "cash", "amount": cash, "reference": None}]
    if cash != total:
        paid.append({"id": str(uuid7()), "kind": "qris", "amount": total - cash, "reference": f"Q{number}"})
    return sale | {"lines": lines, "payments": paid, "total": total}


def _returns(story: Told, sold: list[dict[str, Any]], chance: random.Random) -> None:
    """Some restocked, some not, one of more than was sold, one of a sale that nobody has heard of."""
    for sale in chance.sample(sold, 4):
        _return(story, sale, quantity=1, restock=chance.random() < 0.5)
    _return(story, sold[0], quantity=9, restock=True)
    _return(story, sold[1] | {"id": str(uuid7())}, quantity=1, restock=True)


def _return(story: Told, sale: dict[str, Any], *, quantity: int, restock: bool) -> None:
    line = sale["lines"][0]
    back = {key: line[key] for key in ("sku", "lot", "amount")} | {"id": str(uuid7()), "line_id": line["id"]}
    back |= {"quantity": quantity, "reason_code": "stale", "restock": restock}
    item = {"id": str(uuid7()), "sale_id": sale["id"], "returned_at": instant(now()), "lines": [back]}
    item |= {"refund": {"kind": "cash", "amount": line["amount"]}}
    story.register.post(f"/sales/v1/registers/{REGISTER}/returns", {"returns": [item]})


def _assign(story: Told, sold: list[dict[str, Any]]) -> None:
    """A sold line finds its lot."""
    items = story.city.get("/sales/v1/work-items", outlet=OUTLET, limit=1000)["items"]
    missing = next(item for item in items if item["code"] == "lot-missing" and item.get("line_id"))
    story.city.post(f"/sales/v1/work-items/{missing['id']}/resolution", {"lot": story.lot})
    others = [item for item in items if item["code"] == "no-stock"]
    for item in others[:1]:
        story.city.post(f"/sales/v1/work-items/{item['id']}/resolution", {"note": "seen"})


def _odd_items(story: Told) -> None:
    """What cannot be read is kept; what sends its clock's time wrong is noted."""
    story.register.post(f"/sales/v1/registers/{REGISTER}/sales", {"sales": [{"id": str(uuid7()), "register_no": "x"}]})
    odd = story._sale(1) | {"shift_id": str(uuid7())}
    path = f"/sales/v1/registers/{REGISTER}/sales"
    story.register.post(path, {"sales": [odd], "sent_at": instant(now() - timedelta(hours=2))})


def settled(story: Told, proves: Any) -> None:
    """Wait until `proves()`, which is told of no error while events are still on their way."""
    until("everything has arrived", lambda: bool(proves()), seconds=60)


__all__ = ["Refused", "live", "settled"]
