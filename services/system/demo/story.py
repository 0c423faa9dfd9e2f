"""The life of one product, from a certificate to a refund, told through the public API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from uuid_utils.compat import uuid7

from services.system.demo.api import Person, Refused, until
from shared.clock import business_day, now
from shared.jsontext import instant

WORKSHOP, SKU, SKILL = "WS-RTI", "RTI-001", "bakery-dasar"
OUTLET, REGISTER = "OUT-DKR", "OUT-DKR-1"


@dataclass
class Step:
    """What happened, and the events it caused: (name, who learnt of it, ms until they knew)."""

    what: str
    arrivals: list[tuple[str, str, float]] = field(default_factory=list)


class Story:
    """One run. Every fact gets a new id, so the story can be told again on the same data."""

    def __init__(self, origin: str) -> None:
        self.staff = Person(origin, "staff", name="demo-staff")
        self.gate = Person(origin, "staff", name="demo-staff-2")
        self.instructor = Person(origin, "instructor", name="demo-instructor")
        self.terminal = Person(origin, "terminal", {"workshop": WORKSHOP})
        self.register = Person(origin, "register", {"outlet": OUTLET, "register": REGISTER})
        self.city = Person(origin, "city")
        self.makers: list[str] = []
        self.lot = ""
        self.price = 0
        self.shift = str(uuid7())
        self.consignment = str(uuid7())
        self.sold: list[dict[str, Any]] = []
        self.next_no = 1

    # -- what each service believes ------------------------------------------------------------------------

    def stock(self) -> dict[str, Any]:
        """Inventory's view of the lot: location → on hand."""
        if not self.lot:
            return {}
        rows = self.staff.get("/inventory/v1/stock", lot=self.lot, limit=1000)["items"]
        return {row["location"]: row["on_hand"] for row in rows}

    def available(self) -> Any:
        """Sales' view: how many of the lot the shop can sell, None when it does not know the lot."""
        lots = [lot for item in self._catalogue() if item["sku"] == SKU for lot in item["lots"]]
        return next((lot["available"] for lot in lots if lot["lot"] == self.lot), None)

    def practised(self) -> Any:
        """Training's view: good pieces in the first maker's practice log."""
        if not self.makers:
            return 0
        rows = self.instructor.get(f"/training/v1/residents/{self.makers[0]}/practice")
        return sum(row["good"] for row in rows["items"] if row["lot"] == self.lot)

    def _catalogue(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.register.get("/sales/v1/catalogue", outlet=OUTLET)["items"]
        return items

    # -- the steps -------------------------------------------------------------------------------------------

    def tell(self) -> Iterator[Step]:
        """Live through it, step by step."""
        yield self.products_reach_the_shop()
        yield self.two_residents_are_certified()
        yield self.an_output_is_proposed_and_accepted()
        yield self.goods_are_dispatched()
        yield self.the_shop_counts_two_short()
        yield self.the_difference_is_settled()
        yield from self.three_sales_online()
        yield self.a_late_offline_batch()
        yield self.the_missing_sale_arrives()
        yield self.one_bun_comes_back()
        yield self.the_shift_is_closed()

    def products_reach_the_shop(self) -> Step:
        """The catalogue of the shop lists the product, with its price."""

        def listed() -> bool:
            self.price = next((item["price"] for item in self._catalogue() if item["sku"] == SKU), 0)
            return self.price > 0

        return Step(f"{SKU} is in the shop's catalogue", [("ProductPublished", "sales", until("catalogue", listed))])

    def two_residents_are_certified(self) -> Step:
        """Assessed as competent, certified: training tells inventory."""
        today = business_day(now())
        for name in ("Baso", "Daeng"):
            ref = self.instructor.post("/training/v1/residents", {"name": f"{name} (demo)"})["worker_ref"]
            assessment = {"worker_ref": ref, "skill": SKILL, "result": "COMPETENT", "assessed_on": today.isoformat()}
            self.instructor.put(f"/training/v1/assessments/{uuid7()}", assessment)
            certificate = {
                "worker_ref": ref,
                "skill": SKILL,
                "kind": "competency",
                "number": f"DEMO-{ref}",
                "issuer": "BLK Makassar",
                "valid_from": (today - timedelta(days=1)).isoformat(),
                "valid_until": (today + timedelta(days=365)).isoformat(),
            }
            self.instructor.put(f"/training/v1/certificates/{uuid7()}", certificate)
            self.makers.append(ref)
        return Step("two residents get their certificates")

    def an_output_is_proposed_and_accepted(self) -> Step:
        """The terminal proposes, staff accept: a lot is born."""
        output, moment = str(uuid7()), instant(now())
        shares = [{"worker_ref": ref, "share_bp": 5000} for ref in self.makers]
        item = {"id": output, "workshop": WORKSHOP, "sku": SKU, "good": 120, "rejected": 4, "makers": shares}
        self.terminal.post("/inventory/v1/outputs", {"outputs": [item | {"made_at": moment, "recorded_at": moment}]})

        def accepted() -> bool:
            try:
                answer = self.staff.post(f"/inventory/v1/outputs/{output}/acceptance", {"good": 118, "rejected": 6})
            except Refused as refused:
                if refused.body.get("code") == "skill-missing":
                    return False  # the certificates are still on their way
                raise
            self.lot = answer["lot"]
            return True

        skills = until("skill gate", accepted)
        practice = until("practice log", lambda: self.practised() > 0)
        return Step(
            f"120 proposed, 118 accepted: lot {self.lot}",
            [("SkillGranted", "inventory", skills), ("OutputAccepted", "training", practice)],
        )

    def goods_are_dispatched(self) -> Step:
        """A hundred buns leave the workshop with their delivery note."""
        lines = [{"sku": SKU, "lot": self.lot, "quantity": 100}]
        draft = {"id": self.consignment, "from": WORKSHOP, "outlet": OUTLET, "lines": lines}
        self.staff.post("/inventory/v1/consignments", draft)
        self.staff.post(f"/inventory/v1/consignments/{self.consignment}/dispatch")
        return Step("100 are dispatched to the shop")

    def the_shop_counts_two_short(self) -> Step:
        """The shop counts before it sees what was sent: 97 good, 1 damaged."""
        lines = [{"sku": SKU, "lot": self.lot, "good": 97, "damaged": 1}]
        receipt = {"id": str(uuid7()), "received_at": instant(now()), "lines": lines}
        self.register.post(f"/inventory/v1/consignments/{self.consignment}/receipts", receipt)
        known = until("received goods", lambda: self.available() == 97)
        return Step("the shop counts 97 good and 1 damaged", [("ConsignmentReceived", "sales", known)])

    def the_difference_is_settled(self) -> Step:
        """Two are missing; staff find that they were never loaded."""
        found = self.staff.get("/inventory/v1/discrepancies", outlet=OUTLET, limit=1000)["items"]
        mine = next(item for item in found if item["consignment_id"] == self.consignment)
        self.gate.post(f"/inventory/v1/discrepancies/{mine['id']}/resolution", {"reason_code": "not-sent"})
        return Step(f"{mine['open']} short: an open difference, settled as never loaded")

    def three_sales_online(self) -> Iterator[Step]:
        """The shift opens; three sales, each sent as it happens."""
        self.next_no = self.register.get(f"/sales/v1/registers/{REGISTER}/sync")["last_no"] + 1
        opened = {"register": REGISTER, "opened_at": instant(now()), "opening_float": 200_000, "cashier": "kasir-1"}
        self.register.put(f"/sales/v1/shifts/{self.shift}", opened)
        for quantity in (1, 2, 3):
            before = self.stock().get(OUTLET, 0)
            self._send([self._sale(quantity)])
            moved = until("stock move", partial(self._shop_holds, before - quantity))
            yield Step(f"a sale of {quantity}, online", [("SaleRecorded", "inventory", moved)])

    def _shop_holds(self, quantity: Any) -> bool:
        return bool(self.stock().get(OUTLET, 0) == quantity)

    def a_late_offline_batch(self) -> Step:
        """The network was away for an hour; five sales come at once, and number three of them is missing."""
        before = self.stock().get(OUTLET, 0)
        late = [self._sale(2, minutes_ago=60 - 5 * index) for index in range(5)]
        self.held_back = late.pop(2)
        self._send(late)
        missing = self.register.get(f"/sales/v1/registers/{REGISTER}/sync")["missing"]
        moved = until("stock moves", lambda: self.stock().get(OUTLET, 0) == before - 8)
        if missing != [self.held_back["register_no"]]:
            raise AssertionError(f"expected number {self.held_back['register_no']} to be missing, got {missing}")
        return Step(f"4 late offline sales; number {missing[0]} is missing", [("SaleRecorded ×4", "inventory", moved)])

    def the_missing_sale_arrives(self) -> Step:
        """The fifth sale comes with the next batch; the repeated ones change nothing."""
        before = self.stock().get(OUTLET, 0)
        results = self._send([*self.sold[-2:], self.held_back])
        moved = until("stock move", lambda: self.stock().get(OUTLET, 0) == before - 2)
        statuses = ", ".join(result["status"] for result in results)
        return Step(f"it arrives, with two sent again: {statuses}", [("SaleRecorded", "inventory", moved)])

    def one_bun_comes_back(self) -> Step:
        """A bun is returned; bread does not go back on the shelf."""
        sale = self.sold[0]
        line, back = sale["lines"][0], self.stock().get("scrap", 0)
        lines = [
            {
                "id": str(uuid7()),
                "line_id": line["id"],
                "sku": SKU,
                "lot": self.lot,
                "quantity": 1,
                "amount": self.price,
                "reason_code": "stale",
                "restock": False,
            }
        ]
        item = {"id": str(uuid7()), "sale_id": sale["id"], "returned_at": instant(now()), "lines": lines}
        refund = {"refund": {"kind": "cash", "amount": self.price}}
        self.register.post(f"/sales/v1/registers/{REGISTER}/returns", {"returns": [item | refund]})
        moved = until("returned goods", lambda: self.stock().get("scrap", 0) == back + 1)
        return Step("one bun comes back, money refunded", [("SaleReturned", "inventory", moved)])

    def the_shift_is_closed(self) -> Step:
        """The cashier counts blind; the difference is recorded, not forced to nil."""
        counted = 200_000 + sum(sale["total"] for sale in self.sold) - self.price - 500
        body = {"closed_at": instant(now()), "counted": {"cash": counted}}
        closed = self.register.post(f"/sales/v1/shifts/{self.shift}/close", body)
        return Step(f"shift closed: expected {closed['expected']:,}, difference {closed['variance']:,}")

    def _send(self, sales: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = self.register.post(f"/sales/v1/registers/{REGISTER}/sales", {"sales": sales})
        for sale, result in zip(sales, answer["results"], strict=True):
            if result["status"] not in {"recorded", "duplicate"}:
                raise AssertionError(f"sale {sale['id']}: {result}")
            if result["status"] == "recorded":
                self.sold.append(sale)
        return list(answer["results"])

    def _sale(self, quantity: int, *, minutes_ago: int = 0) -> dict[str, Any]:
        number, self.next_no = self.next_no, self.next_no + 1
        amount = quantity * self.price
        line = {"id": str(uuid7()), "sku": SKU, "lot": self.lot, "quantity": quantity, "unit_price": self.price}
        return {
            "id": str(uuid7()),
            "register_no": number,
            "shift_id": self.shift,
            "sold_at": instant(now() - timedelta(minutes=minutes_ago)),
            "lines": [line | {"discount": 0, "amount": amount}],
            "payments": [{"id": str(uuid7()), "kind": "cash", "amount": amount, "reference": None}],
            "total": amount,
        }
