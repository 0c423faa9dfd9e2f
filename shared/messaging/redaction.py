"""What an operator may see of an event: ids, codes and counters that are named here, and only while they look like it.

A dead letter may hold anything, so a name alone proves nothing: a value is shown when its field is listed below and
it has that field's shape. Words, amounts, quantities and people are never shown; what was left out is counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shared.fields import CODE_PATTERN, WORKER_REF_PATTERN

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(CODE_PATTERN.strip("^$"))
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?")
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_COUNTER = re.compile(r"\d{1,18}")
_WORKER_REF = re.compile(WORKER_REF_PATTERN.strip("^$"))

_SHAPES: dict[re.Pattern[str], tuple[str, ...]] = {
    _ID: (
        "sale_id", "line_id", "return_id", "receipt_id", "consignment_id", "move_id", "output_id", "reference", "jti",
    ),
    _CODE: ("outlet", "register", "workshop", "sku", "lot", "skill", "reason_code", "basis"),
    _TIME: (
        "sold_at", "returned_at", "effective_at", "received_at", "recalled_at", "expires_at", "made_on", "expires_on",
        "opens_on", "closes_on", "valid_from", "valid_until", "effective",
    ),
    _COUNTER: ("version", "register_no"),
}  # fmt: skip
_DATA = {name: shape for shape, names in _SHAPES.items() for name in names}
_ENVELOPE = {"id": _ID, "type": _CODE, "subject": _CODE, "time": _TIME, "sequence": _COUNTER, "traceparent": _TRACE}
_PARTS = ("lines",)

#: The words in which handlers say what they wait for (CauseMissing); anything else there comes from an event.
_WORDS = frozenset((
    "a", "an", "and", "consignment", "for", "grant", "its", "line", "lot", "of", "or", "outlet", "output", "product",
    "receipt", "register", "return", "sale", "the", "version", "withdrawal", "workshop",
))  # fmt: skip


def redact(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event as an operator sees it: attributes and `data` as far as they are listed, `hidden` values left out."""
    seen, _ = _part(event, _ENVELOPE)
    data, hidden = _part(event.get("data"), _DATA)
    return seen | {"data": data, "hidden": hidden}


def redact_cause(waiting_for: str) -> str:
    """What a parked event waits for, in our handlers' own words; everything but ids and counters becomes `…`."""
    return " ".join(
        word if word in _WORDS or _ID.fullmatch(word) or _COUNTER.fullmatch(word) else "…"
        for word in waiting_for.split()
    )


def _part(values: Any, shapes: Mapping[str, re.Pattern[str]]) -> tuple[dict[str, Any], int]:
    """The members that are shown, and how many are not."""
    seen: dict[str, Any] = {}
    hidden = 0
    for name, value in values.items() if isinstance(values, Mapping) else ():
        if name in _PARTS and isinstance(value, list):
            parts = [_part(one, shapes) for one in value]
            seen[name] = [part for part, _ in parts]
            hidden += sum(count for _, count in parts)
        elif name in shapes and _fits(value, shapes[name]):
            seen[name] = value
        else:
            hidden += 1
    return seen, hidden


def _fits(value: Any, shape: re.Pattern[str]) -> bool:
    if value is None:
        return True
    if shape is _COUNTER:
        return isinstance(value, int) and not isinstance(value, bool) and _COUNTER.fullmatch(str(value)) is not None
    return isinstance(value, str) and shape.fullmatch(value) is not None and _WORKER_REF.fullmatch(value) is None
