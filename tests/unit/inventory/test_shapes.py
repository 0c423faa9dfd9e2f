"""What a terminal and an outlet may say, checked before any database is asked."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from services.inventory.models.base import VIRTUAL, code_of, outlet_location, workshop_location
from services.inventory.schemas.handover import ConsignmentBody, ReceiptBody
from services.inventory.schemas.outputs import OutputItem
from services.inventory.usecases.documents import line_id
from services.inventory.usecases.outputs import new_lot_code
from shared.batches import read_each
from shared.clock import now
from shared.jsontext import instant

ITEM = OutputItem()


def _output(**changes: Any) -> dict[str, Any]:
    moment = instant(now())
    makers = [{"worker_ref": "wmaker001", "share_bp": 10_000}]
    item = {"id": str(uuid4()), "workshop": "WS-RTI", "sku": "RTI-001", "good": 1, "rejected": 0, "makers": makers}
    return item | {"made_at": moment, "recorded_at": moment} | changes


@given(cuts=st.sets(st.integers(1, 9_999), max_size=20))
def test_shares_that_total_ten_thousand_pass_however_they_are_cut(cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), 10_000]
    shares = [high - low for low, high in pairwise(edges)]
    makers = [{"worker_ref": f"wmaker{n:03}", "share_bp": share} for n, share in enumerate(shares)]
    assert len(ITEM.load(_output(makers=makers))["makers"]) == len(shares)


@given(shares=st.lists(st.integers(1, 10_000), min_size=1, max_size=5).filter(lambda parts: sum(parts) != 10_000))
def test_shares_that_total_anything_else_are_refused(shares: list[int]) -> None:
    makers = [{"worker_ref": f"wmaker{n:03}", "share_bp": share} for n, share in enumerate(shares)]
    with pytest.raises(ValidationError) as refused:
        ITEM.load(_output(makers=makers))
    assert list(refused.value.messages) == ["makers"]


@given(
    junk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_whatever_a_batch_holds_each_item_has_errors_by_field_and_none_is_raised(junk: Any) -> None:
    (item,) = read_each(ITEM, [junk])
    assert item.loaded is None
    assert item.errors
    assert all(isinstance(text, str) for texts in item.errors.values() for text in texts)


def test_what_was_not_made_yet_is_refused() -> None:
    with pytest.raises(ValidationError):
        ITEM.load(_output(made_at=instant(now() + timedelta(days=3))))


@given(quantity=st.decimals(min_value="0.001", max_value="100000", places=3))
def test_a_quantity_is_read_to_its_last_digit(quantity: Decimal) -> None:
    line = {"sku": "RTI-001", "lot": "L1", "quantity": quantity}
    note = {"id": str(uuid4()), "from": "WS-RTI", "outlet": "OUT-DKR", "lines": [line]}
    assert ConsignmentBody().load(note)["lines"][0]["quantity"] == quantity


def test_a_lot_of_a_product_stands_on_one_line_only() -> None:
    line = {"sku": "RTI-001", "lot": None, "good": 1, "damaged": 0}
    body = {"id": str(uuid4()), "received_at": instant(now()), "lines": [line, line]}
    with pytest.raises(ValidationError) as refused:
        ReceiptBody().load(body)
    assert list(refused.value.messages) == ["lines"]


def test_a_location_is_a_kind_and_a_code_and_shows_as_the_code() -> None:
    assert code_of(workshop_location("WS-RTI")) == "WS-RTI"
    assert code_of(outlet_location("OUT-DKR")) == "OUT-DKR"
    assert [code_of(name) for name in sorted(VIRTUAL)] == sorted(VIRTUAL)
    assert workshop_location("X") != outlet_location("X")


def test_lot_codes_are_ten_characters_nobody_misreads_and_do_not_repeat() -> None:
    codes = {new_lot_code() for _ in range(5_000)}
    assert len(codes) == 5_000
    assert {len(code) for code in codes} == {10}
    assert not set("ILOU") & set("".join(codes))


def test_the_line_of_a_document_for_a_lot_has_one_id_for_ever() -> None:
    document = uuid4()
    assert line_id(document, "RTI-001", "L1") == line_id(document, "RTI-001", "L1")
    assert len({line_id(document, sku, lot) for sku in ("A", "B") for lot in ("L1", "L2", None)}) == 6
