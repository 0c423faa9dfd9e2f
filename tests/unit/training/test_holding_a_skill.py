"""When a certificate or attestation grants its skill."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from services.training.queries.people import holds_on

DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
ONE = timedelta(days=1)


@given(DAYS, st.none() | st.integers(0, 2000), st.none() | DAYS, DAYS)
def test_it_holds_exactly_on_the_days_from_its_first_to_its_last_before_its_withdrawal(
    first: date, length: int | None, withdrawn: date | None, day: date
) -> None:
    last = None if length is None else first + length * ONE
    row = SimpleNamespace(valid_from=first, valid_until=last, withdrawn_from=withdrawn)
    ends = [end for end in (last, None if withdrawn is None else withdrawn - ONE) if end is not None]
    assert holds_on(row, day) == (first <= day <= min(ends, default=date.max))


@given(DAYS, DAYS)
def test_a_withdrawal_only_ever_takes_away(first: date, withdrawn: date) -> None:
    for day in (first - ONE, first, withdrawn - ONE, withdrawn, withdrawn + ONE):
        free = SimpleNamespace(valid_from=first, valid_until=None, withdrawn_from=None)
        ended = SimpleNamespace(valid_from=first, valid_until=None, withdrawn_from=withdrawn)
        assert holds_on(free, day) or not holds_on(ended, day)
