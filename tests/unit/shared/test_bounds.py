"""However much is wrong with an item, reading it costs about what a good one of the same length does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from services.inventory.schemas.handover import ConsignmentBody, ReceiptBody
from services.inventory.schemas.outputs import OutputItem, output_item
from services.sales.schemas.facts import ReturnItem, SaleItem, read_returns, read_sales
from shared import bounds, jsontext
from shared.batches import read_each
from shared.errors import flatten

_SIZE = 100_000
_BATCH = 500  # items that one request may carry


def _sale(lines: int) -> dict[str, Any]:
    line = {"sku": "BUN", "lot": None, "quantity": 1, "unit_price": 1000, "discount": 0, "amount": 1000}
    parts = [{"id": str(uuid4()), **line} for _ in range(lines)]
    payment = {"id": str(uuid4()), "kind": "cash", "amount": 1000 * lines, "reference": None}
    ids = {"id": str(uuid4()), "shift_id": str(uuid4()), "register_no": 1, "sold_at": "2026-03-01T10:00:00+08:00"}
    return ids | {"lines": parts, "payments": [payment], "total": 1000 * lines}


def _good() -> list[Any]:
    """Sales of the size, that marshmallow reads: their ids have no hyphens."""
    one = _sale(100)
    one["id"] = one["id"].replace("-", "")
    return [one] * (_SIZE // len(jsontext.dumps(one)))


def _times(text: str) -> list[Any]:
    return [jsontext.loads(text)] * min(_BATCH, _SIZE // len(text))


BAD: dict[str, Callable[[], list[Any]]] = {
    "unknown names": lambda: [{f"k{n}": 1 for n in range(_SIZE // 11)}],
    "unknown names, by the item": lambda: _times('{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1}'),
    "unknown names in lines": lambda: [{"lines": [{f"k{n}": 1 for n in range(_SIZE // 11)}]}],
    "empty lines": lambda: [_sale(1) | {"lines": [{}] * (_SIZE // 3)}],
    "few empty lines, often": lambda: [{"lines": [{}] * 200, "payments": [{}] * 200}] * (_SIZE // 1000),
    "numbers for lines": lambda: [_sale(1) | {"lines": [1] * (_SIZE // 2)}],
    "nothings": lambda: [1] * _BATCH,
    "long text": lambda: [_sale(1) | {"sold_at": "2" * _SIZE}],
    "a long id": lambda: [_sale(1) | {"id": "a" * _SIZE}],
    "a long number": lambda: [_sale(1) | {"total": jsontext.loads("9" * _SIZE)}],
    "a long fraction": lambda: [_sale(1) | {"total": jsontext.loads("0." + "9" * _SIZE)}],
    "a large exponent": lambda: [_sale(1) | {"total": jsontext.loads("1e999999999999999999")}],
    "depth": lambda: [_sale(1) | {"lines": jsontext.loads("[" * 300 + "]" * 300)}] * (_SIZE // 1000),
    "a long name": lambda: [_sale(1) | {"x" * _SIZE: 1}],
}


def _seconds(read: Callable[[], Any]) -> float:
    """Of this thread alone, the better of two."""
    best = float("inf")
    for _ in range(2):
        begun = time.thread_time()
        read()
        best = min(best, time.thread_time() - begun)
    return best


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_costs_no_more_than_what_is_right(what: str) -> None:
    good, bad = _good(), BAD[what]()
    usual = _seconds(lambda: read_each(SaleItem(), good))
    assert all(item.loaded for item in read_each(SaleItem(), good))
    for read in (read_sales, read_returns, lambda raw: read_each(output_item, raw)):
        items = read(bad)
        assert [item.loaded for item in items] == [None] * len(bad)
        for item in items[:100]:
            assert 0 < sum(map(len, item.errors.values())) <= bounds.MOST_ERRORS + 1
            assert max(map(len, item.errors)) <= 120
        assert _seconds(lambda read=read: read(bad)) < 3 * usual  # type: ignore[misc]


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["BUN", "cash", 1000]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "sku", "lines", "amount", "kind", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.sampled_from([SaleItem(), ReturnItem(), OutputItem(), ConsignmentBody()]), st.data())
def test_the_same_is_refused_as_ever_in_the_same_words(schema: Any, data: Any) -> None:
    names = sorted(schema.load_fields)
    raw = data.draw(st.dictionaries(st.sampled_from([*names, "unknown"]), _anything, max_size=6) | _anything)
    try:
        wanted: Any = schema.load(raw)
    except ValidationError as error:
        all_errors = flatten(error.messages)
        with pytest.raises(ValidationError) as refused:
            bounds.load(schema, raw)
        for where, texts in bounds.told(refused.value).items():
            for text in texts:
                assert text in all_errors.get(where, []) or text == "There is more that is wrong.", (where, text)
    except (KeyError, TypeError):  # a rule for several fields, which marshmallow also asks where one of them is wrong
        with pytest.raises(ValidationError):
            bounds.load(schema, raw)
    else:
        assert bounds.load(schema, raw) == wanted


def test_rules_for_several_fields_see_only_what_was_read() -> None:
    """marshmallow asks a list's rule also when what is in the list is wrong: here that was a KeyError, and a 500."""
    for schema, raw in ((output_item, {"makers": [False]}), (ReceiptBody(), {"lines": [1]})):
        assert all(item.errors for item in read_each(schema, [raw]))
