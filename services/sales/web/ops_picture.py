"""The flow of events as a picture: the three services in a row, an arrow from each source to whoever listens to it.

Neighbours are joined by level arrows, one for each direction; who is no neighbour, by arrows that pass below. So no
arrow crosses another. The template draws what is placed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.alarms import RULES, Flow
from shared.config import SERVICES
from shared.web.language import number, span, t

_BOX, _GAP, _TOP, _HIGH = 190, 190, 4, 208
_FIRST_LANE, _NEXT_LANE = 62, 162
_BELOW, _NEXT_BELOW, _LAST = 76, 90, 48
_MARGIN = 6  # between an arrow and a box


@dataclass(frozen=True, slots=True)
class Box:
    """A service at (x, y); rows of a label, a value, and whether that is as it should be. `up`: it answers."""

    service: str
    x: int
    up: bool
    rows: Sequence[tuple[str, str, bool]]
    y: int = _TOP
    width: int = _BOX
    height: int = _HIGH


@dataclass(frozen=True, slots=True)
class Arrow:
    """A flow: its line as a path, its head's place and direction (degrees), the middle of its words."""

    flow: Flow
    path: str
    head: tuple[int, int, int]
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Picture:
    """All parts, placed; `redis`: whether it answers, None when nobody is there to say so."""

    width: int
    height: int
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    redis: bool | None


def draw(answers: Sequence[Mapping[str, Any]], flows: Sequence[Flow]) -> Picture:
    """Place everything."""
    boxes = [_box(answer, at * (_BOX + _GAP)) for at, answer in enumerate(answers)]
    far = [flow for flow in flows if abs(_at(flow.source) - _at(flow.consumer)) > 1]
    arrows = [_below(flow, far.index(flow)) if flow in far else _beside(flow) for flow in flows]
    queues = [answer["queue"] is not None for answer in answers if "error" not in answer]
    width, height = (
        len(boxes) * (_BOX + _GAP) - _GAP,
        _TOP + _HIGH + (_BELOW + _NEXT_BELOW * (len(far) - 1) + _LAST if far else 4),
    )
    return Picture(width, height, boxes, arrows, any(queues) if queues else None)


def _at(service: str) -> int:
    return SERVICES.index(service)


def _box(answer: Mapping[str, Any], x: int) -> Box:
    if "error" in answer:
        return Box(answer["service"], x, False, [("Web", t("tak menjawab", "no answer"), False)])
    leads, queue, old = answer["relay_leads"], answer["queue"], answer["outbox_seconds"]
    depth = number(answer["outbox_depth"])
    rows = [
        ("Web", t("menjawab", "answers"), True),
        ("Relay", t("memimpin", "leads") if leads else t("tidak ada", "none leads"), leads),
        ("Outbox", f"{depth} · {span(old)}" if old >= 1 else depth, old <= RULES["LapakOutboxOld"].limit),
        ("Log", number(answer["log_head"]), True),
        (t("Antrean", "Queue"), t("mati", "away") if queue is None else number(queue), queue is not None),
    ]
    return Box(answer["service"], x, True, rows)


def _beside(flow: Flow) -> Arrow:
    source, consumer = _at(flow.source), _at(flow.consumer)
    left = min(source, consumer) * (_BOX + _GAP) + _BOX
    right, y = left + _GAP, _TOP + (_FIRST_LANE if source < consumer else _NEXT_LANE)
    begin, end, turn = (left, right, 0) if source < consumer else (right, left, 180)
    inward = _MARGIN if source < consumer else -_MARGIN
    path = f"M{begin + inward} {y}H{end - 2 * inward}"
    return Arrow(flow, path, (end - inward // 2, y, turn), (left + right) // 2, y)


def _below(flow: Flow, lane: int) -> Arrow:
    begin, end = (_at(name) * (_BOX + _GAP) + _BOX // 2 + 30 * lane for name in (flow.source, flow.consumer))
    floor = _TOP + _HIGH
    y = floor + _BELOW + _NEXT_BELOW * lane
    path = f"M{begin} {floor + _MARGIN}V{y}H{end}V{floor + 2 * _MARGIN}"
    return Arrow(flow, path, (end, floor + _MARGIN // 2, -90), (begin + end) // 2, y)
