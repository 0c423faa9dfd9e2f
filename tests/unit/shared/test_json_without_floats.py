"""Quantities survive JSON digit by digit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from marshmallow import ValidationError

from shared import jsontext
from shared.canonical import content_hash
from shared.fields import Instant

quantities = st.decimals(min_value=Decimal("-99999999999.999"), max_value=Decimal("99999999999.999"), places=3)


@given(quantities)
def test_a_quantity_reads_back_as_the_same_number(quantity: Decimal) -> None:
    back = jsontext.loads(jsontext.dumps({"q": quantity}))["q"]
    assert not isinstance(back, float)
    assert Decimal(back) == quantity


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | quantities,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(_plain)
def test_what_travels_is_written_alike_by_who_sent_it_and_who_read_it(value: Any) -> None:
    text = jsontext.quick_dumps(value)
    assert (jsontext.loads(text), jsontext.quick_dumps(jsontext.loads(text))) == (value, text)


_any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(_any.map(json.dumps))
@example('"half of a pair: \\ud83d"')
@example("[123456789012345678901234567890, -0, -0.0, 1E400, 1.000]")
def test_it_is_read_as_the_standard_library_reads_it(text: str) -> None:
    assert repr(jsontext.loads(text)) == repr(json.loads(text, parse_float=Decimal))


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


@given(st.datetimes(timezones=st.just(timezone(timedelta(hours=8)))).filter(lambda moment: moment.year > 1900))
def test_an_instant_reads_back_as_the_same(moment: datetime) -> None:
    assert jsontext.from_rfc3339(jsontext.instant(moment)) == moment
    assert jsontext.from_rfc3339(moment.isoformat(timespec="microseconds")) == moment


@pytest.mark.parametrize(
    "text", ["2026-01-04T13.05+08:00", "2026-01-04 07.59+08:00", "2026-W01-4T13:05:00Z", "20260104"]
)
def test_a_time_with_a_dot_is_not_read_as_a_fraction_of_a_second(text: str) -> None:
    """Python 3.11's fromisoformat, and with it marshmallow 4.4's fields, take 13.05 for 13:00:00.05."""
    with pytest.raises(ValueError, match="RFC3339"):
        jsontext.from_rfc3339(text)
    with pytest.raises(ValidationError):
        Instant().deserialize(text)
