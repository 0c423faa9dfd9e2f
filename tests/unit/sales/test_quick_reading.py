"""The quick reader and marshmallow agree on everything that anybody could send."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import Schema, fields

from services.sales.schemas import facts
from services.sales.schemas.quick import NotCompiled, reader
from shared.batches import Item, read_each
from shared.canonical import content_hash

#: What clients have sent for one field or another: right, nearly right, and wrong.
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 7, 10**12, 10**12 + 1, 10**30, Decimal("1.5"), Decimal("2.000"), Decimal("0.0004"),
    Decimal("1E+2"), Decimal("1E-9"), Decimal("1E+400"), Decimal("99999999999.999"), "", " ", "1", "7", "cash",
    "qris", "CASH",
    "RTI-001", "RTI-001\n", " RTI-001", "x" * 41, "\x00", "\ud800", "é", "kasir\u2028",
    "2026-03-01T10:00:00+08:00", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00", "2026-03-01 10:00:00+08:00",
    "20260301T100000+0800", "2026-W10-1T10:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00", "2026-03-01T10:00:00.123456789Z", "2026-03-01T10:00:00+08:00 ",
    "2026-03-01T10.30+08:00", "2026-03-01T10:30+08:00", "2026-03-01T10:00:00,5Z", "2026-03-01T10:00:00.9999999Z",
    "01a20d66-fe74-732c-a057-42e3a9a52573", "01A20D66-FE74-732C-A057-42E3A9A52573", "01a20d66fe74732ca05742e3a9a52573",
    "{01a20d66-fe74-732c-a057-42e3a9a52573}", "urn:uuid:01a20d66-fe74-732c-a057-42e3a9a52573",
    " 01a20d66-fe74-732c-a057-42e3a9a5257", "01a20d66-fe74-732c-a057-42e3a9a52573\n", "0" * 36, [], {}, [1], {"id": 1},
]  # fmt: skip


def _id(number: int) -> str:
    return f"01a20d66-fe74-732c-a057-{number:012d}"


def _sale(lines: int) -> dict[str, Any]:
    one = {"sku": "RTI-001", "lot": "LOT1", "quantity": 2, "unit_price": 5000, "discount": 0, "amount": 10_000}
    return {
        "id": _id(1),
        "register_no": 4,
        "shift_id": _id(2),
        "sold_at": "2026-03-01T10:00:00+08:00",
        "lines": [{"id": _id(10 + number), **one} for number in range(lines)],
        "payments": [{"id": _id(100), "kind": "cash", "amount": 10_000 * lines, "reference": None}],
        "total": 10_000 * lines,
    }


def _return(lines: int) -> dict[str, Any]:
    one = {"line_id": _id(10), "sku": "RTI-001", "lot": None, "quantity": Decimal("0.5"), "amount": 2500}
    one |= {"reason_code": "stale", "restock": False}
    return {
        "id": _id(3),
        "sale_id": _id(1),
        "shift_id": None,
        "returned_at": "2026-03-01T11:00:00+08:00",
        "lines": [{"id": _id(20 + number), **one} for number in range(lines)],
        "refund": {"kind": "cash", "amount": 2500},
    }


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in _places(part, (*path, key)))][1 if not path else 0 :]


def _holder(item: Any, place: Sequence[Any]) -> Any:
    for key in place[:-1]:
        item = item[key]
    return item


@st.composite
def spoilt(draw: st.DrawFn, make: Callable[[int], dict[str, Any]]) -> Any:
    """An item in which up to three values were changed, left out, or added."""
    item = copy.deepcopy(make(draw(st.integers(0, 3))))
    for _ in range(draw(st.integers(0, 3))):
        places = _places(item)
        if not places:
            break
        place = draw(st.sampled_from(places))
        holder, key = _holder(item, place), place[-1]
        match draw(st.sampled_from(["change", "change", "leave out", "add"])):
            case "change":
                holder[key] = copy.deepcopy(draw(st.sampled_from(VALUES)))
            case "leave out":
                del holder[key]
            case _ if isinstance(holder, dict):
                name = draw(st.sampled_from(["note", "ID", "", "discount_reason"]))
                holder[name] = copy.deepcopy(draw(st.sampled_from([*VALUES, "damaged-pack"])))
    return item


def _alike(quick: Item, slow: Item) -> None:
    assert (quick.loaded, quick.errors) == (slow.loaded, slow.errors)
    assert repr(quick.loaded) == repr(slow.loaded)  # also the types: True is not 1, Decimal(1) is not 1
    if quick.loaded is not None:
        try:
            expected = content_hash(slow.loaded or {})
        except UnicodeEncodeError:
            pytest.fail("read, but cannot be stored")
        assert content_hash(quick.loaded) == expected


@settings(max_examples=1500)
@given(spoilt(_sale))
def test_a_sale_reads_alike(item: Any) -> None:
    _alike(facts.read_sales([item])[0], read_each(facts.SaleItem(), [item])[0])


@settings(max_examples=1000)
@given(spoilt(_return))
def test_a_return_reads_alike(item: Any) -> None:
    _alike(facts.read_returns([item])[0], read_each(facts.ReturnItem(), [item])[0])


@pytest.mark.parametrize("place", _places(_sale(1)), ids=repr)
def test_each_value_in_a_place_of_a_sale_reads_alike(place: tuple[Any, ...]) -> None:
    for value in VALUES:
        item = _sale(1)
        _holder(item, place)[place[-1]] = copy.deepcopy(value)
        _alike(facts.read_sales([item])[0], read_each(facts.SaleItem(), [item])[0])


def test_what_is_no_item_at_all_is_no_error() -> None:
    assert [item.loaded for item in facts.read_sales([*VALUES, [_sale(1)]])] == [None] * (len(VALUES) + 1)


def test_what_is_right_never_needs_marshmallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the quick reader would be a slow detour, and nobody would notice."""
    monkeypatch.setattr("services.sales.schemas.quick.read_each", lambda *_: pytest.fail("not read quickly"))
    assert facts.read_sales([_sale(3)])[0].loaded is not None
    assert facts.read_returns([_return(2)])[0].loaded is not None


def test_a_field_that_nobody_taught_it_is_refused_when_the_service_starts() -> None:
    class Strange(Schema):
        at = fields.Time(required=True)

    with pytest.raises(NotCompiled, match="Time"):
        reader(Strange())
