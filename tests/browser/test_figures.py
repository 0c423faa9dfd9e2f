"""What the screens of inventory compute by themselves, in the browser that computes it: shares, quantities, scans."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

RUN = settings(max_examples=60, suppress_health_check=list(HealthCheck))
WHOLE = 10_000
LOTS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.fixture
def compute(open_page: Callable[..., Page]) -> Callable[..., Any]:
    """`compute("terminal/shares.js", "m.equal(given)", 3)`: an expression over `m`, what a module exports."""
    page = open_page()
    page.goto("/inventory/terminal/")

    def compute(module: str, expression: str, given: Any = None) -> Any:
        names = "const m = await import(`/inventory/static/${module}`);"
        run = f"async ([module, given]) => {{ {names} return ((m, given) => {expression})(m, given); }}"
        return page.evaluate(run, [module, given])

    return compute


@st.composite
def partitions(draw: st.DrawFn) -> list[int]:
    """Shares of 1 .. 12 makers, at least one point each, 10,000 in all."""
    cuts = draw(st.sets(st.integers(1, WHOLE - 1), max_size=11))
    ends = [0, *sorted(cuts), WHOLE]
    return [high - low for low, high in pairwise(ends)]


def test_equal_shares_are_whole_for_any_number_of_makers(compute: Callable[..., Any]) -> None:
    found = compute("terminal/shares.js", "Array.from({ length: 200 }, (_, n) => m.equal(n + 1))")
    for count, shares in enumerate(found, start=1):
        assert (len(shares), sum(shares)) == (count, WHOLE)
        assert max(shares) - min(shares) <= 1
        assert shares == sorted(shares, reverse=True)


def test_shares_as_typed_are_taken_exactly_or_not_at_all(compute: Callable[..., Any]) -> None:
    @RUN
    @given(partitions(), st.sampled_from(["percent", "points"]), st.integers(0, 11), st.sampled_from([-1, 1]))
    def check(shares: list[int], unit: str, place: int, change: int) -> None:
        body = {"shares": shares, "unit": unit}
        typed = "m.typedShares(given.shares.map((one) => m.textOf(one, given.unit)), given.unit)"
        assert compute("terminal/shares.js", typed, body) == {"shares": shares, "left": 0, "wrong": []}
        shares[place % len(shares)] += change
        off = compute("terminal/shares.js", typed, body)
        assert (off["shares"], off["left"]) == (None, -change)

    check()


def test_what_is_missing_is_divided_to_the_last_point(compute: Callable[..., Any]) -> None:
    @RUN
    @given(partitions(), st.sets(st.integers(0, 11), min_size=1), st.sampled_from(["percent", "points"]))
    def check(shares: list[int], empty: set[int], unit: str) -> None:
        blank = {place % len(shares) for place in empty}
        body = {"shares": [None if place in blank else one for place, one in enumerate(shares)], "unit": unit}
        texts = "given.shares.map((one) => (one === null ? '' : m.textOf(one, given.unit)))"
        filled = compute("terminal/shares.js", f"m.typedShares(m.restShared({texts}, given.unit), given.unit)", body)
        assert sum(filled["shares"]) == WHOLE
        kept = [place for place in range(len(shares)) if place not in blank]
        assert [filled["shares"][place] for place in kept] == [shares[place] for place in kept]

    check()


def test_no_text_whatever_becomes_a_share_that_is_none(compute: Callable[..., Any]) -> None:
    @RUN
    @given(
        st.lists(st.text("0123456789.,-e %", max_size=8), min_size=1, max_size=5),
        st.sampled_from(["percent", "points"]),
    )
    def check(texts: list[str], unit: str) -> None:
        found = compute("terminal/shares.js", "m.typedShares(given.texts, given.unit)", {"texts": texts, "unit": unit})
        if found["shares"] is not None:
            assert sum(found["shares"]) == WHOLE
            assert all(isinstance(one, int) and one >= 1 for one in found["shares"])

    check()


def test_a_quantity_is_exact_however_it_is_typed(compute: Callable[..., Any]) -> None:
    @RUN
    @given(st.lists(st.sampled_from([*"0123456789", ",", ".", "Backspace", "Clear"]), max_size=25))
    def check(keys: list[str]) -> None:
        text = compute("shared/keypad.js", "given.reduce((text, key) => m.edited(text, key), '')", keys)
        found = compute(
            "shared/keypad.js", "[m.thousandths(given), JSON.stringify((m.thousandths(given) ?? 0) / 1000)]", text
        )
        meant = Decimal(text.rstrip(",").replace(",", ".") or "0")
        assert Decimal(found[0] or 0) == meant * 1000
        assert json.loads(found[1], parse_float=Decimal, parse_int=Decimal) == meant
        assert meant < 10**7

    check()


_TYPED = """{
  const told = [];
  let text = "";
  const heard = {
    figure: (key) => { text += key; }, erase: () => true,
    code: (code) => told.push(code), enter: () => told.push("Enter") > 0,
    escape: () => false, spelt: () => {}, save: () => text, restore: (saved) => { text = saved; },
  };
  const typed = new m.Typed(heard);
  let at = 0;
  for (const [key, gap] of given) typed.key(key, (at += gap));
  return [text, told];
}"""


def test_a_scan_is_told_from_what_a_hand_typed_before_it(compute: Callable[..., Any]) -> None:
    hand = st.lists(st.tuples(st.sampled_from("0123456789"), st.integers(120, 900)), max_size=4)
    codes = st.text(LOTS, min_size=10, max_size=10)

    @RUN
    @given(hand, codes, st.integers(1, 60), st.integers(120, 900), st.booleans())
    def check(typed: list[tuple[str, int]], code: str, gap: int, pause: int, twice: bool) -> None:
        scan = [(key, gap) for key in code] + [("Enter", gap)] + [("Enter", 5)] * twice
        scan[0] = (scan[0][0], pause)
        keys = [*typed, *scan, ("Enter", 400)]
        text, told = compute("shared/typed.js", _TYPED, [list(key) for key in keys])
        assert text == "".join(key for key, _ in typed)  # also where the code begins with figures
        assert told == [code, "Enter"]

    check()


def test_a_badge_is_spelt_by_hand_however_slowly_and_forgotten_after_a_while(compute: Callable[..., Any]) -> None:
    keys = [[key, 1500] for key in "wabc1x34"] + [["Backspace", 700], ["5", 700], ["Enter", 900]]
    assert compute("shared/typed.js", _TYPED, keys) == ["", ["wabc1x35"]]
    assert compute("shared/typed.js", _TYPED, [["k", 10], ["w", 9000], ["1", 30], ["Enter", 30]]) == ["", ["w1"]]


def test_sent_against_counted_is_exact(compute: Callable[..., Any]) -> None:
    thousand = st.integers(0, 10**9)
    sent = st.dictionaries(st.sampled_from(["A", "B", "C", None]), thousand, max_size=4)
    counts = st.lists(
        st.dictionaries(st.sampled_from(["A", "B", "D", None]), st.tuples(thousand, thousand)), max_size=3
    )

    @RUN
    @given(sent, counts)
    def check(sent: dict[str | None, int], counts: list[dict[str | None, tuple[int, int]]]) -> None:
        note = [{"sku": "S", "lot": lot, "quantity": n / 1000} for lot, n in sent.items()]
        receipts = [
            {"lines": [{"sku": "S", "lot": lot, "good": g / 1000, "damaged": d / 1000} for lot, (g, d) in one.items()]}
            for one in counts
        ]
        rows = compute("receiving/count.js", "m.compared(given[0], given[1])", [note, receipts])
        lots = set(sent).union(*counts)
        assert {row["lot"] for row in rows} == lots
        for row in rows:
            counted = sum(sum(one.get(row["lot"], (0, 0))) for one in counts)
            assert row["open"] == sent.get(row["lot"], 0) - counted
            assert row["sent"] == row["good"] + row["damaged"] + row["open"]

    check()
