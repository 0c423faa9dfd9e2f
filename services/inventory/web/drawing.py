"""The course of a lot as a picture: made → workshop → in transit → outlets → sold, and what was lost on the way.

Places stand in columns. Between neighbours run level arrows, one for each direction; what leaves the chain (rejected,
damaged, lost, written off) or enters it from nowhere hangs below its place. So no arrow crosses another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise, product
from textwrap import shorten, wrap

from services.inventory.models.base import ADJUSTMENT, CUSTOMER, PRODUCTION, SCRAP, TRANSIT, workshop_location
from services.inventory.queries.tracing import Course, Flow
from services.inventory.web.naming import Names
from shared.web.language import t

#: Left edge and width of the columns, in units of the drawing.
_COLUMNS = ((5, 115), (205, 165), (470, 155), (725, 185), (1015, 110))
WIDTH = 1130
_BOX, _GAP, _DROP, _LINE = 124, 16, 40, 22
_FIRST_LANE, _NEXT_LANE = 36, 90
_LETTER = 10.4  # how wide one is, about


@dataclass(slots=True)
class Box:
    """A place with what is there now; `muted` when nothing has come there yet."""

    location: str
    name: Sequence[str]
    on_hand: Decimal
    x: int
    width: int
    muted: bool = False
    y: int = 0
    height: int = _BOX


@dataclass(frozen=True, slots=True)
class Arrow:
    """So much went from (x1, y1) to (x2, y2); `word` says how."""

    x1: int
    y1: int
    x2: int
    y2: int
    quantity: Decimal
    word: str


@dataclass(frozen=True, slots=True)
class Tag:
    """What left the chain at a place, or came from nowhere: a line of words for each kind."""

    x: int
    y: int
    width: int
    height: int
    lines: Sequence[str]


@dataclass(slots=True)
class Picture:
    """All parts, placed; `height` is that of the whole."""

    height: int = 0
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)


def draw(course: Course, names: Names, workshop: str) -> Picture:
    """Place everything; `workshop` is where the lot was made."""
    flows, where = course.flows, course.where
    columns = [
        [_box(place, names, where | {PRODUCTION: course.made}, column, flows) for place in places]
        for column, places in enumerate(_places(flows, workshop))
    ]
    picture = Picture()
    tall = max(_stack(boxes, flows) for boxes in columns)
    for boxes in columns:
        if len(boxes) == 1:
            boxes[0].height = tall
        picture.boxes += boxes
    for left, right in pairwise(columns):
        for a, b in product(left, right):
            picture.arrows += _lanes(a, b, a.y if len(right) == 1 else b.y, flows)
    for box in picture.boxes:
        _hang(picture, box, flows)
    picture.height = max([tall, *(tag.y + tag.height for tag in picture.tags)]) + 6
    return picture


def _places(flows: Sequence[Flow], workshop: str) -> list[list[str]]:
    """Locations by column, each column in the order in which goods came there."""
    seen = list(dict.fromkeys(place for flow in flows for place in (flow.source, flow.target)))
    own = workshop_location(workshop)
    others = [place for place in seen if place.startswith("workshop/") and place != own]
    outlets = [place for place in seen if place.startswith("outlet/")]
    return [[PRODUCTION], [own, *others], [TRANSIT], outlets or ["outlet/"], [CUSTOMER]]


def _box(place: str, names: Names, where: dict[str, Decimal], column: int, flows: Sequence[Flow]) -> Box:
    x, width = _COLUMNS[column]
    name = t("Gerai", "Outlets") if place == "outlet/" else names.place(place)
    short = shorten(name, int(width / _LETTER) * 2 - 2, placeholder=" …")
    lines = wrap(short, int(width / _LETTER))[:2]
    reached = any(place in {flow.source, flow.target} for flow in flows)
    return Box(place, lines, where.get(place, Decimal(0)), x, width, muted=not reached)


def _stack(boxes: Sequence[Box], flows: Sequence[Flow]) -> int:
    """Put the boxes of a column below each other, with room for what hangs below each; how high that is."""
    y = 2
    for box in boxes:
        box.y = y
        below = _losses(box, flows) if len(boxes) > 1 else []
        y += _BOX + _GAP + (_DROP + _LINE * len(below) + 10 if below else 0)
    return y - _GAP - 2


def _lanes(a: Box, b: Box, y: int, flows: Sequence[Flow]) -> list[Arrow]:
    """The arrows between two neighbours, level with the one that is not tall, whose top is at `y`."""
    there = _between(a.location, b.location, flows)
    back = _between(b.location, a.location, flows)
    left, right = a.x + a.width + 3, b.x - 3
    arrows = []
    if there:
        level = y + (_FIRST_LANE if back else _BOX // 2)
        arrows.append(Arrow(left, level, right, level, there, _word(a.location, b.location)))
    if back:
        level = y + (_NEXT_LANE if there else _BOX // 2)
        arrows.append(Arrow(right, level, left, level, back, _word(b.location, a.location)))
    return arrows


def _between(source: str, target: str, flows: Sequence[Flow]) -> Decimal:
    return sum((flow.quantity for flow in flows if (flow.source, flow.target) == (source, target)), Decimal(0))


def _word(source: str, target: str) -> str:
    if source == PRODUCTION:
        return t("baik", "good")
    if target == CUSTOMER:
        return t("terjual", "sold")
    if source == CUSTOMER:
        return t("diretur", "returned")
    if target == TRANSIT:
        return t("dikirim", "sent") if source.startswith("workshop/") else t("balik", "back")
    return t("diterima", "received") if target.startswith("outlet/") else t("kembali", "came back")


def _losses(box: Box, flows: Sequence[Flow]) -> list[Flow]:
    return [flow for flow in flows if flow.source == box.location and flow.target in {SCRAP, ADJUSTMENT}]


def _hang(picture: Picture, box: Box, flows: Sequence[Flow]) -> None:
    """What left the chain at this place, and what came into it from nowhere."""
    gains = [flow for flow in flows if flow.target == box.location and flow.source == ADJUSTMENT]
    losses = _losses(box, flows)
    share = box.width // 2 if gains and losses else box.width
    top = box.y + box.height
    for parts, x, down in ((losses, box.x, True), (gains, box.x + box.width - share, False)):
        if not parts:
            continue
        tag = Tag(x, top + _DROP, share - 4, _LINE * len(parts) + 8, [loss_word(flow.kind) for flow in parts])
        total, middle = sum((flow.quantity for flow in parts), Decimal(0)), x + share // 2
        ends = (top + 3, tag.y - 3) if down else (tag.y - 3, top + 3)
        picture.tags.append(tag)
        picture.arrows.append(Arrow(middle, ends[0], middle, ends[1], total, ""))


def loss_word(kind: str) -> str:
    """How goods left the chain, by the kind of document that says so."""
    known = {
        "output": t("gagal", "rejected"),
        "receipt": t("rusak", "damaged"),
        "discrepancy": t("selisih", "difference"),
        "write-off": t("dihapus", "written off"),
        "return": t("retur rusak", "returned broken"),
    }
    return known.get(kind, kind)
