"""Quantities survive JSON digit by digit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import jsontext
from shared.canonical import content_hash

quantities = st.decimals(min_value=Decimal("-99999999999.999"), max_value=Decimal("99999999999.999"), places=3)


@given(quantities)
def test_a_quantity_reads_back_as_the_same_number(quantity: Decimal) -> None:
    back = jsontext.loads(jsontext.dumps({"q": quantity}))["q"]
    assert not isinstance(back, float)
    assert Decimal(back) == quantity


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "-Infinity"])
def test_numbers_that_are_not_json_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        jsontext.loads(text)


def test_the_same_content_in_other_clothes_has_the_same_hash() -> None:
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    one = {"id": 1, "at": at, "lines": [{"id": "a", "q": Decimal("1.50")}, {"id": "b", "q": Decimal(2)}]}
    two = {
        "lines": [{"q": Decimal("2.000"), "id": "b"}, {"q": Decimal("1.5"), "id": "a"}],
        "at": at.astimezone(timezone(timedelta(hours=8))),
        "id": 1,
    }
    assert content_hash(one) == content_hash(two)


@given(st.lists(quantities, min_size=2, max_size=2, unique=True))
def test_another_quantity_is_other_content(pair: list[Decimal]) -> None:
    assert content_hash({"q": pair[0]}) != content_hash({"q": pair[1]})


def test_whole_numbers_hash_alike_whether_written_with_a_point_or_not() -> None:
    assert content_hash({"q": 2}) == content_hash({"q": Decimal("2.000")})
