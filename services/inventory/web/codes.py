"""Codes that scanners read, as drawings for a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import segno
from barcode import Code128

#: White around a code, in modules: without it scanners do not see where the code begins.
_QUIET_QR, _QUIET_BARS = 4, 10


@dataclass(frozen=True, slots=True)
class Drawing:
    """A path of an SVG for `viewBox="0 0 {width} {height}"`; one unit is one module."""

    width: int
    height: int
    path: str


def qr(text: str) -> Drawing:
    """A QR code of the text that may be dirty or torn by 15 %."""
    code = segno.make(text, error="m", micro=False)
    return _drawn([list(row) for row in code.matrix_iter(border=_QUIET_QR)])


def barcode(code: str) -> Drawing:
    """A Code 128 barcode, one unit high: to be stretched."""
    quiet = [0] * _QUIET_BARS
    return _drawn([[*quiet, *(int(module) for module in Code128(code).build()[0]), *quiet]])


def _drawn(rows: Sequence[Sequence[int]]) -> Drawing:
    path = "".join(f"M{x} {y}h{width}v1h-{width}z" for y, row in enumerate(rows) for x, width in _runs(row))
    return Drawing(len(rows[0]), len(rows), path)


def _runs(row: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Where black begins, and how far it goes."""
    x = 0
    for black, modules in groupby(row):
        width = len(list(modules))
        if black:
            yield x, width
        x += width
