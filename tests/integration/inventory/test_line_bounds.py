"""What a line may hold: one document's nonsense fills no number that others need."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from tests.integration.inventory.goods import OUTLET, SKU, WORKSHOP, Goods, sold


def test_enormous_sales_of_one_product_do_not_stop_those_after_them(goods: Goods) -> None:
    huge = Decimal("99999999999.999")
    goods.hear(sold([(None, 1)]))
    with goods.database.transaction() as session:  # as much of it as there was ever room for
        session.execute(text("UPDATE stock_balance SET on_hand = sign(on_hand) * 99999999999999999.999"))
    outcome = goods.hear(*(sold([(None, huge)]) for _ in range(3)), sold([(None, 1)], outlet="OUT-KNR"))
    assert (outcome.handled, outcome.dead) == (4, 0)


@pytest.mark.parametrize("quantity", [100_001, 10**11])
def test_no_document_takes_more_than_a_line_may_hold(goods: Goods, quantity: int) -> None:
    lot, line = goods.lot(10), {"sku": SKU, "lot": None, "quantity": quantity}
    body: dict[str, Any] = {"id": str(uuid7()), "from": WORKSHOP, "outlet": OUTLET, "lines": [line]}
    assert goods.staff.post("/consignments", body).status == 422
    off = {"id": str(uuid7()), "location": WORKSHOP, "lines": [line], "reason_code": "expired"}
    assert goods.staff.post("/write-offs", off).status == 422
    assert goods.receive(goods.draft(lot, 1), lot, quantity).status == 422
    assert goods.propose(good=quantity)["status"] == "invalid"
