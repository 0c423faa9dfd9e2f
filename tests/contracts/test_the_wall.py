"""Nothing that identifies a person crosses to the city side: the fields of events to sales, written by hand (P33)."""

from __future__ import annotations

from typing import Any

from shared.events import json_schema
from shared.events.subscribers import SUBSCRIBERS

TO_SALES = {
    "ProductPublished": {
        "sku", "version", "name.id", "name.en", "workshop", "category", "unit", "list_price", "material_cost",
        "shelf_life_days", "active",
    },
    "LotCreated": {"lot", "sku", "workshop", "made_on", "expires_on"},
    "ConsignmentReceived": {
        "receipt_id", "consignment_id", "outlet", "lines.sku", "lines.lot", "lines.good", "received_at",
    },
    "StockMoved": {"move_id", "outlet", "sku", "lot", "delta", "reason_code"},
    "LotRecalled": {"lot", "sku", "reason_code", "recalled_at"},
}  # fmt: skip
INSIDE_ONLY = {"OutputAccepted", "SkillGranted", "SkillWithdrawn"}


def _leaves(schema: dict[str, Any], definitions: dict[str, Any], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name, field in schema["properties"].items():
        reference = field.get("items", field).get("$ref")
        if reference:
            found |= _leaves(definitions[reference.rpartition("/")[2]], definitions, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


def test_events_to_sales_carry_exactly_the_fields_written_here() -> None:
    crossing = {}
    for event, consumers in SUBSCRIBERS.items():
        if "sales" in consumers:
            definitions = json_schema(event)["$defs"]
            crossing[event.__name__] = _leaves(definitions[event.__name__], definitions)
    assert crossing == TO_SALES


def test_events_that_name_a_maker_stay_inside() -> None:
    for event, consumers in SUBSCRIBERS.items():
        definitions = json_schema(event)["$defs"]
        leaves = _leaves(definitions[event.__name__], definitions)
        names_somebody = any("worker_ref" in leaf for leaf in leaves)
        assert names_somebody == (event.__name__ in INSIDE_ONLY)
        assert not (names_somebody and "sales" in consumers)
