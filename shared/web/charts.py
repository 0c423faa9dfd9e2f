"""Charts as SVG, made on the server from plain figures: bars by day, and bars by name.

Colours and letters are classes of `static/charts.css`; nothing needs a script or an inline style. A chart is a picture
with a title and a description for whoever does not see it; the figures themselves belong in a table beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

from babel import dates, numbers
from markupsafe import Markup

from shared.web.language import day, lang, number, t

Value = int | Decimal
Shown = Callable[[Value], str]
#: One bar: what it stands for, how much it is, and its words in full.
Bar = tuple[str, Value, str]

_LOCALES = {"id": "id_ID", "en": "en_GB"}
_STEPS = 4  # about so many lines across a chart
_MOST_BARS, _MOST_LABELS = 93, 9

# The frame of bars by day, in units of the picture.
_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _BOTTOM = 960, 280, 76, 8, 14, 30
# Of bars by name: each a line of words and a bar under it.
_NARROW, _ROW, _THICK, _HEAD = 480, 46, 14, 4


@dataclass(frozen=True, slots=True)
class Scale:
    """Values `low` .. `high` (nought is among them) in even steps, laid over `length` units of a chart."""

    low: Decimal
    high: Decimal
    step: Decimal
    length: float

    def at(self, value: Value) -> float:
        """How far from the low end a value lies."""
        return float((value - self.low) / (self.high - self.low)) * self.length

    def ticks(self) -> list[Decimal]:
        """The values at which a line is drawn."""
        return [self.low + self.step * index for index in range(int((self.high - self.low) / self.step) + 1)]


def scale(values: Sequence[Value], length: float) -> Scale:
    """A scale that holds all values and nought, in steps of 1, 2 or 5 times a power of ten."""
    exact = [Decimal(0), *map(Decimal, values)]
    low, high = min(exact), max(exact)
    step = _round_step((high - low) / _STEPS) if high > low else Decimal(1)
    below, above = _ceiling(-low / step), _ceiling(high / step)
    return Scale(-below * step, max(above, 1 - below) * step, step, length)


def _ceiling(value: Decimal) -> Decimal:
    return value.to_integral_value(ROUND_CEILING)


def _round_step(least: Decimal) -> Decimal:
    power = Decimal(1).scaleb(least.adjusted())
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)


def short(value: Value) -> str:
    """A number for an axis: 1,2 jt (Indonesian), 1.2M (English)."""
    if -1000 < value < 1000:
        return number(Decimal(value))
    return numbers.format_compact_decimal(value, locale=_LOCALES[lang()], fraction_digits=1)


def _figure(value: Value) -> str:
    return number(Decimal(value))


def by_day(title: str, points: Sequence[tuple[date, Value]], *, shown: Shown = _figure) -> Markup:
    """Upright bars, one per day in the order given; over three months, one per 7 or more days together.

    `shown` writes a value out, e.g. `rupiah`.
    """
    together = -(-len(points) // _MOST_BARS)
    together = together if together == 1 else max(7, together)
    groups = [points[at : at + together] for at in range(0, len(points), together or 1)]
    bars = []
    for group in groups:
        total: Value = sum((value for _, value in group), Decimal(0))
        days = day(group[0][0]) if len(group) == 1 else f"{day(group[0][0])} – {day(group[-1][0])}"
        short_day = dates.format_date(group[0][0], "d MMM", locale=_LOCALES[lang()])
        bars.append((short_day, total, f"{days}: {shown(total)}"))
    if together > 1:
        title = t("{title}, per {n} hari", "{title}, by {n} days", title=title, n=together)
    return _upright(title, bars)


def _upright(title: str, bars: Sequence[Bar]) -> Markup:
    measure = scale([value for _, value, _ in bars], _HIGH - _TOP - _BOTTOM)
    ground = _HIGH - _BOTTOM
    nought = ground - measure.at(0)
    parts = []
    for tick in measure.ticks():
        y = ground - measure.at(tick)
        parts.append(_line("nought" if tick == 0 else "grid", _LEFT, y, _WIDE - _RIGHT, y))
        parts.append(_text(_LEFT - 8, y + 5, short(tick), anchor="end"))
    pitch = (_WIDE - _LEFT - _RIGHT) / max(len(bars), 1)
    wide = min(pitch * 0.72, 64)
    every = -(-len(bars) // _MOST_LABELS) or 1
    for index, (label, value, told) in enumerate(bars):
        x, end = _LEFT + pitch * index + (pitch - wide) / 2, ground - measure.at(value)
        parts.append(_bar(x, min(end, nought), wide, abs(end - nought), value, told))
        if index % every == 0:
            parts.append(_text(x + wide / 2, _HIGH - 8, label, anchor="middle"))
    return _picture(title, _WIDE, _HIGH, parts, bars)


def by_name(title: str, rows: Sequence[tuple[str, Value]], *, shown: Shown = _figure) -> Markup:
    """Level bars, one per name in the order given, each with its name and value written above it."""
    bars = [(name, value, f"{name}: {shown(value)}") for name, value in rows]
    exact = [Decimal(0), *(Decimal(value) for _, value in rows)]
    low, high = min(exact), max(exact)
    measure = Scale(low, high if high > low else low + 1, Decimal(1), _NARROW)  # no axis, so no round ends
    nought, parts = measure.at(0), []
    for index, (name, value, told) in enumerate(bars):
        y, end = _HEAD + index * _ROW, measure.at(value)
        amount = shown(value)
        parts.append(_text(0, y + 16, _cut(name, len(amount)), name="name"))
        parts.append(_text(_NARROW, y + 16, amount, name="value", anchor="end"))
        parts.append(_bar(min(end, nought), y + 22, abs(end - nought), _THICK, value, told))
        if low < 0:
            parts.append(_line("nought", nought, y + 20, nought, y + 24 + _THICK))
    return _picture(title, _NARROW, max(len(bars) * _ROW + _HEAD, 60), parts, bars)


def _cut(name: str, taken: int) -> str:
    """A name that leaves room for the value beside it; the picture's words have it in full."""
    room = max(52 - taken, 12)
    return name if len(name) <= room else name[: room - 1].rstrip() + "…"


