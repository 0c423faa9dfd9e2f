"""`docs/events.md`, made from the contracts themselves and their golden payloads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from shared.events.base import Event, json_schema
from shared.events.subscribers import SUBSCRIBERS

_GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "contracts" / "golden"

_HEAD = """# Events

Made from `shared/events/` and `tests/contracts/golden/` by `./lapak docs`; do not edit.

Each travels as CloudEvents 1.0 in structured JSON: `specversion, id, source, type, subject, time, datacontenttype,
sequence, traceparent, data`. Below is `data`, with an example that every reader of this version understands
for ever. A published version only grows by optional fields; readers ignore fields that they do not know.

| event | announced by | received by | about |
|---|---|---|---|
"""

#: What a field means. One name means one thing in all events; where not, `Event.field` says what it means there.
MEANING: Final[dict[str, str]] = {
    "active": "Whether it is still made and sold.",
    "amount": "What the line costs: half-up(quantity × unit_price) − discount.",
    "basis": "What the grant stands on.",
    "category": "Kind of goods.",
    "closes_on": "Last day of a temporary outlet; null: stays.",
    "consignment_id": "The consignment that the receipt belongs to.",
    "delta": "Change of what the outlet has of the lot: above 0 more, below 0 less.",
    "discount": "Taken off the line.",
    "effective": "First day on which the reference no longer holds.",
    "en": "In English.",
    "effective_at": "When it happened, as far as that can be told: the device's clock may have been wrong.",
    "expires_at": "When the token would have ended by itself; until then the revocation is kept.",
    "expires_on": "Last day of sale; null: keeps.",
    "good": "Good pieces.",
    "id": "In Indonesian.",
    "jti": "Id of the token.",
    "kind": "permanent or temporary.",
    "line_id": "The line of the sale.",
    "lines": "One per product and lot.",
    "list_price": "Price where no other is set.",
    "lot": "Lot number: the goods of one accepted output.",
    "made_on": "Day of production.",
    "makers": "Who made it; nobody outside the wall receives this event.",
    "material_cost": "Material in one unit.",
    "move_id": "Id of the move; the same move twice is one move.",
    "name": "What people call it.",
    "opens_on": "First day of a temporary outlet; null: open already.",
    "outlet": "Code of the outlet.",
    "output_id": "Id of the output.",
    "quantity": "How many units.",
    "reason_code": "Why; a code, never free text.",
    "recalled_at": "Sales from this moment on open a work item.",
    "receipt_id": "Id of the receipt.",
    "received_at": "When the outlet counted it.",
    "reference": "Id of the certificate or attestation; grant and withdrawal meet by it.",
    "register": "Code of the register.",
    "register_no": "Number of the sale at its register, from 1 without gaps.",
    "rejected": "Pieces that staff rejected.",
    "restock": "Whether the goods went back on the shelf; else they are scrap.",
    "return_id": "Id of the return.",
    "returned_at": "When the goods came back, by the device's clock.",
    "sale_id": "Id of the sale.",
    "share_bp": "Share of the output in basis points; an output's shares total 10,000.",
    "shelf_life_days": "Days of sale after production; null: keeps.",
    "skill": "Code of the skill.",
    "sku": "Code of the product.",
    "sold_at": "When it was sold, by the device's clock.",
    "total": "Sum of the lines' amounts.",
    "unit": "What one of it is called.",
    "unit_price": "Price of one unit at the moment of sale.",
    "valid_from": "First day on which the skill is held.",
    "valid_until": "Last day on which the skill is held; null: until withdrawn.",
    "version": "Counts the changes of the thing; the highest wins.",
    "worker_ref": "Random reference of a resident; inside the wall only.",
    "workshop": "Code of the workshop.",
    "OutletOpened.name": "What people call the outlet.",
    "ReceivedLine.lot": "Lot number; null when nobody knows it.",
    "ReturnedLine.amount": "What was refunded for the line.",
    "ReturnedLine.line_id": "The sold line that comes back; a return may name it twice (a part stale, a part broken).",
    "ReturnedLine.lot": "Lot number; null when nobody knows it.",
    "SoldLine.lot": "Lot number; null when nobody knows it yet.",
}


def meaning(owner: str, field: str) -> str:
    """What a field of an event or of a part means. Raises KeyError when nobody has said it."""
    return MEANING.get(f"{owner}.{field}") or MEANING[field]


def _fields(owner: str, definitions: dict[str, Any], indent: str = "") -> Iterator[str]:
    schema = definitions[owner]
    for name, field in schema["properties"].items():
        needed = "" if name in schema.get("required", ()) else ", optional"
        yield f"{indent}- `{name}`: {_type(field, definitions)}{needed}. {meaning(owner, name)}"
        inner = field.get("items", field).get("$ref")
        if inner:
            yield from _fields(inner.rpartition("/")[2], definitions, indent + "  ")


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(part, definitions) for part in field["anyOf"])
    if "$ref" in field:
        return "object"
    if "enum" in field:
        return " | ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "array":
        return f"list of {_type(field['items'], definitions)}s"
    plain = str(field.get("format", field["type"]))
    pattern = field.get("pattern")
    return f"{plain} `{pattern}`" if pattern else plain


def _section(event: type[Event], consumers: tuple[str, ...]) -> Iterator[str]:
    yield f"\n## {event.type_name()}\n"
    yield f"{(event.__doc__ or '').strip()} Subject: `{event.SUBJECT}`. {event.SOURCE} → {', '.join(consumers)}.\n"
    yield from _fields(event.__name__, json_schema(event)["$defs"])
    golden = json.loads((_GOLDEN / f"{event.type_name()}.json").read_text(encoding="utf-8"))
    yield f"\n```json\n{json.dumps(golden['data'], indent=2, ensure_ascii=False)}\n```"


def render() -> str:
    """The page, always the same for the same contracts. Raises KeyError for a field whose meaning nobody has said."""
    rows = [
        f"| [{event.__name__}](#{event.type_name().lower().replace('.', '')}) | {event.SOURCE} | {', '.join(names)} |"
        f" {(event.__doc__ or '').strip().partition('.')[0]} |"
        for event, names in SUBSCRIBERS.items()
    ]
    sections = [line for event, names in SUBSCRIBERS.items() for line in _section(event, names)]
    return _HEAD + "\n".join(rows + sections) + "\n"
