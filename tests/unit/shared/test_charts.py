"""Charts: every bar in its frame and as long as its value says, axes in round steps, words escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from shared.web import charts, language

FIRST = date(2026, 3, 1)
VALUES = st.decimals(min_value=-(10**12), max_value=10**12, places=3, allow_nan=False)
MANY = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def page() -> Iterator[None]:
    """A request for a page in Indonesian."""
    with Flask("charts").test_request_context("/?lang=id"):
        yield


def _days(values: Sequence[int | Decimal]) -> list[tuple[date, int | Decimal]]:
    return [(FIRST + timedelta(days=n), value) for n, value in enumerate(values)]


def _bars(svg: Markup) -> list[dict[str, float]]:
    root = ET.fromstring(svg)
    return [{key: float(one.attrib[key]) for key in ("x", "y", "width", "height")} for one in root.findall("rect")]


def _frame(svg: Markup) -> tuple[float, float]:
    _, _, width, height = ET.fromstring(svg).attrib["viewBox"].split()
    return float(width), float(height)


def _inside(svg: Markup) -> bool:
    width, height = _frame(svg)
    return all(
        0 <= one["x"] <= one["x"] + one["width"] <= width + 0.02
        and 0 <= one["y"] <= one["y"] + one["height"] <= height + 0.02
        for one in _bars(svg)
    )


@given(st.lists(VALUES, max_size=90))
@MANY
def test_every_bar_by_day_stands_in_the_frame_and_is_as_high_as_its_value(values: list[Decimal]) -> None:
    svg = charts.by_day("Penjualan", _days(values))
    bars = _bars(svg)
    assert len(bars) == len(values)
    assert _inside(svg)
    most = max((abs(value) for value in values), default=Decimal(0))
    if most:
        tallest = max(one["height"] for one in bars)
        for one, value in zip(bars, values, strict=True):
            assert one["height"] == pytest.approx(tallest * float(abs(value) / most), abs=0.05)


@given(st.lists(VALUES, max_size=30))
@MANY
def test_every_bar_by_name_lies_in_the_frame_and_is_as_long_as_its_value(values: list[Decimal]) -> None:
    svg = charts.by_name("Gerai", [(f"Gerai {n}", value) for n, value in enumerate(values)])
    bars = _bars(svg)
    assert _inside(svg)
    most = max((abs(value) for value in values), default=Decimal(0))
    if most:
        longest = max(one["width"] for one in bars)
        for one, value in zip(bars, values, strict=True):
            assert one["width"] == pytest.approx(longest * float(abs(value) / most), abs=0.05)


@given(st.lists(VALUES, min_size=1, max_size=30))
@MANY
def test_an_axis_holds_all_values_and_nought_in_few_round_steps(values: list[Decimal]) -> None:
    found = charts.scale(values, 100)
    exact = [Decimal(0), *values]
    assert found.low <= min(exact) <= max(exact) <= found.high
    assert found.step.normalize().as_tuple().digits in {(1,), (2,), (5,)}
    assert Decimal(0) in found.ticks()
    assert 2 <= len(found.ticks()) <= 7


def test_no_figures_is_said_in_words_and_one_figure_is_one_bar() -> None:
    assert "Belum ada angka" in charts.by_day("Penjualan", [])
    assert "Belum ada angka" in charts.by_name("Gerai", [])
    (one,) = _bars(charts.by_day("Penjualan", _days([5000])))
    assert one["height"] > 100
    assert one["width"] <= 64
    assert [bar["height"] for bar in _bars(charts.by_day("Penjualan", _days([0, 0])))] == [0, 0]


def test_what_is_below_nought_hangs_from_the_line_and_has_a_colour_of_its_own() -> None:
    svg = charts.by_day("Bersih", _days([100, -50]))
    up, down = _bars(svg)
    assert up["y"] + up["height"] == pytest.approx(down["y"])
    assert [one.attrib["class"] for one in ET.fromstring(svg).findall("rect")] == ["bar", "bar minus"]
    plus, minus = _bars(charts.by_name("Bersih", [("a", 100), ("b", -50)]))
    assert minus["x"] + minus["width"] == pytest.approx(plus["x"])


def test_sixty_days_have_few_labels_and_more_than_a_season_is_put_together() -> None:
    sixty = charts.by_day("Penjualan", _days([1] * 60))
    assert len(_bars(sixty)) == 60
    assert len([one for one in ET.fromstring(sixty).findall("text") if "Mar" in (one.text or "")]) <= 9
    year = charts.by_day("Penjualan", _days([1] * 365))
    assert 40 <= len(_bars(year)) <= 93
    assert "per 7 hari" in year
    assert len(_bars(charts.by_day("Penjualan", _days([1] * 3661)))) <= 93


def test_a_chart_says_what_it_shows_in_the_language_of_the_page() -> None:
    svg = charts.by_day("Penjualan", _days([1_500_000, 20_000]), shown=lambda value: language.rupiah(int(value)))
    root = ET.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.findtext("title") == "Penjualan"
    told = root.findtext("desc") or ""
    assert "1 Mar 2026: Rp\u00a01.500.000" in told
    assert "Terkecil 2 Mar 2026: Rp\u00a020.000" in told
    assert "1,5\u00a0jt" in svg or "1\u00a0jt" in svg
    with Flask("charts").test_request_context("/?lang=en"):
        english = charts.by_day("Sales", _days([1_500_000, 20_000]))
    assert "Largest 1 Mar 2026: 1,500,000" in english
    assert "0.5M" in english or "500K" in english


def test_a_name_that_is_markup_stays_a_name_and_nothing_carries_a_style() -> None:
    svg = charts.by_name("<b>", [('<script>alert("1")</script>', 3), ("x" * 200, 2)], shown=lambda value: f"<{value}>")
    assert "<script" not in svg
    assert "<b>" not in svg
    assert " style=" not in svg
    assert len(_bars(svg)) == 2