def _bar(x: float, y: float, width: float, height: float, value: Value, told: str) -> Markup:
    name = "bar minus" if value < 0 else "bar"
    place = {"x": x, "y": y, "width": width, "height": height}
    lies = Markup(" ").join(Markup('{}="{:.2f}"').format(key, length) for key, length in place.items())
    return Markup('<rect class="{}" {} rx="2"><title>{}</title></rect>').format(name, lies, told)


def _line(name: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    line = Markup('<line class="{}" x1="{:.2f}" y1="{:.2f}" x2="{:.2f}" y2="{:.2f}"/>')
    return line.format(name, x1, y1, x2, y2)


def _text(x: float, y: float, words: str, *, name: str = "label", anchor: str = "start") -> Markup:
    text = Markup('<text class="{}" x="{:.2f}" y="{:.2f}" text-anchor="{}">{}</text>')
    return text.format(name, x, y, anchor, words)


def _picture(title: str, width: float, height: float, parts: Sequence[Markup], bars: Sequence[Bar]) -> Markup:
    if not bars:
        parts = [_text(width / 2, height / 2, t("Belum ada angka.", "No figures yet."), anchor="middle")]
    frame = Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title><desc>{}</desc>{}</svg>'
    )
    return frame.format(width, height, title, title, _description(bars), Markup("").join(parts))


def _description(bars: Sequence[Bar]) -> str:
    """What the picture shows, in words: how many bars, the largest and the smallest."""
    if not bars:
        return t("Belum ada angka.", "No figures yet.")
    by_value = sorted(bars, key=lambda bar: Decimal(bar[1]))
    least, most = by_value[0], by_value[-1]
    words = t("{n} batang. Terbesar {most}.", "{n} bars. Largest {most}.", n=len(bars), most=most[2])
    return words if len(bars) == 1 else words + t(" Terkecil {least}.", " Smallest {least}.", least=least[2])
